"""Take in an order that a shop's own server tells: prove who signed it, record it, and only then say so.

The same state of an order again (shop, ref, `updated_at`) changes nothing: its time is also when it was read.
Source: trust §8 (T10, T11), ADR 24.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django_scopes import scope, scopes_disabled

from offerwell.actions.call_pace import count_call
from offerwell.actions.record_order import record_orders
from offerwell.models import OtherShop, Store
from offerwell.rules.signed_call import is_signed, is_timely
from offerwell.rules.told_order import OrderUnreadable, told_order

if TYPE_CHECKING:
    from datetime import datetime

# Compared against when nobody is known, so that strangers do not learn by the clock which shops there are.
_NOBODY = "no shop has this secret"
MOST_A_MINUTE = 600
NOTE_EVERY = timedelta(minutes=1)
LONGEST_WHY = 300


class CallRefused(Exception):
    """Not from the shop: which of key, signature and time is wrong is told only to the shop's own people."""


class ShopIsOff(Exception):
    """The store is switched off: nothing was recorded."""


@dataclass(frozen=True, slots=True)
class ToldOrder:
    """`is_new`: this state of the order was not known yet."""

    ref: str
    is_new: bool


def shop_with_key(key: str) -> OtherShop | None:
    """The shop of an address, of whichever workspace."""
    with scopes_disabled():
        found: OtherShop | None = OtherShop.objects.select_related("store__workspace").filter(key=key).first()
    return found


def take_in_told_order(*, key: str, timestamp: str, signature: str, body: bytes, at: datetime) -> ToldOrder:
    """Recorded durably when it returns. Raises CallRefused, TooManyCalls, ShopIsOff, OrderUnreadable: then nothing is.

    Only what is signed is counted: who knows the key alone cannot use up the shop's own calls.
    """
    shop = shop_with_key(key)
    secrets = _secrets(shop, at) if shop else (_NOBODY,)
    signed = is_signed(body, timestamp=timestamp, signature=signature, secrets=secrets)
    if shop is None or not signed or not is_timely(timestamp, at):
        if shop is not None:
            why = "The time it was signed is more than five minutes off." if signed else "The signature is wrong."
            _note_refusal(shop, why, at)
        raise CallRefused
    count_call(f"orders:{shop.pk}", most=MOST_A_MINUTE, now=at.timestamp())
    if not shop.store.is_on:
        raise ShopIsOff
    return _recorded(shop, body, at)


def _secrets(shop: OtherShop, at: datetime) -> tuple[str, ...]:
    is_kept = shop.previous_secret and shop.previous_secret_until is not None and at < shop.previous_secret_until
    return (shop.secret, shop.previous_secret) if is_kept else (shop.secret,)


def _recorded(shop: OtherShop, body: bytes, at: datetime) -> ToldOrder:
    try:
        snapshot = told_order(body, currency=shop.store.currency, now=at)
    except OrderUnreadable as odd:
        _note_refusal(shop, str(odd), at)
        raise
    with scope(workspace=shop.store.workspace):
        newer = record_orders(store=shop.store, snapshots=[snapshot], read_at=snapshot.updated_at, at=at)
        OtherShop.objects.filter(pk=shop.pk).update(heard_at=at)
        Store.objects.filter(pk=shop.store_id).update(last_answer_at=at)
    return ToldOrder(snapshot.ref, bool(newer))


def _note_refusal(shop: OtherShop, why: str, at: datetime) -> None:
    """For the person who looks at the store's page, and not more often than that."""
    with scopes_disabled():
        stale = OtherShop.objects.filter(Q(refused_at=None) | Q(refused_at__lt=at - NOTE_EVERY), pk=shop.pk)
        stale.update(refused_at=at, refused_why=why[:LONGEST_WHY])
