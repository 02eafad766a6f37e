"""Paging as the real store does it: first/last, after/before, opaque cursors of the recorded form."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

from offerwell.sandbox.registry import Call, Shown, field

MAX_PAGE = 250
CONNECTION_TYPES = (
    "DiscountNode DiscountCodeNode DiscountAutomaticNode DiscountRedeemCode WebhookSubscription "
    "DiscountRedeemCodeBulkCreationCode BulkOperation Product ProductVariant Collection "
    "Order LineItem OrderAdjustment"
)
Key = Callable[[Any], tuple[int, Any]]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    items: Sequence[Any]
    cursors: Sequence[str]
    has_next: bool
    has_previous: bool


def cut_page(items: Sequence[Any], key: Key, given: Mapping[str, Any]) -> Page:
    """Cut the asked page out of sorted items; `key` answers an item's id number and its sort value."""
    size, from_end = page_size(given)
    start = position(items, key, given.get("after"), len(items)) + 1 if given.get("after") else 0
    end = position(items, key, given.get("before"), len(items)) if given.get("before") else len(items)
    begin = max(start, end - size) if from_end else start
    stop = end if from_end else min(end, start + size)
    chosen = items[begin:stop]
    return Page(chosen, [cursor_of(*key(item)) for item in chosen], stop < len(items), begin > 0)


def page_size(given: Mapping[str, Any]) -> tuple[int, bool]:
    """Read first or last; the refusals' words are assumed."""
    first, last = given.get("first"), given.get("last")
    if (first is None) == (last is None):
        message = "you must provide one of first or last"
        raise GraphQLError(message, extensions={"code": "BAD_REQUEST"})
    size: int = last if last is not None else first or 0
    if not 0 <= size <= MAX_PAGE:
        message = f"first and last must be between 0 and {MAX_PAGE}"
        raise GraphQLError(message, extensions={"code": "BAD_REQUEST"})
    return size, first is None


def cursor_of(number: int, value: object) -> str:
    """Write a cursor: base64 of the last id and the last sort value [recorded]."""
    text = json.dumps({"last_id": number, "last_value": value}, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(text.encode()).decode()


def position(items: Sequence[Any], key: Key, cursor: str | None, otherwise: int) -> int:
    """Find the item a cursor names; one that is gone sends to the end (assumed)."""
    try:
        number = json.loads(base64.b64decode(cursor or "", validate=True))["last_id"]
    except (ValueError, KeyError, TypeError):
        message = f"Invalid cursor '{cursor}'"
        raise GraphQLError(message, extensions={"code": "BAD_REQUEST"}) from None
    return next((index for index, item in enumerate(items) if key(item)[0] == number), otherwise)


_CONNECTIONS = " ".join(f"{name}Connection" for name in CONNECTION_TYPES.split())
_EDGES = " ".join(f"{name}Edge" for name in CONNECTION_TYPES.split())


@field(_CONNECTIONS, "nodes")
def nodes(page: Page, _call: Call, _given: Mapping[str, Any]) -> Sequence[Any]:
    """The items themselves."""
    return page.items


@field(_CONNECTIONS, "edges")
def edges(page: Page, _call: Call, _given: Mapping[str, Any]) -> list[tuple[Any, str]]:
    """The items with their cursors."""
    return list(zip(page.items, page.cursors, strict=True))


@field(_EDGES, "node")
def edge_node(edge: tuple[Any, str], _call: Call, _given: Mapping[str, Any]) -> object:
    """The item of an edge."""
    return edge[0]


@field(_EDGES, "cursor")
def edge_cursor(edge: tuple[Any, str], _call: Call, _given: Mapping[str, Any]) -> str:
    """The cursor of an edge."""
    return edge[1]


@field(_CONNECTIONS, "pageInfo")
def page_info(page: Page, _call: Call, _given: Mapping[str, Any]) -> Shown:
    """Where the page lies."""
    return Shown(
        "PageInfo",
        {
            "hasNextPage": page.has_next,
            "hasPreviousPage": page.has_previous,
            "startCursor": page.cursors[0] if page.cursors else None,
            "endCursor": page.cursors[-1] if page.cursors else None,
        },
    )
