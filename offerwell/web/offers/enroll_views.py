"""Add members to an offer: tick them, take all that match, or paste a list; see the count; add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from offerwell.actions.enroll_members import OfferArchived, enroll_members
from offerwell.models import Offer
from offerwell.queries.enrollable_members import PastedMembers, members_in_lines, who_would_join
from offerwell.queries.member_list import enrolled_among
from offerwell.queries.members import newest_member_id
from offerwell.queries.offer_member_page import newest_enrollment
from offerwell.rules.permissions import Action
from offerwell.rules.selection import Crowd, InvalidSelection, MemberSelection, Within
from offerwell.ui.selection_form import filter_fields, selection_from
from offerwell.web.members.member_screen import member_picker
from offerwell.web.needs import BrandRequest, actor_of, needs

if TYPE_CHECKING:
    from django.http import HttpResponse, QueryDict

MOST_LINES = 5_000
NOBODY_PASTED = PastedMembers((), ())


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whom the form means, with the lines that name nobody when the list was pasted."""

    selection: MemberSelection
    pasted: PastedMembers = NOBODY_PASTED


class PasteRefused(Exception):
    """No pasted line names a member."""

    def __init__(self, sentence: str, pasted: PastedMembers = NOBODY_PASTED) -> None:
        super().__init__(sentence)
        self.pasted = pasted


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_OFFERS)
def offer_enroll(request: BrandRequest, offer_id: int) -> HttpResponse:
    """Choose, then look at the count, then add."""
    offer = get_object_or_404(Offer, pk=offer_id)
    if request.method != "POST":
        return _list(request, offer, request.GET)
    try:
        chosen = chosen_from(request.POST)
    except InvalidSelection as refused:
        return _list(request, offer, request.POST, refusal=str(refused), status=422)
    except PasteRefused as refused:
        return _list(request, offer, request.POST, paste_refusal=str(refused), bad=refused.pasted.bad, status=422)
    if request.POST.get("step") != "add":
        return _preview(request, offer, chosen)
    return _add(request, offer, chosen)


def chosen_from(fields: QueryDict) -> Chosen:
    """Whom the ticks or the pasted lines of a form mean. Raises InvalidSelection, PasteRefused."""
    if "pasted" not in fields:
        return Chosen(selection_from(fields, newest=newest_member_id(), within=Within(Crowd.WORKSPACE)))
    lines = fields["pasted"].replace("\x00", "").splitlines()
    if len(lines) > MOST_LINES:
        raise PasteRefused(f"That is {len(lines):,} lines. Paste at most {MOST_LINES:,} at a time.")
    pasted = members_in_lines(lines)
    if not pasted.ids:
        sentence = "No line names a member." if pasted.bad else "Paste one e-mail or handle per line."
        raise PasteRefused(sentence, pasted)
    return Chosen(MemberSelection(ids=pasted.ids), pasted)


def _list(request: BrandRequest, offer: Offer, fields: QueryDict, *, status: int = 200, **said: object) -> HttpResponse:
    screen = member_picker(fields, f"{request.user.pk}-enroll-{offer.pk}-{newest_enrollment(offer)}")
    inside = enrolled_among(offer, [row.member.pk for row in screen["page"].rows])
    shown = {**screen, "offer": offer, "inside": inside, **said}
    return render(request, "web/offers/enroll.html", shown, status=status)


def _preview(request: BrandRequest, offer: Offer, chosen: Chosen) -> HttpResponse:
    selection = chosen.selection
    shown = {
        "offer": offer,
        "joining": who_would_join(offer, selection),
        "bad": chosen.pasted.bad,
        "ids": ",".join(map(str, selection.ids or ())),
        "is_all": selection.filter is not None,
        "filter_fields": filter_fields(selection.filter) if selection.filter else {},
        "exclude": ",".join(map(str, selection.exclude)),
        "up_to": selection.within and selection.within.up_to,
    }
    return render(request, "web/offers/enroll_preview.html", shown)


def _add(request: BrandRequest, offer: Offer, chosen: Chosen) -> HttpResponse:
    try:
        enrolled = enroll_members(
            workspace_id=request.place.workspace_id, offer=offer, selection=chosen.selection,
            by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except OfferArchived as refused:
        return _list(request, offer, request.POST, refusal=str(refused), status=422)
    members = "1 member" if enrolled.added == 1 else f"{enrolled.added:,} members"
    messages.success(request, f"{members} added to {offer.name}.")
    return HttpResponseRedirect(reverse("offer_generate", args=[offer.pk]))
