"""Take in what a store says of its orders: the newest snapshot of each, whose it is, and what has to be posted.

Idempotent: a snapshot that is not newer than what stands changes nothing, so copies, shuffles and losses that are made
good later come to the same. One transaction for a batch; no event for each order, which is a store's fact, not a
person's act.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.attribute_order import credit_orders, decide
from offerwell.actions.fold_sales import folded_sales
from offerwell.actions.post_commission import post_commission
from offerwell.actions.set_attribution_rules import attribution_rules
from offerwell.models import Member, Order, OrderLine, lock_workspace
from offerwell.models.id_list import id_rows
from offerwell.models.json_rows import insert_objects, insert_rows, text_rows, update_rows
from offerwell.rules.order_snapshot import storable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from offerwell.models import Store
    from offerwell.rules.order_snapshot import OrderSnapshot

BATCH = 1_000
_TOLD = (
    "name", "placed_at", "version", "read_at", "currency", "net", "refunded", "cancelled_at", "is_test",
    "is_returning", "codes", "click_ids", "buyer_member_id", "decided_by", "candidates",
    "is_unconfirmed",
)  # fmt: skip
_LINE = (
    "workspace_id", "order_id", "position", "ref", "title", "product_ref", "quantity", "kept", "net", "refunded",
)  # fmt: skip
_told = attrgetter(*_TOLD)
_LONGEST_NAME, _LONGEST_TITLE = 60, 200


def record_orders(*, store: Store, snapshots: Iterable[OrderSnapshot], read_at: datetime, at: datetime) -> int:
    """Take in the snapshots, as read at `read_at`. Gives how many were newer than what was known.

    At most BATCH at once, so that memory and the time that writers wait stay bounded; callers cut.
    """
    newest = _newest(snapshots)
    if len(newest) > BATCH:
        raise ValueError(f"record_orders takes {BATCH} orders at most, not {len(newest)}")
    with transaction.atomic():
        lock_workspace(store.workspace_id)
        known = _known(store, newest)
        fresh = [one for one in newest if _is_fresher(one, known.get(one.ref), read_at)]
        if fresh:
            ids = [known[one.ref][0] for one in fresh if one.ref in known]
            _take_in(store, fresh, ids, read_at=read_at, at=at)
    return len(fresh)


def _is_fresher(one: OrderSnapshot, known: tuple[int, int, datetime] | None, read_at: datetime) -> bool:
    """Stores tell the time of a change in whole seconds: of two reads of the same version the later one is right."""
    return known is None or (one.version, read_at) > known[1:]


def _known(store: Store, snapshots: Sequence[OrderSnapshot]) -> dict[str, tuple[int, int, datetime]]:
    """Ref → id, version and when it was read."""
    found = Order.objects.filter(store=store, ref__in=text_rows(one.ref for one in snapshots))
    return {ref: (pk, version, at) for ref, pk, version, at in found.values_list("ref", "pk", "version", "read_at")}


def _take_in(
    store: Store, fresh: Sequence[OrderSnapshot], known_ids: Sequence[int], *, read_at: datetime, at: datetime
) -> None:
    known = {order.ref: order for order in Order.objects.filter(pk__in=id_rows(known_ids))} if known_ids else {}
    orders: list[Order] = []
    with folded_sales(store.workspace_id, orders, known_ids):
        orders += _saved(store, fresh, known, read_at=read_at, at=at)
        credit_orders(orders)
        post_commission(orders=orders, at=at)


def _newest(snapshots: Iterable[OrderSnapshot]) -> list[OrderSnapshot]:
    """One of each order; of two with the same version the later in the list."""
    found: dict[str, OrderSnapshot] = {}
    for one in map(storable, snapshots):
        if one.ref not in found or one.version >= found[one.ref].version:
            found[one.ref] = one
    return list(found.values())


def _saved(
    store: Store, snapshots: Sequence[OrderSnapshot], known: Mapping[str, Order], *, read_at: datetime, at: datetime
) -> list[Order]:
    rules, buyers = attribution_rules(), _members_by_email({one.buyer_email for one in snapshots})
    orders = []
    for one in snapshots:
        order = known.get(one.ref) or Order(
            workspace_id=store.workspace_id, store=store, ref=one.ref, taken_at=at, first=str(rules.first),
            window_days=rules.window_days,
        )  # fmt: skip
        _tell(order, one, read_at)
        order.is_unconfirmed = one.is_unconfirmed and not rules.trusts_browsers
        order.buyer_member_id = buyers.get(_email_key(one.buyer_email)) or order.buyer_member_id
        orders.append(order)
    decide(orders)
    _write_new(store, [order for order in orders if order.pk is None])
    _write_known(list(known.values()))
    _write_lines(orders, snapshots)
    return orders


def _tell(order: Order, one: OrderSnapshot, read_at: datetime) -> None:
    order.name, order.placed_at, order.version, order.read_at = (
        one.name[:_LONGEST_NAME], one.placed_at, one.version, read_at,
    )  # fmt: skip
    order.currency, order.net, order.refunded = one.currency, one.net, one.refunded
    order.cancelled_at, order.is_test, order.is_returning = one.cancelled_at, one.is_test, one.is_returning
    order.codes, order.click_ids = list(one.codes), list(one.click_ids)


def _members_by_email(emails: set[str]) -> dict[str, int]:
    keys = {_email_key(email) for email in emails} - {""}
    if not keys:
        return {}
    found = Member.objects.filter(email_key__in=text_rows(keys))
    return dict(found.order_by("-pk").values_list("email_key", "pk"))


def _email_key(email: str) -> str:
    return email.strip().lower()


def _write_new(store: Store, orders: Sequence[Order]) -> None:
    """Their ids are looked up by the store's."""
    insert_objects(orders)
    if orders:
        rows = Order.objects.filter(store=store, ref__in=text_rows(order.ref for order in orders))
        ids = dict(rows.values_list("ref", "pk"))
        for order in orders:
            order.pk = ids[order.ref]


def _write_known(orders: Sequence[Order]) -> None:
    """What is known gets the new snapshot, and keeps the rules of its first day. Its lines are written anew."""
    update_rows(Order, _TOLD, [(order.pk, told) for order, told in zip(orders, map(_told, orders), strict=True)])
    if orders:
        OrderLine.objects.filter(order__in=id_rows(order.pk for order in orders)).delete()


def _write_lines(orders: Sequence[Order], snapshots: Sequence[OrderSnapshot]) -> None:
    rows = [
        (
            order.workspace_id, order.pk, position, line.ref, line.title[:_LONGEST_TITLE], line.product_ref,
            line.quantity, line.kept, line.net, line.refunded,
        )
        for order, one in zip(orders, snapshots, strict=True)
        for position, line in enumerate(one.lines)
    ]  # fmt: skip
    insert_rows(OrderLine, _LINE, rows)
