"""One member in an offer: each code in each store, why it is as it is, and asking a store again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from offerwell.actions.make_deep_link import DeepLinkRefused, make_deep_link
from offerwell.actions.retry_in_store import retry_in_store
from offerwell.actions.set_code_dates import DatesRefused, set_code_dates
from offerwell.models import Enrollment, Store
from offerwell.queries.member_in_offer import member_in_offer
from offerwell.queries.sales_links import link_base
from offerwell.rules.permissions import Action, may
from offerwell.rules.redirect import link_address
from offerwell.rules.selection import MemberSelection
from offerwell.rules.web_address import allowed_domains
from offerwell.ui.paging import number_from
from offerwell.web.needs import BrandRequest, actor_of, needs
from offerwell.web.sales_tracking.own_dates import OwnDatesForm, own_dates_of

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_safe
@needs(Action.VIEW)
def offer_member(request: BrandRequest, offer_id: int, enrollment_id: int) -> HttpResponse:
    """The member's codes and links in this offer."""
    found = _enrollment(offer_id, enrollment_id)
    return _shown(request, found, OwnDatesForm(initial=own_dates_of(found), zone=_zone(request)))


@require_POST
@needs(Action.EDIT_OFFERS)
def offer_member_dates(request: BrandRequest, offer_id: int, enrollment_id: int) -> HttpResponse:
    """Give the member's codes in this offer dates of their own, or the offer's again."""
    found = _enrollment(offer_id, enrollment_id)
    form = OwnDatesForm(request.POST, zone=_zone(request))
    if not form.is_valid():
        return _shown(request, found, form, status=422)
    try:
        changed = set_code_dates(
            workspace_id=request.place.workspace_id, offer=found.offer,
            selection=MemberSelection(ids=(found.member_id,)), dates=form.dates(), by=actor_of(request),
            at=timezone.now(),
        )  # fmt: skip
    except DatesRefused as refused:
        form.add_error("ends_at", str(refused))
        return _shown(request, found, form, status=422)
    if changed:
        messages.success(request, f"Dates saved for {changed} code{'' if changed == 1 else 's'}. The stores follow.")
    else:
        messages.info(request, "The codes have these dates already.")
    return HttpResponseRedirect(reverse("offer_member", args=[offer_id, enrollment_id]))


def _zone(request: BrandRequest) -> str:
    return request.place.workspace.timezone


@require_POST
@needs(Action.EDIT_OFFERS)
def offer_member_deep_link(request: BrandRequest, offer_id: int, enrollment_id: int) -> HttpResponse:
    """Make a link of this member to one page."""
    found = _enrollment(offer_id, enrollment_id)
    page = request.POST.get("page", "")
    try:
        made = make_deep_link(enrollment=found, page=page, by=actor_of(request), at=timezone.now())
    except DeepLinkRefused as refused:
        form = OwnDatesForm(initial=own_dates_of(found), zone=_zone(request))
        return _shown(request, found, form, status=422, page=page, page_problem=str(refused))
    messages.success(request, f"{found.member.name} has the link {link_address(link_base(), made.slug)}.")
    return HttpResponseRedirect(reverse("offer_member", args=[offer_id, enrollment_id]))


def _shown(
    request: BrandRequest, found: Enrollment, form: OwnDatesForm, *, status: int = 200, page: str = "",
    page_problem: str = "",
) -> HttpResponse:  # fmt: skip
    shown = {
        "offer": found.offer,
        "member": found.member,
        "seen": member_in_offer(found, at=timezone.now()),
        "form": form,
        "zone": _zone(request),
        "page": page,
        "page_problem": page_problem,
        "domains": sorted(allowed_domains(found.offer.destination, found.offer.extra_domains)),
        "may_change": may(request.place.role, Action.CHANGE_OFFER_STATUS),
        "may_edit": may(request.place.role, Action.EDIT_OFFERS),
    }
    return render(request, "web/sales_tracking/member.html", shown, status=status)


@require_POST
@needs(Action.CHANGE_OFFER_STATUS)
def offer_member_retry(request: BrandRequest, offer_id: int, enrollment_id: int) -> HttpResponse:
    """Ask one store again for what it did not take of this member."""
    found = _enrollment(offer_id, enrollment_id)
    store = get_object_or_404(Store, pk=number_from(request.POST.get("store")) or 0)
    asked = retry_in_store(
        workspace_id=request.place.workspace_id, store=store, enrollment=found, by=actor_of(request), at=timezone.now()
    )
    if asked:
        messages.success(request, f"{store.label} is asked again.")
    else:
        messages.info(request, f"Nothing to retry in {store.label}: it is not behind, or it is being asked right now.")
    return HttpResponseRedirect(reverse("offer_member", args=[offer_id, enrollment_id]))


def _enrollment(offer_id: int, enrollment_id: int) -> Enrollment:
    rows = Enrollment.objects.select_related("offer", "member", "payout_option")
    return get_object_or_404(rows, pk=enrollment_id, offer_id=offer_id)
