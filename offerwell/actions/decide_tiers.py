"""Give conversions the tier that their place had reached before them. Decided once; later orders never change it.

Inside the transaction of whoever credited the orders, after the conversions are written: those of one batch stand in
the same order of (moment of the order, order id) as all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from offerwell.models import Conversion, Workspace
from offerwell.models.json_rows import update_rows
from offerwell.queries.tier_standings import sold_around
from offerwell.rules.pay_tiers import tiers_decided

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offerwell.queries.payout_rules import RuleHistory


def decide_tiers(rows: Sequence[Conversion], history: RuleHistory) -> None:
    """Decide where a conversion's rules have tiers and none was decided. Four statements, or none at all."""
    sets = {one.pk: one.tiers for found in history.by_option.values() for one in found if one.tiers is not None}
    asked = [row for row in rows if row.tier is None and row.rules_id in sets]
    if not asked:
        return
    zone = ZoneInfo(Workspace.objects.values_list("timezone", flat=True).get(pk=asked[0].workspace_id))
    wanted = {row.pk: sets[row.rules_id] for row in asked if row.rules_id}
    decided = tiers_decided(wanted, *sold_around(asked, zone), zone)
    for row in asked:
        row.tier = decided[row.pk]
    update_rows(Conversion, ("tier",), [(row.pk, (row.tier,)) for row in asked])
