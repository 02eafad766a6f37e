"""A few weeks of orders in which one code has got around: the leak radar of the demo has something to show."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from offerwell.actions.record_order import record_orders
from offerwell.actions.score_leaks import score_leaks
from offerwell.models import PromoCode
from offerwell.rules.order_snapshot import LineSnapshot, OrderSnapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from offerwell.models import Offer, Store

_USUAL, _CODES = 22, 4
_LEAKED = 64


def leak_a_code(*, workspace_id: int, offer: Offer, store: Store, at: datetime) -> None:
    """Orders of five codes; those of the first are many, of the last days, and came without a click."""
    codes = list(PromoCode.objects.filter(offer=offer, is_active=True).order_by("pk")[31 : 31 + 1 + _CODES])
    if len(codes) <= _CODES:
        return
    orders = list(_orders([code.text for code in codes], at))
    record_orders(store=store, snapshots=orders, read_at=at, at=at)
    score_leaks(workspace_id=workspace_id, at=at)


def _orders(texts: list[str], at: datetime) -> Iterator[OrderSnapshot]:
    leaked, *others = texts
    for number in range(_LEAKED):
        days = number % 6 if number % 3 else 8 + number % 20
        yield _order(f"A{1000 + number}", leaked, at - timedelta(days=days, hours=1 + number % 9))
    for number in range(_USUAL * len(others)):
        days = 1 + number * 13 % 28
        clicked = (str(UUID(int=number + 1)),) if number // len(others) % 4 else ()
        yield _order(f"B{1000 + number}", others[number % len(others)], at - timedelta(days=days), clicked)


def _order(name: str, code: str, placed_at: datetime, clicked: tuple[str, ...] = ()) -> OrderSnapshot:
    lines = (LineSnapshot("1", "Summer serum", 1, 1, 4_200),)
    return OrderSnapshot(
        ref=f"story-{name}", name=f"#{name}", placed_at=placed_at, updated_at=placed_at, currency="USD", lines=lines,
        codes=(code,), click_ids=clicked,
    )  # fmt: skip
