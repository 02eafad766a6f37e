"""One member in an offer: each code in each store, why it is as it is, and asking a store again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from offerwell.actions.retry_in_store import retry_in_store
from offerwell.models import Enrollment, Store
from offerwell.queries.member_in_offer import member_in_offer
from offerwell.rules.permissions import Action, may
from offerwell.ui.paging import number_from
from offerwell.web.needs import BrandRequest, actor_of, needs

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_safe
@needs(Action.VIEW)
def offer_member(request: BrandRequest, offer_id: int, enrollment_id: int) -> HttpResponse:
    """The member's codes and links in this offer."""
    found = _enrollment(offer_id, enrollment_id)
    shown = {
        "offer": found.offer,
        "member": found.member,
        "seen": member_in_offer(found, at=timezone.now()),
        "may_change": may(request.place.role, Action.CHANGE_OFFER_STATUS),
    }
    return render(request, "web/sales_tracking/member.html", shown)


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
