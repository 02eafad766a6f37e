"""The tier that a creator's next order in an offer would get, as `actions/decide_tiers.py` would decide it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from offerwell.queries.payout_rules import annotated_set
from offerwell.queries.replayed_tiers import AskedTier
from offerwell.queries.tier_standings import sold_around
from offerwell.rules.pay_rules import pay_text
from offerwell.rules.pay_tiers import Sold, sold_before, tier_now

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from offerwell.models import Enrollment
    from offerwell.rules.pay_tiers import Standing, TierNow, Tiers

# The place's next order has no conversion yet, and comes after all that have one.
_NEXT = 0
_AFTER_ALL = 2**63 - 1


def own_tier(place: Enrollment, *, at: datetime) -> TierNow | None:
    """Where the place, read `with_rules_now`, stands. Two statements; none where its option has no tiers.

    None also where tiers go by sales in a currency and the place sold in others alone: they would never move it.
    """
    option, tiers = place.payout_option, annotated_set(place).tiers
    if option is None or tiers is None:
        return None
    zone = ZoneInfo(place.workspace.timezone)
    asked = AskedTier(_AFTER_ALL, place.member_id, place.pk, at, tiers)
    sold, before = sold_around([asked], zone)
    if tiers.measure == "sales" and not _may_count(tiers, sold, before):
        return None
    sold.append(Sold(_NEXT, place.pk, _AFTER_ALL, at, tiers.currency, 0, counts=False))
    counted = sold_before({_NEXT: tiers}, sold, before, zone)[_NEXT]
    everything_else = pay_text(option.basis_points, option.amount, option.currency)
    return tier_now(tiers, counted, everything_else=everything_else, currency=option.currency)


def _may_count(tiers: Tiers, sold: Iterable[Sold], before: dict[int, Standing]) -> bool:
    currencies = {one.currency for one in sold if one.counts}
    currencies.update(*(one.sales for one in before.values()))
    return not currencies or tiers.currency in currencies
