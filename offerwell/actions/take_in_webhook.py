"""Take a webhook in: prove who sent it, store it as it came, once, and only then say so.

Nothing is read from the body before its signature is right. Which store it is for follows from the address and the
secret that signed it; the shop named in the headers must be that store's, and is never believed alone.
Source: shopify.md §4, trust §8 (T1, T11).
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Q
from django_scopes import scopes_disabled

from offerwell.integrations.shopify.webhook_delivery import Delivery, is_signed
from offerwell.jobs import wake
from offerwell.models import StoreKind, StoreWebhooks, Webhook, WebhookState
from offerwell.models.commit_together import CommitTogether
from offerwell.models.encrypted_text import UnreadableSecret, remembered_text
from offerwell.models.insert_once import insert_each
from offerwell.models.live_connection import on_live_connection
from offerwell.rules.webhook_payload import event_key

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger("offerwell.webhooks")

_COLUMNS = (
    "store_id", "workspace_id", "store__kind", "store__address", "shop_domain", "store__client_secret", "secret",
    "previous_secret", "is_previous_good", "key",
)  # fmt: skip
# Compared against when nobody is known, so that strangers do not learn by the clock which shops are connected.
_NOBODY = "no store has this secret"
_MOST_CANDIDATES = 20
# Bytes that are hashed in well under a millisecond.
LONGEST_PROVEN_IN_LINE = 64 * 1024
# The sweep looks each second anyway; a burst need not wake the worker for each of its webhooks.
WAKE_EVERY = 0.5
# A refusal is noted for the person, and not more often than that.
NOTE_EVERY = timedelta(minutes=1)


class Taken(StrEnum):
    """What became of a delivery."""

    STORED = "stored"
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A store the delivery may be for."""

    store_id: int
    workspace_id: int
    shop: str
    secrets: tuple[str, ...]


@dataclass(slots=True)
class _Told:
    """What became of a call: the stores it was proven to be for, those of them to which it was new, who refused it."""

    meant: list[_Candidate] = field(default_factory=list)
    new_at: list[int] = field(default_factory=list)
    refused_by: _Candidate | None = None
    is_proven: bool = False


@dataclass(frozen=True, slots=True)
class _Call:
    """One delivery, at the store's own address (`key`), or at that of all shops. `proven`: before the line."""

    key: str
    delivery: Delivery
    body: bytes
    at: datetime
    proven: _Told | None = None

    @property
    def address(self) -> tuple[str, str]:
        """Which stores it may be for: a column, and what it holds."""
        return ("key", self.key) if self.key else ("shop_domain", self.delivery.shop)


def take_in_webhook(*, key: str, delivery: Delivery, body: bytes, at: datetime) -> Taken:
    """Store the delivery for every store it is proven to be for.

    `key` is the store's own address. Without one (the address that an app's configuration names for all its shops) the
    stores of the named shop are asked; then each must have signed with its own secret all the same.
    """
    told = _told(_Call(key, delivery, body, at))
    if told.refused_by and key:
        _note_refusal(told.refused_by, is_signature=not told.is_proven, at=at)
    for store_id in told.new_at:
        _wake(store_id)
    return Taken.REFUSED if not told.meant else Taken.STORED if told.new_at else Taken.KNOWN


def _told(call: _Call) -> _Told:
    """In line with all others; a long body is proven before: everybody behind it would wait meanwhile."""
    if len(call.body) <= LONGEST_PROVEN_IN_LINE:
        return _inbox.tell(call)
    proven = _proven(call, _stores([call])[call.address])
    if isinstance(proven, Exception):
        raise proven
    return _inbox.tell(replace(call, proven=proven)) if proven.meant else proven


def _take_in(calls: Sequence[_Call]) -> list[_Told | Exception]:
    """One look-up and one statement for the rows of all."""
    stores = _stores([call for call in calls if call.proven is None])
    told = [call.proven or _proven(call, stores[call.address]) for call in calls]
    meant = [
        (call, one, each) for call, one in zip(calls, told, strict=True) if isinstance(one, _Told) for each in one.meant
    ]
    rows = [_row(each, call) for call, _one, each in meant]
    failed: dict[int, Exception] = {}
    for (_call, one, each), is_new in zip(meant, insert_each(Webhook, rows, told_by=_TOLD_BY), strict=True):
        if isinstance(is_new, Exception):
            failed[id(one)] = is_new
        elif is_new:
            one.new_at.append(each.store_id)
    return [failed.get(id(one), one) for one in told]


def _stores(calls: Sequence[_Call]) -> dict[tuple[str, str], list[tuple[Any, ...]]]:
    """Rows of stores by address. Two brands may have connected the same shop, each with an app of its own."""
    return on_live_connection(lambda: _looked_up(calls)) if calls else {}


def _looked_up(calls: Sequence[_Call]) -> dict[tuple[str, str], list[tuple[Any, ...]]]:
    at = max(call.at for call in calls)
    stores: dict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
    with connection.cursor() as cursor:
        if keys := list({call.key for call in calls if call.key}):
            cursor.execute(_look_up("key", len(keys)), [connection.ops.adapt_datetimefield_value(at), *keys])
            for row in cursor.fetchall():
                stores["key", row[-1]].append(row)
        for shop in {call.delivery.shop for call in calls if not call.key} - {""}:
            cursor.execute(_look_up("shop_domain", 1), [connection.ops.adapt_datetimefield_value(at), shop])
            stores["shop_domain", shop] = cursor.fetchall()
    return stores


@lru_cache(maxsize=128)
def _look_up(name: str, count: int) -> str:
    """The statement, made once: Django takes longer to make it than a database to answer it."""
    some_time = datetime.now(UTC)  # only its place in the statement is kept
    is_previous_good = ExpressionWrapper(Q(previous_secret_until__gt=some_time), output_field=BooleanField())
    some_names = [str(number) for number in range(count)]
    with scopes_disabled():
        named = StoreWebhooks.objects.filter(**{f"{name}__in": some_names}).annotate(is_previous_good=is_previous_good)
        rows = named.order_by("pk").values_list(*_COLUMNS)[: _MOST_CANDIDATES * count]
        sql, _given = rows.query.sql_with_params()
    return sql


def _proven(call: _Call, stores: Sequence[tuple[Any, ...]]) -> _Told | Exception:
    """Which of the stores signed it and is the shop that it names."""
    try:
        candidates = [_candidate(row) for row in stores]
    except UnreadableSecret as error:
        return error
    body, signature = call.body, call.delivery.signature
    if not candidates:
        is_signed(body, signature, [_NOBODY])
        return _Told()
    proven = [one for one in candidates if is_signed(body, signature, one.secrets or [_NOBODY])]
    meant = [one for one in proven if one.shop and one.shop == call.delivery.shop]
    return _Told(meant, refused_by=None if meant else candidates[0], is_proven=bool(proven))


def _candidate(row: tuple[Any, ...]) -> _Candidate:
    store_id, workspace_id, kind, address, shop, client_secret, own_secret, previous, is_previous_good, _key = row
    secrets = [client_secret, own_secret, previous if is_previous_good else ""]
    shop = address if kind == StoreKind.SHOPIFY else shop
    return _Candidate(store_id, workspace_id, shop.lower(), tuple(remembered_text(one) for one in secrets if one))


def _row(one: _Candidate, call: _Call) -> dict[str, Any]:
    delivery = call.delivery
    return {
        "workspace_id": one.workspace_id, "store_id": one.store_id, "topic": delivery.topic, "body": call.body,
        "event_key": event_key(delivery.topic, delivery.event_id, call.body), "event_id": delivery.event_id,
        "triggered_at": delivery.triggered_at, "received_at": call.at, "due_at": call.at,
        "state": WebhookState.WAITING.value, "attempts": 0, "note": "", "resource": "",
    }  # fmt: skip


_TOLD_BY = ("store_id", "event_key")
_inbox = CommitTogether(_take_in, "webhooks.lock")
_woken: dict[int, float] = {}


def _wake(store_id: int) -> None:
    now = time.monotonic()
    if now - _woken.get(store_id, -WAKE_EVERY) >= WAKE_EVERY:
        _woken[store_id] = now
        wake("process_webhooks", store_id)


def _note_refusal(one: _Candidate, *, is_signature: bool, at: datetime) -> None:
    """Who knows the address but signs wrongly is most likely the shop itself: then our secret is not its app's."""
    why = "no_secret" if not one.secrets else "signature" if is_signature else "shop"
    with scopes_disabled():
        rows = StoreWebhooks.objects.filter(store_id=one.store_id).exclude(refused_at__gt=at - NOTE_EVERY)
        if rows.update(refused_at=at, refused_why=why):
            log.warning("webhook_refused store=%s why=%s", one.store_id, why)
