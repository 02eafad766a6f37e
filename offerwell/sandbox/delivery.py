"""Deliver webhooks: signed as the real store signs them, in the background, with retries and with faults.

Recorded or documented: the headers, the signature, 5 seconds for an answer, eight retries and the removal of the
subscription after the last. Assumed: the fields of the discount payloads, and the delays (real ones take hours).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx

from offerwell.sandbox.book import Change
from offerwell.sandbox.faults import FaultKind
from offerwell.sandbox.scalars import show_datetime
from offerwell.sandbox.schema import NEWEST_VERSION

if TYPE_CHECKING:
    from offerwell.sandbox.discounts import Discount
    from offerwell.sandbox.store import Store
    from offerwell.sandbox.subscriptions import Subscription

RETRIES = 8
TIMEOUT_SECONDS = 5.0
AT_ONCE = 8


@dataclass(slots=True)
class Parcel:
    """One delivery to one subscriber."""

    subscription: Subscription
    topic: str
    body: bytes
    event_id: str
    webhook_id: str
    triggered_at: str
    tries: int = 0


class WebhookDelivery:
    """Turns changes into parcels and brings them to their subscribers."""

    def __init__(self, store: Store) -> None:
        """Listen to the store's changes."""
        self.store = store
        self.queue: asyncio.Queue[Parcel] = asyncio.Queue()
        self.held: list[Parcel] = []
        store.book.listeners.append(self.notice)
        store.tellers.append(self.tell)

    def notice(self, change: Change, discount: Discount) -> None:
        """Make a parcel for each subscriber to a change."""
        enum_name = f"DISCOUNTS_{change.name.removesuffix('D')}"
        if self.store.hooks.to(enum_name):
            self.tell(f"discounts/{change.value}", enum_name, payload(self.store, change, discount))

    def tell(self, topic: str, enum_name: str, body: dict[str, Any]) -> None:
        """Make a parcel for each subscriber to a topic: one event, with the fields that each asked for."""
        event_id = str(uuid.uuid4())
        moment = datetime.fromtimestamp(self.store.clock(), UTC).isoformat().replace("+00:00", "Z")
        for subscription in self.store.hooks.to(enum_name):
            fields = subscription.include_fields
            shown = {name: value for name, value in body.items() if not fields or name in fields}
            self.post(Parcel(subscription, topic, json.dumps(shown).encode(), event_id, str(uuid.uuid4()), moment))

    def post(self, parcel: Parcel) -> None:
        """Queue a parcel: lost, doubled or held back behind the next one if a fault strikes."""
        faults = self.store.faults
        if faults.strike(FaultKind.WEBHOOK_LOST, parcel.topic):
            return
        if faults.strike(FaultKind.WEBHOOK_REORDERED, parcel.topic) and not self.held:
            self.held.append(parcel)
            return
        self.queue.put_nowait(parcel)
        if faults.strike(FaultKind.WEBHOOK_DUPLICATE, parcel.topic):
            self.queue.put_nowait(parcel)
        while self.held:
            self.queue.put_nowait(self.held.pop())

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client, asyncio.TaskGroup() as group:
            for _number in range(AT_ONCE):
                group.create_task(self.carry(client))

    async def carry(self, client: httpx.AsyncClient) -> None:
        """Deliver one parcel after the other."""
        while True:
            parcel = await self.queue.get()
            if parcel.subscription.uri.startswith("pubsub://") or not await self.deliver(client, parcel):
                continue
            await self.retry(parcel)

    async def deliver(self, client: httpx.AsyncClient, parcel: Parcel) -> bool:
        """Send a parcel; answer whether it has to be sent again."""
        parcel.tries += 1
        try:
            answer = await client.post(parcel.subscription.uri, content=parcel.body, headers=self.headers(parcel))
        except httpx.HTTPError:
            return True
        return not answer.is_success

    async def retry(self, parcel: Parcel) -> None:
        """Send again later, the same bytes; after the last try the subscription is gone."""
        if parcel.tries > RETRIES:
            self.store.hooks.delete(parcel.subscription.gid)
            return
        loop = asyncio.get_running_loop()
        loop.call_later(min(30.0, 0.5 * 2**parcel.tries), self.queue.put_nowait, parcel)

    def headers(self, parcel: Parcel) -> dict[str, str]:
        """The headers of a delivery."""
        return {
            "Content-Type": "application/json",
            "X-Shopify-Topic": parcel.topic,
            "X-Shopify-Hmac-Sha256": sign(self.store.credentials.client_secret, parcel.body),
            "X-Shopify-Shop-Domain": self.store.settings.shop,
            "X-Shopify-API-Version": NEWEST_VERSION,
            "X-Shopify-Webhook-Id": parcel.webhook_id,
            "X-Shopify-Event-Id": parcel.event_id,
            "X-Shopify-Triggered-At": parcel.triggered_at,
            **({"X-Shopify-Name": parcel.subscription.name} if parcel.subscription.name else {}),
        }


def sign(secret: str, body: bytes) -> str:
    """Sign the raw body with the app's secret: base64 of HMAC-SHA256."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def payload(store: Store, change: Change, discount: Discount) -> dict[str, Any]:
    """What a subscriber is told (assumed; no delivery was recorded)."""
    if change is Change.DELETED:
        return {"admin_graphql_api_id": discount.gid, "deleted_at": show_datetime(store.clock())}
    return {
        "admin_graphql_api_id": discount.gid,
        "title": discount.title,
        "status": discount.status(store.clock()).value,
        "created_at": show_datetime(discount.created_at),
        "updated_at": show_datetime(discount.updated_at),
    }
