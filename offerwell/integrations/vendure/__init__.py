"""Vendure, spoken to in its own words. `connect` gives a connector; nothing is sent before it is used."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from offerwell.integrations.vendure.addresses import admin_address, http_for
from offerwell.integrations.vendure.client import AdminApi
from offerwell.integrations.vendure.connector import VendureConnector
from offerwell.integrations.vendure.credentials import ApiKey, Credentials, PasswordLogin

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Collection

    import httpx

    from offerwell.integrations.graphql.tokens import TokenCache


def connect(
    address: str,
    username: str = "",
    password: str = "",
    *,
    api_key: str = "",
    tokens: TokenCache,
    own_hosts: Collection[str] = (),
    http: httpx.Client | None = None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    rng: random.Random | None = None,
) -> VendureConnector:
    """A connector for the Admin API at `address` (`#` and a channel's token behind it), by login or by API key.

    `tokens` is shared by all who talk to the store. `own_hosts` may be on a private network. Raises a permanent
    StoreError for an address that is none, ValueError without or with both credentials.
    """
    if bool(api_key) == bool(username and password):
        raise ValueError("give either a user name and its password, or an API key")
    place = admin_address(address, own_hosts=own_hosts)
    http = http or http_for(place)
    credentials: Credentials = ApiKey(api_key) if api_key else PasswordLogin(
        place.endpoint, username, password, tokens=tokens, http=http, clock=clock
    )  # fmt: skip
    return VendureConnector(AdminApi(place, credentials, http, clock=clock, sleep=sleep, rng=rng), place, clock)
