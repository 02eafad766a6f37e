"""The sandbox store as the demo needs it: who it is, and discounts put there at once. Over HTTP, like any shop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Sequence

_AT_ONCE = 5_000


class SandboxAway(Exception):
    """No sandbox store answers there. Nothing was done."""


@dataclass(frozen=True, slots=True)
class Shop:
    """The keys of the sandbox store."""

    address: str
    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class ShopDiscount:
    """One discount as the sandbox store has it."""

    ref: str
    status: str
    ends_at: datetime | None


def shop_at(address: str) -> Shop:
    """Who answers at `address`. Raises SandboxAway."""
    told = _asked("GET", address, "info")
    return Shop(address=address, client_id=told["client_id"], client_secret=told["client_secret"])


def put_discounts(shop: Shop, discounts: Sequence[dict[str, Any]]) -> dict[str, ShopDiscount]:
    """Create the discounts that are not there yet. Gives what the store has of them now, by upper-case code."""
    for start in range(0, len(discounts), _AT_ONCE):
        _asked("POST", shop.address, "seed", body=discounts[start : start + _AT_ONCE])
    wanted = {discount["code"].upper() for discount in discounts}
    rows = _asked("GET", shop.address, "discounts")
    return {row["code"].upper(): _discount(row) for row in rows if row["code"] and row["code"].upper() in wanted}


def _discount(row: dict[str, Any]) -> ShopDiscount:
    ends_at = datetime.fromisoformat(row["endsAt"]) if row["endsAt"] else None
    return ShopDiscount(ref=row["id"], status=row["status"].lower(), ends_at=ends_at)


def _asked(method: str, address: str, what: str, *, body: Any = None) -> Any:
    try:
        answer = _client().request(method, f"{address}/_sandbox/{what}", json=body)
        answer.raise_for_status()
        return answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise SandboxAway(f"No sandbox store answers at {address}.") from error


@cache
def _client() -> httpx.Client:
    """One: each loads the machine's certificates anew. Without kept connections: the store may have restarted."""
    return httpx.Client(timeout=60, limits=httpx.Limits(max_keepalive_connections=0))
