"""One webhook as Shopify delivers it: its headers in both generations, and the signature over the raw body.

`X-Shopify-…` headers come with webhooks, the same names without `X-` with the newer Events.
Source: shopify.md §4 and Shopify's own package `shopifyapp`, to which a test holds the signature equal.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LONGEST_ID, _LONGEST_TOPIC, _LONGEST_SHOP, _LONGEST_TIME = 100, 80, 255, 40
_SIGNATURE_LENGTH = 44


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the headers say; each is empty where it is missing. Only `signature` proves anything, and only of the body.

    `event_id` is the same for every copy of an event, `topic` as in "discounts/update".
    """

    shop: str
    topic: str
    event_id: str
    triggered_at: str
    signature: str


def delivery_in(header: Callable[[str], str]) -> Delivery:
    """Read the headers. `header` gives one by its name, empty where it is missing."""

    def named(name: str, longest: int) -> str:
        return (header(f"X-Shopify-{name}") or header(f"Shopify-{name}")).strip()[:longest]

    return Delivery(
        shop=named("Shop-Domain", _LONGEST_SHOP).lower(),
        topic=named("Topic", _LONGEST_TOPIC).lower(),
        event_id=named("Event-Id", _LONGEST_ID) or named("Webhook-Id", _LONGEST_ID),
        triggered_at=named("Triggered-At", _LONGEST_TIME),
        signature=named("Hmac-Sha256", _SIGNATURE_LENGTH + 1),
    )


def is_signed(body: bytes, signature: str, secrets: Iterable[str]) -> bool:
    """Whether one of the secrets signed exactly these bytes. Compares in constant time, and looks at every secret."""
    given = signature.encode("utf-8", "replace")
    good = False
    for secret in secrets:
        wanted = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
        good |= hmac.compare_digest(wanted, given)
    return good
