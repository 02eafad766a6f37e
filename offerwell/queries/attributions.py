"""Whose are these orders? The history of code texts and the clicks, put before the rule: two reads for all of them."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from offerwell.models import CodeHistory
from offerwell.models.json_rows import text_rows
from offerwell.queries.order_clicks import clicks_of
from offerwell.rules.attribution import AttributionPolicy, CodeOwner, First, OrderFacts, attributed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from offerwell.rules.attribution import Attribution


class Attributable(Protocol):
    """What of an order decides. An `Order`, which may be unsaved, or a row of one."""

    store_id: int
    ref: str
    placed_at: datetime
    codes: list[str]
    click_ids: list[str]
    net: int
    currency: str
    first: str
    window_days: int


def attributions_of(orders: Sequence[Attributable]) -> list[Attribution]:
    """Each order's attribution, by the rules it names, in the same order."""
    keys = [keys_of(order.codes) for order in orders]
    owners = _owners({key for ones in keys for key in ones})
    clicks = clicks_of(orders)
    return [
        attributed(
            OrderFacts(order.placed_at, ones),
            [owner for key in dict.fromkeys(ones) for owner in owners.get(key, ())],
            clicks.get((order.store_id, order.ref), ()),
            _policy(order.first, order.window_days),
        )
        for order, ones in zip(orders, keys, strict=True)
    ]


@lru_cache(maxsize=64)
def _policy(first: str, window_days: int) -> AttributionPolicy:
    return AttributionPolicy(First(first), window_days)


def keys_of(codes: Iterable[str]) -> tuple[str, ...]:
    """The codes on an order as the history of code texts has them."""
    return tuple(text.strip().upper() for text in codes)


def _owners(keys: set[str]) -> dict[str, list[CodeOwner]]:
    found: dict[str, list[CodeOwner]] = defaultdict(list)
    if keys:
        entries = CodeHistory.objects.filter(text_key__in=text_rows(keys))
        columns = ("pk", "text_key", "member_id", "code__enrollment_id", "from_at", "until_at")
        for row in entries.values_list(*columns):
            found[row[1]].append(CodeOwner(*row))
    return found
