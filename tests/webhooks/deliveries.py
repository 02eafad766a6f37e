"""Deliveries as Shopify makes them, for the test client."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json

from django_scopes import scope

from offerwell.models import Store, StoreKind, StoreWebhooks
from tests import make

SECRET = "shpss_the-secret"
SHOP = "glow.myshopify.com"
_count = itertools.count(1)


def signed(body, secret=SECRET):
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def shopify_store(place, *, shop=SHOP, secret=SECRET, **link):
    """A connected Shopify store with its way in."""
    with scope(workspace=place):
        store = make.store(place, client_id="id", client_secret=secret)
        Store.objects.filter(pk=store.pk).update(kind=StoreKind.SHOPIFY, address=shop)
        store.refresh_from_db()
        StoreWebhooks.objects.create(
            workspace=place, store=store, key=f"key-of-{next(_count)}-{'x' * 24}", shop_domain=shop, **link
        )
    return store


def address(store):
    with scope(workspace=store.workspace):
        return f"/webhooks/shopify/{StoreWebhooks.objects.get(store=store).key}/"


def post(client, where, topic="discounts/update", payload=None, *, body=None, secret=SECRET, **changed):
    """Deliver. `changed` replaces headers by their short names (shop, event, hmac); `prefix` their generation."""
    body = json.dumps(payload or {}).encode() if body is None else body
    prefix = changed.pop("prefix", "X-Shopify-")
    named = {
        "Topic": topic, "Hmac-Sha256": changed.pop("hmac", signed(body, secret)),
        "Shop-Domain": changed.pop("shop", SHOP), "Event-Id": changed.pop("event", f"event-{next(_count)}"),
        "Webhook-Id": f"hook-{next(_count)}", "Triggered-At": "2026-11-23T09:00:00Z", "API-Version": "2026-10",
    }  # fmt: skip
    headers = {f"{prefix}{name}": value for name, value in named.items() if value is not None}
    return client.post(where, body, content_type="application/json", headers=headers, **changed)
