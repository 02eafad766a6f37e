"""A store said something of its orders: read them, by the API, and believe only that. Source: trust §8 (T11).

A hint is a row until the order was read after the hint came: copies cost one read, a forged or old one changes nothing.
"""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from offerwell.actions.record_order import record_orders
from offerwell.actions.store_connection import open_store
from offerwell.integrations.store import OrderStore, StoreError
from offerwell.jobs import wake
from offerwell.models import OrderHint, Store, lock_workspace
from offerwell.models.id_list import id_rows
from offerwell.models.json_rows import text_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.rules.order_snapshot import OrderSnapshot

log = logging.getLogger("offerwell.orders")

AT_ONCE = 100
# Whoever reads has this long; then another worker may.
READING = timedelta(minutes=2)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
# How the buyer came is told some minutes after the order.
LATER, LOOKS_LATER = timedelta(minutes=10), 3


def hint_orders(store: Store, refs: Collection[str], at: datetime) -> None:
    """Have these orders read. Inside the caller's transaction, which holds the workspace's lock.

    An order whose read failed keeps its pause: a store in trouble is not pressed by its own webhooks.
    """
    if not refs:
        return
    told = OrderHint.objects.filter(store=store, ref__in=text_rows(refs))
    known = set(told.values_list("ref", flat=True))
    told.update(heard=F("heard") + 1)
    told.filter(attempts=0).update(due_at=at)
    OrderHint.objects.bulk_create(
        OrderHint(workspace_id=store.workspace_id, store=store, ref=ref, due_at=at) for ref in sorted(set(refs) - known)
    )
    wake("read_orders", store.pk)


def stores_that_answer(at: datetime) -> QuerySet[Store]:
    """Stores, of the scope, that are on and not paused."""
    is_free = Q(paused_until=None) | Q(paused_until__lte=at)
    found: QuerySet[Store] = Store.objects.filter(is_free, is_on=True, uninstalled_at=None)
    return found


def stores_with_order_hints(*, at: datetime) -> list[int]:
    """Stores, of all workspaces, with orders to read now."""
    with scopes_disabled():
        due = OrderHint.objects.filter(due_at__lte=at, store__in=stores_that_answer(at)).order_by()
        return list(due.values_list("store_id", flat=True).distinct()[:100])


def read_orders(*, store_id: int, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Read everything of this store that is due. Gives how many orders were read."""
    with scopes_disabled():
        store = Store.objects.select_related("workspace").filter(pk=store_id).first()
    read = 0
    if store is None:
        return read
    with scope(workspace=store.workspace):
        while not should_stop() and (hints := _claimed(store, timezone.now())):
            if not _read(store, hints):
                break
            read += len(hints)
    return read


def _claimed(store: Store, at: datetime) -> dict[str, int]:
    """Ref → how often it was heard, for those that are ours for READING."""
    with transaction.atomic():
        lock_workspace(store.workspace_id)
        due = OrderHint.objects.filter(store=store, due_at__lte=at).order_by("due_at", "pk")
        rows = list(due.values_list("pk", "ref", "heard")[:AT_ONCE])
        OrderHint.objects.filter(pk__in=id_rows(pk for pk, _ref, _heard in rows)).update(due_at=at + READING)
    return {ref: heard for _pk, ref, heard in rows}


def _read(store: Store, hints: Mapping[str, int]) -> bool:
    read_at = timezone.now()
    try:
        with closing(open_store(store)) as connector:
            found = connector.orders(list(hints)) if isinstance(connector, OrderStore) else {}
    except StoreError as error:
        _put_off(store, list(hints), error, timezone.now())
        return False
    snapshots = [one for one in found.values() if one is not None]
    with transaction.atomic():
        record_orders(store=store, snapshots=snapshots, read_at=read_at, at=timezone.now())
        _settle(store, hints, {one.ref: one for one in snapshots}, timezone.now())
    return True


def _settle(store: Store, hints: Mapping[str, int], found: Mapping[str, OrderSnapshot], at: datetime) -> None:
    """Done, unless more was heard meanwhile, or the store did not tell everything yet."""
    rows = OrderHint.objects.filter(store=store, ref__in=text_rows(hints))
    later: list[int] = []
    done: list[int] = []
    for pk, ref, heard, attempts in rows.values_list("pk", "ref", "heard", "attempts"):
        if heard != hints[ref]:
            continue
        is_whole = ref not in found or found[ref].is_whole
        (done if is_whole or attempts >= LOOKS_LATER else later).append(pk)
    OrderHint.objects.filter(pk__in=id_rows(done)).delete()
    OrderHint.objects.filter(pk__in=id_rows(later)).update(due_at=at + LATER, attempts=F("attempts") + 1)
    OrderHint.objects.filter(store=store, ref__in=text_rows(hints)).exclude(pk__in=id_rows(later)).update(due_at=at)


def _put_off(store: Store, refs: Sequence[str], error: StoreError, at: datetime) -> None:
    """Again later, each time later; never given up, for the order is still there."""
    log.warning("orders_not_read store=%s orders=%s: %s", store.pk, len(refs), error.reason)
    rows = OrderHint.objects.filter(store=store, ref__in=text_rows(refs))
    for tries in sorted(set(rows.values_list("attempts", flat=True)), reverse=True):
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(tries, 10))
        rows.filter(attempts=tries).update(due_at=at + pause, attempts=min(tries + 1, 100), note=error.reason)
