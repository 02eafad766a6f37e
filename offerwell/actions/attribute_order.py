"""Credit orders to the members that the attribution names: one conversion for an order, never two.

A snapshot that credits another member moves the conversion; one that credits nobody withdraws it. What a person said of
it stands as long as it is the same member's. Inside the transaction of whoever recorded the orders.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from offerwell.actions.decide_tiers import decide_tiers
from offerwell.models import Conversion, ConversionStatus
from offerwell.models.id_list import id_rows
from offerwell.models.json_rows import insert_objects, update_rows
from offerwell.queries.attributions import attributions_of
from offerwell.queries.payout_history import places_then
from offerwell.queries.payout_rules import rule_history

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from offerwell.models import Order
    from offerwell.queries.payout_history import PlaceThen
    from offerwell.queries.payout_rules import RuleHistory

SELF_ORDER = "The member placed this order."
ONLY_A_BROWSER = "Only a browser told of this order; the shop has not confirmed it yet."
_SAID = (
    "member_id", "enrollment_id", "offer_id", "payout_option_id", "rules_id", "tier", "way", "status",
    "rejected_reason", "judged_at", "judged_by", "placed_at", "currency", "sales",
)  # fmt: skip
_said = attrgetter(*_SAID)


def decide(orders: Sequence[Order]) -> None:
    """Set each order's reason and candidates. Saves nothing; orders may be new."""
    for order, decision in zip(orders, attributions_of(orders), strict=True):
        order.decided_by = str(decision.way)
        order.candidates = [
            {
                "way": str(one.way), "mark": one.mark, "member": one.member_id, "enrollment": one.enrollment_id,
                "at": one.at.isoformat(), "verdict": str(one.verdict),
            }
            for one in decision.candidates
        ]  # fmt: skip


def credit_orders(orders: Sequence[Order]) -> None:
    """Give each order's conversion its member, terms and status, as the order says now."""
    if not orders:
        return
    before = {row.order_id: row for row in Conversion.objects.filter(order__in=id_rows(order.pk for order in orders))}
    winners = {order.pk: winner for order in orders if (winner := _winner(order))}
    since = min(order.placed_at for order in orders)
    places = places_then({winner["enrollment"] for winner in winners.values()}, since=since)
    history = rule_history({option for place in places.values() for option in place.options})
    rows = [
        row
        for order in orders
        if (row := _conversion(order, before.get(order.pk), winners.get(order.pk), places, history))
    ]
    update_rows(Conversion, _SAID, [(row.pk, _said(row)) for row in rows if row.pk is not None])
    _write_new([row for row in rows if row.pk is None])
    decide_tiers(rows, history)


def _write_new(rows: Sequence[Conversion]) -> None:
    """Their ids are looked up by their orders'."""
    insert_objects(rows)
    if rows:
        found = Conversion.objects.filter(order__in=id_rows(row.order_id for row in rows))
        ids = dict(found.values_list("order_id", "pk"))
        for row in rows:
            row.pk = ids[row.order_id]


def _winner(order: Order) -> Mapping[str, int] | None:
    return next((one for one in order.candidates if one["verdict"] == "decides"), None)


def _conversion(
    order: Order, row: Conversion | None, winner: Mapping[str, int] | None, places: Mapping[int, PlaceThen],
    history: RuleHistory,
) -> Conversion | None:  # fmt: skip
    if winner is None:
        if row is None:
            return None
        row.status, row.sales = ConversionStatus.WITHDRAWN, 0
        return row
    if row is None:
        row = Conversion(workspace_id=order.workspace_id, order=order)
    if row.member_id != winner["member"]:
        row.member_id, row.rejected_reason, row.judged_at, row.judged_by = winner["member"], "", None, ""
    _promise(row, order, winner["enrollment"], places[winner["enrollment"]], history)
    row.way = order.decided_by
    row.placed_at, row.currency = order.placed_at, order.currency
    if row.judged_at is None:
        row.rejected_reason = _objection(order, row)
    settle(row, order)
    return row


def _objection(order: Order, row: Conversion) -> str:
    """What stands against it until a person accepts it; empty: nothing."""
    if order.buyer_member_id == row.member_id:
        return SELF_ORDER
    return ONLY_A_BROWSER if order.is_unconfirmed else ""


def _promise(row: Conversion, order: Order, enrollment_id: int, place: PlaceThen, history: RuleHistory) -> None:
    """The place, option and rules of the order's moment. A tier stays as long as they are the same."""
    option_id = place.option_at(order.placed_at)
    rules_id = history.at(option_id, order.placed_at).pk or None
    if (row.enrollment_id, row.rules_id) != (enrollment_id, rules_id):
        row.tier = None
    row.enrollment_id, row.offer_id = enrollment_id, place.offer_id
    row.payout_option_id, row.rules_id = option_id, rules_id


def settle(row: Conversion, order: Order) -> None:
    """The status and sales that follow from the order and from what was said of the conversion."""
    if order.cancelled_at is not None or order.is_test:
        row.status = ConversionStatus.WITHDRAWN
    else:
        row.status = ConversionStatus.REJECTED if row.rejected_reason else ConversionStatus.ACCEPTED
    row.sales = order.net - order.refunded if row.status == ConversionStatus.ACCEPTED else 0
