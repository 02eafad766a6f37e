"""Shopify, spoken to in its own words. `connect` gives a connector; nothing is sent before it is used."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from offerwell.integrations.graphql.wire import new_http
from offerwell.integrations.shopify.addresses import shop_origin
from offerwell.integrations.shopify.client import AdminClient
from offerwell.integrations.shopify.connector import ShopifyConnector
from offerwell.integrations.shopify.credentials import ClientCredentials, Credentials, StaticToken
from offerwell.integrations.shopify.examined import ExaminedShopify
from offerwell.integrations.shopify.installation import Installed, TokenPair, authorize_address, first_pair

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import httpx

    from offerwell.integrations.graphql.tokens import TokenCache
    from offerwell.integrations.shopify.client import Watch
    from offerwell.integrations.shopify.installation import TokenPairs
    from offerwell.integrations.shopify.pacing import CostBucket

__all__ = ["API_VERSION", "ShopifyConnector", "address_to_agree", "connect", "first_tokens"]

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
    pairs: TokenPairs | None = None,
    allow_loopback: bool = False,
    http: httpx.Client | None = None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    rng: random.Random | None = None,
    watch: Watch | None = None,
) -> ExaminedShopify:
    """A connector for `NAME.myshopify.com` by client id and secret, or by a legacy static `token`.

    With `pairs`, client id and secret refresh the tokens of an installation. `watch` sees every answer.
    It can also be examined; who makes changes sees only what the protocol of connectors has.

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
    credentials: Credentials
    if token:
        credentials = StaticToken(token)
    elif pairs is not None:
        credentials = Installed(
            origin, client_id, client_secret, pairs=pairs, http=http, clock=clock, sleep=sleep
        )  # fmt: skip
    else:
        credentials = ClientCredentials(origin, client_id, client_secret, tokens=tokens, http=http, clock=clock)
    endpoint = f"{origin}/admin/api/{api_version}/graphql.json"
    return ExaminedShopify(
        AdminClient(endpoint, credentials, bucket, http, clock=clock, sleep=sleep, rng=rng, watch=watch),
        loopback=is_sandbox,
    )


def address_to_agree(
    domain: str, client_id: str, scopes: Sequence[str], redirect_uri: str, state: str, *, allow_loopback: bool = False
) -> str:
    """Where the merchant agrees to the app. Raises a permanent StoreError for an address that is not a store's."""
    return authorize_address(shop_origin(domain, allow_loopback=allow_loopback), client_id, scopes, redirect_uri, state)


def first_tokens(
    domain: str, client_id: str, client_secret: str, code: str, *, allow_loopback: bool = False
) -> TokenPair:
    """What the code of an agreement buys, once. Raises AccessRefused, or another StoreError."""
    origin = shop_origin(domain, allow_loopback=allow_loopback)
    with new_http(loopback=not origin.endswith(".myshopify.com")) as http:
        return first_pair(origin, client_id, client_secret, code, http=http, clock=time.time)
