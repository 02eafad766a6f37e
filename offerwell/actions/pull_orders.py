"""Read a store's orders by their time of change, page by page: what webhooks did not say, and a back-fill on request.

Each page is one transaction with the place it ends at: killed at any moment, the reading goes on there. The next one
begins an hour before the last began, so lost webhooks cost an hour at most. Memory holds one page.

A store that sends no webhooks is looked at more often, and its newer credited orders are read again by themselves: a
refund there does not make an order a changed one.
"""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from offerwell.actions.read_orders import hint_orders, stores_that_answer
from offerwell.actions.record_event import record_event
from offerwell.actions.record_order import record_orders
from offerwell.actions.store_connection import open_store
from offerwell.integrations.store import OrderStore, StoreError
from offerwell.integrations.vendure.documents import ORDERS_PERMISSION
from offerwell.jobs import wake
from offerwell.models import APP_KINDS, Order, OrderPull, Store, StoreKind, lock_workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from offerwell.integrations.store import OrderPage
    from offerwell.rules.permissions import Actor

log = logging.getLogger("offerwell.orders")

SCOPE = "read_orders"
_READABLE = Q(kind__in=APP_KINDS, scopes__contains=SCOPE) | Q(
    kind=StoreKind.VENDURE, scopes__contains=ORDERS_PERMISSION
)
REFUNDED_WITHIN, READ_AGAIN_EVERY, MOST_READ_AGAIN = timedelta(days=90), timedelta(hours=6), 1_000
LOOK_EVERY = OVERLAP = timedelta(hours=1)
# Whoever reads a page has this long; then another worker may.
READING = timedelta(minutes=2)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
# A cursor that is refused so often is given up: the reading begins anew, which changes nothing twice.
TRIES_OF_A_PLACE = 5


class PullRefused(Exception):
    """Nothing was done. The sentence says why and what to do."""


def tells_orders(store: Store) -> bool:
    """Whether the store can be asked for its orders."""
    return orders_scope(store) in store.scopes.split()


def orders_scope(store: Store) -> str:
    """What the store's credentials need to let us read orders; empty where no store of this kind can be asked."""
    if store.kind == StoreKind.VENDURE:
        return ORDERS_PERMISSION
    return SCOPE if store.kind in APP_KINDS else ""


def ask_for_orders(*, workspace_id: int, store: Store, since: datetime, by: Actor, at: datetime) -> OrderPull:
    """Have every order that changed since then read. Asked again it begins anew. Raises PullRefused."""
    if not tells_orders(store):
        raise PullRefused(_no_reading(store))
    if since > at:
        raise PullRefused("This date is in the future. Choose one in the past.")
    with transaction.atomic():
        lock_workspace(workspace_id)
        pull, _ = OrderPull.objects.update_or_create(
            workspace_id=workspace_id, store=store,
            defaults={
                "backfill_from": since, "reading_from": since, "cursor": "", "began_at": None, "orders": 0,
                "due_at": at, "attempts": 0, "problem": "",
            },
        )  # fmt: skip
        record_event(
            workspace_id=workspace_id, kind="orders_asked_for", subject=f"store:{store.pk}",
            facts={"label": store.label, "since": since.isoformat()}, by=by, at=at,
        )  # fmt: skip
        wake("pull_orders", store.pk)
    return pull


def _no_reading(store: Store) -> str:
    if store.kind == StoreKind.VENDURE:
        what = f"Give the role of its login the permission {ORDERS_PERMISSION}, then test the connection"
    else:
        what = f"Give its app the scope {SCOPE} first"
    return f"{store.label} does not let us read orders. {what}."


def stores_to_pull(*, at: datetime) -> list[int]:
    """Stores, of all workspaces, with a page to read; those that never were read too."""
    with scopes_disabled():
        on = stores_that_answer(at).filter(_READABLE)
        due = OrderPull.objects.filter(due_at__lte=at).values("store_id")
        fresh = on.exclude(pk__in=OrderPull.objects.values("store_id"))
        return [*on.filter(pk__in=due).values_list("pk", flat=True)[:100], *fresh.values_list("pk", flat=True)[:100]]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a reading is. `since` is fixed while it lasts: the cursor belongs to it."""

    since: datetime
    cursor: str
    began_at: datetime


def pull_orders(*, store_id: int, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Read page after page until the newest change. Gives how many orders the pages held."""
    with scopes_disabled():
        store = Store.objects.select_related("workspace").filter(pk=store_id).first()
    read = 0
    if store is None or not tells_orders(store):
        return read
    with scope(workspace=store.workspace):
        while not should_stop() and (place := _claimed(store, timezone.now())) is not None:
            page = _page(store, place)
            if page is None:
                break
            read += len(page.orders)
    return read


def _claimed(store: Store, at: datetime) -> _Place | None:
    with transaction.atomic():
        lock_workspace(store.workspace_id)
        pull, _ = OrderPull.objects.get_or_create(
            workspace_id=store.workspace_id, store=store, defaults={"due_at": at, "reading_from": store.connected_at}
        )
        if pull.due_at is None or pull.due_at > at:
            return None
        if pull.reading_from is None:
            pull.reading_from = (pull.read_until or store.connected_at) - OVERLAP
        pull.began_at = pull.began_at or at
        pull.due_at = at + READING
        pull.save()
    return _Place(pull.reading_from, pull.cursor, pull.began_at)


def _page(store: Store, place: _Place) -> OrderPage | None:
    read_at = timezone.now()
    try:
        with closing(open_store(store)) as connector:
            if not isinstance(connector, OrderStore):
                return None
            page = connector.orders_changed(place.since, place.cursor)
    except StoreError as error:
        _put_off(store, error, timezone.now())
        return None
    at = timezone.now()
    with transaction.atomic():
        lock_workspace(store.workspace_id)
        # Whoever asked for another reading meanwhile, or took over, has moved the place: this page is not in theirs.
        ours = OrderPull.objects.filter(store=store, reading_from=place.since, cursor=place.cursor)
        ours = ours.filter(began_at=place.began_at)
        record_orders(store=store, snapshots=page.orders, read_at=read_at, at=at)
        for pull in ours.select_for_update():
            _advance(store, pull, page, place, at)
    return page


def _advance(store: Store, pull: OrderPull, page: OrderPage, place: _Place, at: datetime) -> None:
    pull.cursor, pull.due_at, pull.attempts, pull.problem = page.cursor, at, 0, ""
    pull.orders += len(page.orders)
    if not page.cursor:
        pull.read_until, pull.reading_from, pull.began_at = place.began_at, None, None
        pull.due_at = at + LOOK_EVERY
        if store.kind not in APP_KINDS:
            pull.due_at = at + timedelta(seconds=settings.OFFERWELL_ORDERS_EVERY)
            _look_for_refunds(store, at)
    pull.save()


def _look_for_refunds(store: Store, at: datetime) -> None:
    """Those not read for the longest time come first."""
    newer = Order.objects.filter(store=store, placed_at__gte=at - REFUNDED_WITHIN, cancelled_at=None)
    due = newer.filter(read_at__lte=at - READ_AGAIN_EVERY, conversion__isnull=False).order_by("read_at", "pk")
    hint_orders(store, list(due.values_list("ref", flat=True)[:MOST_READ_AGAIN]), at)


def _put_off(store: Store, error: StoreError, at: datetime) -> None:
    log.warning("orders_not_pulled store=%s: %s", store.pk, error.reason)
    pull = OrderPull.objects.get(store=store)
    pull.due_at = at + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(pull.attempts, 10))
    pull.attempts, pull.problem = min(pull.attempts + 1, 100), error.reason
    if pull.attempts % TRIES_OF_A_PLACE == 0:
        pull.cursor = ""
    pull.save()
