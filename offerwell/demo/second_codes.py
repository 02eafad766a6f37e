"""What generation does not make: a second code for a few members, and codes with a window of their own."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from offerwell.actions.send_codes_to_store import send_codes_to_store
from offerwell.models import CodeHistory, Enrollment, Offer, OfferStore, PromoCode
from offerwell.rules.search_text import enrollment_search_text

if TYPE_CHECKING:
    from datetime import datetime

_EVERY = 31
_OWN_END_EVERY = 25


def give_second_codes(offer: Offer, *, at: datetime) -> int:
    """Every 31st member of the offer gets one more code. Gives how many."""
    last = PromoCode.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    held = list(PromoCode.objects.filter(offer=offer).select_related("enrollment").order_by("pk")[::_EVERY])
    for code in held:
        _give(code, f"{code.text}VIP", at=at)
    for store_id in OfferStore.objects.filter(offer=offer).values_list("store_id", flat=True):
        send_codes_to_store(PromoCode.objects.filter(offer=offer, pk__gt=last), store_id, at=at)
    return len(held)


def _give(code: PromoCode, text: str, *, at: datetime) -> None:
    place = code.enrollment
    made = PromoCode.objects.create(
        workspace_id=code.workspace_id, offer_id=code.offer_id, enrollment=place, text=text, text_key=text,
        changed_at=at, created_at=at,
    )  # fmt: skip
    CodeHistory.objects.create(
        workspace_id=code.workspace_id,
        code=made,
        member_id=place.member_id,
        text=text,
        text_key=text,
        from_at=at,
    )
    searched = enrollment_search_text(place.search_text, [text])
    Enrollment.objects.filter(pk=place.pk).update(search_text=searched)


def plan_own_ends(offer: Offer, *, at: datetime) -> None:
    """Some of the first codes end before the offer does."""
    first = list(PromoCode.objects.filter(offer=offer).order_by("pk").values_list("pk", flat=True)[:1_000])
    PromoCode.objects.filter(pk__in=first[::_OWN_END_EVERY]).update(ends_at=at + timedelta(days=45))
