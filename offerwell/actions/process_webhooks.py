"""Act on the inbox of one store: a batch in one transaction, and row by row where one of them breaks it.

Whatever the order, the number of copies and the delay: hints only make somebody look, so the end is the same.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from offerwell.actions.erase_shopper import erase_shop, erase_shopper
from offerwell.actions.hear_from_shop import ShopSays, hear_from_shop
from offerwell.actions.look_again import look_at_named, look_at_unsure
from offerwell.actions.read_orders import hint_orders
from offerwell.actions.record_event import record_event
from offerwell.jobs import wake
from offerwell.models import Store, Webhook, WebhookState, lock_workspace
from offerwell.models.id_list import id_rows
from offerwell.models.json_rows import update_rows
from offerwell.rules.permissions import Actor
from offerwell.rules.webhook_payload import (
    Named,
    Unreadable,
    codes_named,
    customer_of,
    only,
    order_of,
    orders_listed,
    read_body,
    request_kept,
)
from offerwell.rules.webhook_topics import ORDER_FIELDS, REFUND_FIELDS, Meaning, meaning_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from offerwell.rules.webhook_payload import Json

log = logging.getLogger("offerwell.webhooks")

BATCH = 200
TRIES = 5
# Whoever asks the shop has this long; then another worker may.
ASKING = timedelta(minutes=2)
SHOP = Actor(name="The store", door="webhooks")

Row = tuple[int, str, bytes]


def stores_with_webhooks(*, at: datetime) -> list[int]:
    """Stores, of all workspaces, with webhooks to act on."""
    with scopes_disabled():
        due = Webhook.objects.filter(due_at__lte=at).order_by()
        return list(due.values_list("store_id", flat=True).distinct()[:100])


def process_webhooks(*, store_id: int, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Act on everything that waits for this store. Gives how many webhooks that was."""
    with scopes_disabled():
        store = Store.objects.select_related("workspace").filter(pk=store_id).first()
    if store is None:
        return 0
    done = 0
    with scope(workspace=store.workspace):
        while not should_stop() and (count := _batch(store, timezone.now())):
            done += count
    return done


@dataclass(frozen=True, slots=True)
class _Kept:
    """A webhook to keep: whom it is about, and its body where more came than may be kept."""

    pk: int
    resource: str
    body: bytes | None


@dataclass(slots=True)
class _Reading:
    """What a batch asks for, before anything is written."""

    refs: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    job_ended: bool = False
    done: list[int] = field(default_factory=list)
    ignored: list[int] = field(default_factory=list)
    asking: list[tuple[int, str]] = field(default_factory=list)
    kept: list[_Kept] = field(default_factory=list)
    requests: list[_Kept] = field(default_factory=list)
    erase: list[tuple[int, list[str]]] = field(default_factory=list)
    unreadable: list[tuple[int, str]] = field(default_factory=list)


def _batch(store: Store, at: datetime) -> int:
    try:
        with transaction.atomic():
            lock_workspace(store.workspace_id)
            rows = _waiting(store, at)
            reading = _read(rows)
            _apply(store, reading, at)
    except Exception:
        log.exception("webhooks_batch_failed store=%s; one by one", store.pk)
        return _one_by_one(store, at)
    _ask_the_shop(store, reading.asking, at)
    return len(rows)


def _waiting(store: Store, at: datetime) -> list[Row]:
    waiting = Webhook.objects.filter(store=store, due_at__lte=at).order_by("pk")
    return [(pk, topic, bytes(body)) for pk, topic, body in waiting.values_list("pk", "topic", "body")[:BATCH]]


def _one_by_one(store: Store, at: datetime) -> int:
    """One bad row delays only itself, and is given up with a reason after some tries."""
    with transaction.atomic():
        lock_workspace(store.workspace_id)
        rows = _waiting(store, at)
    for row in rows:
        try:
            with transaction.atomic():
                lock_workspace(store.workspace_id)
                reading = _read([row])
                _apply(store, reading, at)
        except Exception:
            log.exception("webhook_failed store=%s webhook=%s", store.pk, row[0])
            _put_off([row[0]], at, "Offerwell met an error of its own. Its log has the details.")
        else:
            _ask_the_shop(store, reading.asking, at)
    return len(rows)


def _put_off(ids: Sequence[int], at: datetime, note: str) -> None:
    """Again later, each time later; after TRIES it stands as failed, and can be read in the database."""
    rows = Webhook.objects.filter(pk__in=id_rows(ids))
    rows.filter(attempts__gte=TRIES - 1).update(
        state=WebhookState.FAILED, due_at=None, note=note, attempts=F("attempts") + 1
    )
    for tries in reversed(range(TRIES - 1)):
        rows.filter(attempts=tries, due_at__isnull=False).update(
            due_at=at + timedelta(minutes=4**tries), note=note, attempts=tries + 1
        )


# -- read ---------------------------------------------------------------------------------------------------


def _read(rows: Iterable[Row]) -> _Reading:
    reading = _Reading()
    for pk, topic, body in rows:
        try:
            _read_one(reading, pk, topic, body)
        except Unreadable as problem:
            reading.unreadable.append((pk, str(problem)))
    return reading


def _read_one(reading: _Reading, pk: int, topic: str, body: bytes) -> None:
    payload = read_body(body)
    match meaning_of(topic):
        case Meaning.LOOK_AT_CODES:
            named = codes_named(payload)
            reading.refs |= named.refs
            reading.codes |= named.codes
            reading.done.append(pk)
        case Meaning.JOB_ENDED:
            reading.job_ended = True
            reading.done.append(pk)
        case Meaning.ASK_THE_SHOP:
            reading.asking.append((pk, topic))
        case Meaning.KEEP_ORDER:
            fields = REFUND_FIELDS if topic.startswith("refunds/") else ORDER_FIELDS
            reading.kept.append(_kept(pk, order_of(topic, payload), payload, only(payload, fields)))
        case Meaning.SHOPPER_ASKS:
            reading.requests.append(_kept(pk, customer_of(payload), payload, request_kept(payload)))
        case Meaning.ERASE_SHOPPER:
            about = [customer_of(payload), *orders_listed(payload, "orders_to_redact")]
            reading.erase.append((pk, about))
        case Meaning.NOTHING:
            reading.ignored.append(pk)


def _kept(pk: int, resource: str, came: Json, allowed: Json) -> _Kept:
    """Our own subscriptions ask for no more than is allowed: then the row stays as it came."""
    body = None if came == allowed else json.dumps(allowed, separators=(",", ":")).encode()
    return _Kept(pk, resource, body)


# -- act ----------------------------------------------------------------------------------------------------


def _apply(store: Store, reading: _Reading, at: datetime) -> None:
    found = look_at_named(store, Named(frozenset(reading.refs), frozenset(reading.codes)), at)
    if reading.job_ended:
        found += look_at_unsure(store, at)
    _mark(reading.done, WebhookState.DONE)
    _mark(reading.ignored, WebhookState.IGNORED)
    for pk, problem in reading.unreadable:
        Webhook.objects.filter(pk=pk).update(state=WebhookState.UNREADABLE, due_at=None, note=problem)
    _lend([pk for pk, _ in reading.asking], at)
    _keep(reading.kept)
    hint_orders(store, {one.resource.removeprefix("order:") for one in reading.kept}, at)
    _answer_requests(store, reading.requests, at)
    for pk, about in reading.erase:
        count = erase_shopper(store=store, resources=about, by=SHOP, at=at)
        # The request itself names the shopper.
        Webhook.objects.filter(pk=pk).update(
            state=WebhookState.DONE, due_at=None, body=b"", note=f"{count} webhooks erased."
        )
    if found:
        wake("sync_store", store.pk)


def _mark(ids: Sequence[int], state: WebhookState) -> None:
    if ids:
        Webhook.objects.filter(pk__in=id_rows(ids)).update(state=state, due_at=None, note="")


def _lend(ids: Sequence[int], at: datetime) -> None:
    """To whoever asks the shop now, outside this transaction."""
    if ids:
        Webhook.objects.filter(pk__in=id_rows(ids)).update(due_at=at + ASKING)


def _keep(kept: Sequence[_Kept]) -> None:
    """Kept, without anything that says who bought."""
    _mark([one.pk for one in kept], WebhookState.KEPT)
    update_rows(Webhook, ["resource"], [(one.pk, (one.resource,)) for one in kept])
    for one in kept:
        if one.body is not None:
            Webhook.objects.filter(pk=one.pk).update(body=one.body)


def _answer_requests(store: Store, requests: Sequence[_Kept], at: datetime) -> None:
    """On record, for a person to answer: Settings › Stores has the file."""
    _keep(requests)
    for one in requests:
        record_event(
            workspace_id=store.workspace_id, kind="shopper_data_requested", subject=f"store:{store.pk}",
            facts={"label": store.label, "webhook": one.pk}, by=SHOP, at=at,
        )  # fmt: skip


# -- ask ----------------------------------------------------------------------------------------------------


def _ask_the_shop(store: Store, asking: Sequence[tuple[int, str]], at: datetime) -> None:
    """Once for all that ask. An answer settles them; silence puts them off."""
    if not asking:
        return
    is_uninstall = any(topic != "app/scopes_update" for _, topic in asking)
    ids = [pk for pk, _ in asking]
    try:
        said = hear_from_shop(store=store, is_uninstall=is_uninstall, by=SHOP, at=at)
    except Exception:
        log.exception("shop_not_asked store=%s", store.pk)
        said = ShopSays.SILENT
    if said == ShopSays.SILENT:
        _put_off(ids, at, "The shop could not be asked. Offerwell asks again by itself.")
        return
    with transaction.atomic():
        lock_workspace(store.workspace_id)
        if said == ShopSays.GONE and any(topic == "shop/redact" for _, topic in asking):
            erase_shop(store=store, by=SHOP, at=at)
        note = "The shop refuses us." if said == ShopSays.GONE else "The shop was asked: the app is installed."
        Webhook.objects.filter(pk__in=id_rows(ids)).update(state=WebhookState.DONE, due_at=None, note=note, body=b"")
