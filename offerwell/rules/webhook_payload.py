"""What a webhook's body is read for: which codes to look at, whose order it is, what of it may be kept.

The payloads of discount topics are recorded nowhere, so ids and codes are found wherever they stand: a look too many
costs a read, a look too few leaves a difference until the next sweep.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Json = dict[str, Any]

_DISCOUNT = re.compile(r"gid://shopify/Discount(?:Code)?Node/(\d{1,20})", re.ASCII)
_CODE_NAMES = frozenset({"code", "codes"})
_DEEPEST = 6
_MOST_NAMED = 1_000
_LONGEST_CODE = 255


class Unreadable(Exception):
    """The body is not what its topic promises. The sentence says what is wrong with it."""


def event_key(topic: str, event_id: str, body: bytes) -> str:
    """Equal for deliveries of which the second would tell nothing new: same topic, same event, same bytes.

    The event id alone is not enough: one action of a merchant is one event, and may be many webhooks of several topics
    about many discounts. A retry has the original's bytes.
    """
    digest = hashlib.sha256(f"{len(topic)} {topic}{len(event_id)} {event_id}".encode())
    digest.update(body)
    return digest.hexdigest()


def read_body(body: bytes) -> Json:
    """The JSON object. Raises Unreadable."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("The body is not whole JSON.") from error
    if not isinstance(payload, dict):
        raise Unreadable("The body is JSON, but not an object.")
    return payload


@dataclass(frozen=True, slots=True)
class Named:
    """Discounts by the store's id, and codes by their upper-case text."""

    refs: frozenset[str]
    codes: frozenset[str]


def codes_named(payload: Json) -> Named:
    """Every discount and code the payload names."""
    refs: set[str] = set()
    codes: set[str] = set()
    for name, value in _texts(payload, "", _DEEPEST):
        if len(refs) + len(codes) >= _MOST_NAMED:
            break
        if found := _DISCOUNT.fullmatch(value):
            refs.add(f"gid://shopify/DiscountCodeNode/{found[1]}")
        elif name in _CODE_NAMES and 0 < len(value) <= _LONGEST_CODE and "\0" not in value:
            codes.add(value.upper())
    return Named(frozenset(refs), frozenset(codes))


def _texts(value: object, name: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif depth and isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, str(key), depth - 1)
    elif depth and isinstance(value, list):
        for inner in value:
            yield from _texts(inner, name, depth - 1)


def order_of(topic: str, payload: Json) -> str:
    """Which order the payload is about, as `Webhook.resource`. Raises Unreadable."""
    number = payload.get("order_id") if topic.startswith("refunds/") else payload.get("id")
    return order_resource(number)


def order_resource(number: object) -> str:
    """How an order is named. Raises Unreadable for what is no id."""
    return f"order:{_whole(number)}"


def customer_of(payload: Json) -> str:
    """Which shopper a privacy request is about. Raises Unreadable."""
    customer = payload.get("customer")
    return f"customer:{_whole(customer.get('id') if isinstance(customer, dict) else None)}"


def orders_listed(payload: Json, name: str) -> list[str]:
    """The orders a privacy request lists; an empty list is an answer, something else is Unreadable."""
    listed = payload.get(name) or []
    if not isinstance(listed, list):
        raise Unreadable(f"{name} is not a list.")
    return [order_resource(number) for number in listed]


def request_kept(payload: Json) -> Json:
    """What is kept of a shopper's request: ids, no name, no address, no phone."""
    request = payload.get("data_request")
    return {
        "customer": customer_of(payload),
        "orders_requested": orders_listed(payload, "orders_requested"),
        "data_request": str(request.get("id", "") if isinstance(request, dict) else "")[:40],
    }


def _whole(number: object) -> int:
    """Shopify writes ids as numbers; a text of digits is as good."""
    text = str(number) if isinstance(number, int | str) and not isinstance(number, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 20):  # noqa: PLR2004  a 64-bit id
        raise Unreadable("The body names no order or shopper.")
    return int(text)


def only(payload: Json, fields: Sequence[str]) -> Json:
    """The payload with these fields and no others; `a.b` keeps `b` of the object, or of each object, in `a`."""
    kept: Json = {}
    inner: dict[str, list[str]] = {}
    for field in fields:
        name, _, rest = field.partition(".")
        if name in payload and not rest:
            kept[name] = payload[name]
        elif name in payload:
            inner.setdefault(name, []).append(rest)
    for name, names in inner.items():
        kept[name] = _only_inside(payload[name], names)
    return kept


def _only_inside(value: object, fields: Sequence[str]) -> object:
    if isinstance(value, dict):
        return only(value, fields)
    if isinstance(value, list):
        return [only(one, fields) for one in value if isinstance(one, dict)]
    return None
