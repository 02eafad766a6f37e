"""Choose an offer: the step before the dialog where the offer is not known yet. From a project, or from a profile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from offerwell.actions.store_selection import store_selection
from offerwell.models import Member, Project, StoredSelection
from offerwell.queries.manageable_offers import manageable_in_project, manageable_of_member
from offerwell.queries.members import count_selected
from offerwell.queries.offer_list import offer_seen
from offerwell.queries.offer_member_page import newest_enrollment
from offerwell.queries.project_offers import shows_manage_offers
from offerwell.rules.permissions import Action
from offerwell.rules.selection import MemberSelection, selection_from_json
from offerwell.ui.paging import number_from
from offerwell.web.needs import BrandRequest, actor_of, needs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpResponse

    from offerwell.queries.manageable_offers import ManageableOffer

NOT_SHOWN = (
    "Manage Offers needs a sales tracking stage in the workflow (Promo Code, Sales Link or Sales Link + Promo Code) "
    "and at least one connected offer."
)
NOT_LISTED = "This offer is not in the list any more. Choose one of these."


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where a person comes from: what stands under the heading, whom they selected, where Cancel leads."""

    about: str
    selection: MemberSelection
    origin: str
    note: str
    nothing: str


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.CHANGE_OFFER_STATUS)
def manage_project_offers(request: BrandRequest, project_id: int, selection_id: int) -> HttpResponse:
    """The offers of the project that the selected members belong to; posted, the dialog with the chosen one."""
    project = get_object_or_404(Project, pk=project_id)
    own = StoredSelection.objects.filter(user=request.user, offer=None)
    stored = get_object_or_404(own, pk=selection_id, origin__startswith=reverse("project", args=[project_id]))
    selection = selection_from_json(stored.body)
    entrance = Entrance(
        project.name, selection, stored.origin,
        note="Offers connected to this project. Members who don’t belong to the offer you choose are excluded.",
        nothing="None of the selected members belongs to an offer that is connected to this project.",
    )  # fmt: skip
    if not shows_manage_offers(project):
        return _listed(request, entrance, [], refusal=NOT_SHOWN, status=409)
    return _answer(request, entrance, manageable_in_project(project, selection))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.CHANGE_OFFER_STATUS)
def manage_member_offers(request: BrandRequest, member_id: int) -> HttpResponse:
    """The active offers the member belongs to; posted, the dialog with the chosen one."""
    member = get_object_or_404(Member, pk=member_id)
    selection = MemberSelection(ids=(member.pk,))
    entrance = Entrance(
        member.name or "Member without a name", selection, reverse("member", args=[member.pk]),
        note="Active offers that this member belongs to.",
        nothing="This member belongs to no active offer.",
    )  # fmt: skip
    return _answer(request, entrance, manageable_of_member(member, selection, at=timezone.now()))


def _answer(request: BrandRequest, entrance: Entrance, found: Sequence[ManageableOffer]) -> HttpResponse:
    if request.method != "POST":
        return _listed(request, entrance, found)
    wanted = number_from(request.POST.get("offer"))
    chosen = next((row for row in found if row.offer.pk == wanted), None)
    if chosen is None:
        return _listed(request, entrance, found, refusal=NOT_LISTED, status=409)
    stored = store_selection(
        workspace_id=request.place.workspace_id, offer=chosen.offer,
        selection=replace(entrance.selection, up_to=newest_enrollment(chosen.offer)), by=actor_of(request),
        at=timezone.now(), origin=entrance.origin, chooser=request.path,
    )  # fmt: skip
    return HttpResponseRedirect(reverse("manage_offer", args=[chosen.offer.pk, stored.pk]))


def _listed(
    request: BrandRequest, entrance: Entrance, found: Sequence[ManageableOffer], *, refusal: str = "", status: int = 200
) -> HttpResponse:
    at = timezone.now()
    shown = {
        "entrance": entrance,
        "rows": [(row, offer_seen(row.offer, at=at)) for row in found],
        "selected": found[0].selected if found else count_selected(entrance.selection),
        "refusal": refusal,
    }
    template = "offers" if request.htmx else "offers_page"  # type: ignore[attr-defined]  django-htmx
    return render(request, f"web/manage_offers/{template}.html", shown, status=status)
