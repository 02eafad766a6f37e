"""The tiers that orders under other attribution rules would get, as `actions/decide_tiers.py` would decide them.

A tier depends on what the place sold before; so what a replay that is only computed moved so far is put over the books.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from offerwell.models import PayoutRules, Workspace
from offerwell.queries.tier_standings import months_begin, sold_around
from offerwell.rules.pay_tiers import Standing, tiers_decided

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from offerwell.rules.pay_tiers import Sold, Tiers


@dataclass(frozen=True, slots=True)
class AskedTier:
    """An order that would come to a place in an offer whose rules have tiers then."""

    order_id: int
    member_id: int
    enrollment_id: int
    placed_at: datetime
    tiers: Tiers


@dataclass(slots=True)
class MovedSales:
    """What a replay moved so far to and from places in offers with tiers; the `pk` of each `Sold` is the order's id.

    It grows with the orders moved there, not with all orders.
    """

    offers: frozenset[int]
    orders: set[int] = field(default_factory=set)
    taken: dict[int, list[Sold]] = field(default_factory=lambda: defaultdict(list))
    given: dict[int, list[Sold]] = field(default_factory=lambda: defaultdict(list))

    def note(self, before: Sold | None, after: Sold | None) -> None:
        """An order's sale as stored, and as the replay leaves it; None: its place has no tiers, or it has none."""
        for sold, into in ((before, self.taken), (after, self.given)):
            if sold is not None:
                into[sold.enrollment_id].append(sold)
                self.orders.add(sold.order_id)

    def decided(self, asked: Sequence[AskedTier], workspace_id: int) -> dict[int, int]:
        """Order → tier. Three statements, or none at all. Whatever the batch moves has to be noted before."""
        if not asked:
            return {}
        zone = ZoneInfo(Workspace.objects.values_list("timezone", flat=True).get(pk=workspace_id))
        stored, before = sold_around(asked, zone)
        since = months_begin(asked, zone)
        places = {one.enrollment_id for one in asked}
        sold = [replace(one, pk=one.order_id) for one in stored if one.order_id not in self.orders]
        sold += [one for place in places for one in self.given[place] if one.placed_at >= since]
        for place in places:
            for rows, sign in ((self.taken[place], -1), (self.given[place], 1)):
                standing = before.setdefault(place, Standing())
                for one in rows:
                    if one.counts and one.placed_at < since:
                        standing.add(one.currency, sign * one.sales, sign)
        return tiers_decided({one.order_id: one.tiers for one in asked}, sold, before, zone)


def moved_sales() -> MovedSales:
    """Nothing moved yet. One statement."""
    offers = PayoutRules.objects.exclude(tiers={}).order_by().values_list("option__offer_id", flat=True)
    return MovedSales(frozenset(offers.distinct()))
