"""Take a webhook in: prove who sent it, store it as it came, once, and only then say so.

Nothing is read from the body before its signature is right. Which store it is for follows from the address and the
secret that signed it; the shop named in the headers must be that store's, and is never believed alone.
Source: shopify.md §4, trust §8 (T1, T11).
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django_scopes import scopes_disabled

from offerwell.integrations.shopify.webhook_delivery import Delivery, is_signed
from offerwell.jobs import wake
from offerwell.models import StoreKind, StoreWebhooks, Webhook, WebhookState
from offerwell.models.commit_together import CommitTogether
from offerwell.rules.webhook_payload import event_key

if TYPE_CHECKING:
    from datetime import datetime

log = logging.getLogger("offerwell.webhooks")

_COLUMNS = (
    "store_id", "workspace_id", "store__kind", "store__address", "shop_domain", "store__client_secret", "secret",
    "previous_secret", "previous_secret_until",
)  # fmt: skip
# Compared against when nobody is known, so that strangers do not learn by the clock which shops are connected.
_NOBODY = "no store has this secret"
_MOST_CANDIDATES = 20
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


def take_in_webhook(*, key: str, delivery: Delivery, body: bytes, at: datetime) -> Taken:
    """Store the delivery for every store it is proven to be for.

    `key` is the store's own address. Without one (the address that an app's configuration names for all its shops) the
    stores of the named shop are asked; then each must have signed with its own secret all the same.
    """
    candidates = _by_key(key, at) if key else _by_shop(delivery.shop, at)
    if not candidates:
        is_signed(body, delivery.signature, [_NOBODY])
        return Taken.REFUSED
    proven = [one for one in candidates if is_signed(body, delivery.signature, one.secrets or [_NOBODY])]
    meant = [one for one in proven if one.shop and one.shop == delivery.shop]
    if not meant:
        if key:
            _note_refusal(candidates[0], is_signature=not proven, at=at)
        return Taken.REFUSED
    stored = [_store(one, delivery, body, at) for one in meant]
    return Taken.STORED if any(stored) else Taken.KNOWN


def _by_key(key: str, at: datetime) -> list[_Candidate]:
    with scopes_disabled():
        return [_candidate(row, at) for row in StoreWebhooks.objects.filter(key=key).values_list(*_COLUMNS)]


def _by_shop(shop: str, at: datetime) -> list[_Candidate]:
    """Two brands may have connected the same shop, each with an app of its own."""
    if not shop:
        return []
    with scopes_disabled():
        rows = StoreWebhooks.objects.filter(shop_domain=shop).order_by("pk").values_list(*_COLUMNS)
        return [_candidate(row, at) for row in rows[:_MOST_CANDIDATES]]


def _candidate(row: tuple[Any, ...], at: datetime) -> _Candidate:
    store_id, workspace_id, kind, address, shop, client_secret, own_secret, previous, until = row
    secrets = [client_secret, own_secret]
    if until is not None and at < until:
        secrets.append(previous)
    shop = address if kind == StoreKind.SHOPIFY else shop
    return _Candidate(store_id, workspace_id, shop.lower(), tuple(secret for secret in secrets if secret))


def _store(one: _Candidate, delivery: Delivery, body: bytes, at: datetime) -> bool:
    """Committed when it returns. Gives whether it was new."""
    row: dict[str, Any] = {
        "workspace_id": one.workspace_id, "store_id": one.store_id, "topic": delivery.topic, "body": body,
        "event_key": event_key(delivery.topic, delivery.event_id, body), "event_id": delivery.event_id,
        "triggered_at": delivery.triggered_at, "received_at": at, "due_at": at, "state": WebhookState.WAITING.value,
        "attempts": 0, "note": "", "resource": "",
    }  # fmt: skip
    is_new = _inbox.insert_once(row)
    if is_new:
        _wake(one.store_id)
    return is_new


_inbox = CommitTogether(Webhook, "webhooks.lock")
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
