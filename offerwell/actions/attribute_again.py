"""Decide again whose orders are, after something that decides came late: clicks, or a code's history by an import.

The rules stay those each order came in under, unless others are applied to it; the ledger gets the differences.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.attribute_order import credit_orders, decide
from offerwell.actions.fold_sales import folded_sales
from offerwell.actions.post_commission import post_commission
from offerwell.actions.record_order import BATCH
from offerwell.models import Order, lock_workspace
from offerwell.models.id_list import among, id_rows
from offerwell.models.json_rows import update_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from offerwell.rules.attribution import AttributionPolicy

_DECIDED = ("first", "window_days", "decided_by", "candidates")
_decided = attrgetter(*_DECIDED)
BY_RULES = "rules"
"""The cause of what the ledger gets when other attribution rules are applied."""


def attribute_again(
    *, workspace_id: int, order_ids: Sequence[int], at: datetime, rules: AttributionPolicy | None = None
) -> int:
    """Decide these orders anew, at most BATCH; by `rules`, which then stay with them. Gives the number of postings."""
    if len(order_ids) > BATCH:
        raise ValueError(f"attribute_again takes {BATCH} orders at most, not {len(order_ids)}")
    with transaction.atomic():
        lock_workspace(workspace_id)
        orders = list(Order.objects.filter(among(order_ids)).order_by("pk"))
        if rules is not None:
            for order in orders:
                order.first, order.window_days = str(rules.first), rules.window_days
        with folded_sales(workspace_id, orders, [order.pk for order in orders]):
            decide(orders)
            update_rows(Order, _DECIDED, [(order.pk, _decided(order)) for order in orders])
            credit_orders(orders)
            return post_commission(orders=orders, at=at, cause=BY_RULES if rules else "")


def keep_under(rules: AttributionPolicy, order_ids: Sequence[int]) -> None:
    """Have other rules stay with orders that they decide as the former did. Inside the caller's transaction."""
    now = {"first": str(rules.first), "window_days": rules.window_days}
    Order.objects.filter(pk__in=id_rows(order_ids)).exclude(**now).update(**now)
