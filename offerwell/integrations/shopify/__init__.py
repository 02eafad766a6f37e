"""Shopify, spoken to in its own words. `connect` gives a connector; nothing is sent before it is used."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from offerwell.integrations.shopify.addresses import shop_origin
from offerwell.integrations.shopify.client import AdminClient
from offerwell.integrations.shopify.connector import ShopifyConnector
from offerwell.integrations.shopify.credentials import ClientCredentials, Credentials, StaticToken
from offerwell.integrations.shopify.wire import new_http

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from offerwell.integrations.shopify.credentials import TokenCache
    from offerwell.integrations.shopify.pacing import CostBucket

API_VERSION = "2026-10"


def connect(
    domain: str,
    client_id: str = "",
    client_secret: str = "",
    *,
    token: str = "",
    api_version: str = API_VERSION,
    bucket: CostBucket,
    tokens: TokenCache,
    allow_loopback: bool = False,
    http: httpx.Client | None = None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    rng: random.Random | None = None,
) -> ShopifyConnector:
    """A connector for `NAME.myshopify.com` by client id and secret, or by a legacy static `token`.

    `allow_loopback` is for sandbox stores. `bucket` is one store's and should be shared by all who
    talk to it; `tokens` may be shared by all stores. `clock` gives Unix seconds. Raises a permanent
    StoreError for an address that is not a store's, ValueError without or with both credentials.
    """
    if bool(token) == bool(client_id and client_secret):
        raise ValueError("give either a client id and its secret, or a token")
    origin = shop_origin(domain, allow_loopback=allow_loopback)
    rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
    is_sandbox = not origin.endswith(".myshopify.com")
    http = http or new_http(loopback=is_sandbox)
    credentials: Credentials = StaticToken(token) if token else ClientCredentials(
        origin, client_id, client_secret, tokens=tokens, http=http, clock=clock
    )  # fmt: skip
    endpoint = f"{origin}/admin/api/{api_version}/graphql.json"
    return ShopifyConnector(
        AdminClient(endpoint, credentials, bucket, http, clock=clock, sleep=sleep, rng=rng),
        loopback=is_sandbox,
    )
