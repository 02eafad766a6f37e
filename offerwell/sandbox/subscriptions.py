"""Webhook subscriptions: who wants to hear of which topic, and what the store refuses.

Recorded: blank, http, Shopify's own and internal addresses, broken Pub/Sub addresses, a filter without a field, unknown
ids. One deviation on purpose: http to a loopback address is allowed, because the sandbox has no certificate.
Assumed: the refusal of a second subscription to the same address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from offerwell.sandbox.checks import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ADDRESS = ("webhookSubscription", "callbackUrl")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
OWN_DOMAINS = ("myshopify.com", "shopify.com", "shopifycloud.com")
INTERNAL_SUFFIXES = (".internal", ".local", ".localdomain")


@dataclass(slots=True)
class Subscription:
    """One subscription."""

    number: int
    topic: str
    uri: str
    created_at: int
    updated_at: int
    format: str = "JSON"
    filter: str | None = None
    include_fields: tuple[str, ...] = ()
    metafield_namespaces: tuple[str, ...] = ()
    name: str | None = None
    typename: str = "WebhookSubscription"

    @property
    def gid(self) -> str:
        """The global id."""
        return f"gid://shopify/WebhookSubscription/{self.number}"


class Subscriptions:
    """All subscriptions of the app."""

    def __init__(self, clock: Callable[[], float], number: Callable[[], int]) -> None:
        """Share the clock and the id numbers of the store."""
        self.clock = clock
        self.number = number
        self.by_number: dict[int, Subscription] = {}

    def find(self, gid: str) -> Subscription | None:
        """Find a subscription by its global id."""
        number = gid.removeprefix("gid://shopify/WebhookSubscription/")
        return self.by_number.get(int(number)) if number.isdigit() else None

    def to(self, topic: str) -> list[Subscription]:
        """Answer the subscriptions to a topic."""
        return [item for item in self.by_number.values() if item.topic == topic]

    def create(self, topic: str, given: Mapping[str, Any]) -> Subscription | list[UserError]:
        """Subscribe, or answer why not."""
        uri = given.get("uri") or given.get("callbackUrl") or ""
        errors = list(check_subscription(uri, given))
        if not errors and any(item.uri == uri and item.filter == given.get("filter") for item in self.to(topic)):
            errors = [UserError(ADDRESS, "Address for this topic has already been taken")]
        if errors:
            return errors
        now = int(self.clock())
        made = Subscription(self.number(), topic, uri, now, now)
        self.write(made, given)
        self.by_number[made.number] = made
        return made

    def update(self, gid: str, given: Mapping[str, Any]) -> Subscription | list[UserError]:
        """Change a subscription, or answer why not."""
        found = self.find(gid)
        if found is None:
            return [UserError(("id",), "Webhook subscription does not exist")]
        uri = given.get("uri", given.get("callbackUrl", found.uri)) or ""
        errors = list(check_subscription(uri, given))
        if errors:
            return errors
        self.write(found, given)
        found.uri = uri
        found.updated_at = int(self.clock())
        return found

    def write(self, item: Subscription, given: Mapping[str, Any]) -> None:
        """Write the given fields."""
        item.format = given.get("format") or item.format
        item.filter = given.get("filter", item.filter)
        item.include_fields = tuple(given.get("includeFields", item.include_fields) or ())
        item.metafield_namespaces = tuple(given.get("metafieldNamespaces", item.metafield_namespaces) or ())
        item.name = given.get("name", item.name)

    def delete(self, gid: str) -> bool:
        """Unsubscribe; answer whether there was one."""
        found = self.find(gid)
        if found is not None:
            del self.by_number[found.number]
        return found is not None


def check_subscription(uri: str, given: Mapping[str, Any]) -> Iterator[UserError]:
    """Refuse an address or a filter."""
    yield from (UserError(ADDRESS, message) for message in address_faults(uri))
    text = given.get("filter")
    if text and ":" not in text:
        message = "The specified filter is invalid, please ensure you specify the field(s) you wish to filter on."
        yield UserError(("webhookSubscription",), message)


def address_faults(uri: str) -> list[str]:
    """Say what is wrong with an address."""
    if not uri.strip():
        return ["Address can't be blank"]
    parts = urlsplit(uri)
    host = (parts.hostname or "").lower()
    if parts.scheme == "pubsub":
        return pubsub_faults(uri)
    if parts.scheme == "http" and host in LOOPBACK:
        return []
    if parts.scheme != "https":
        return [f"Address protocol {parts.scheme}:// is not supported"]
    if host.endswith(OWN_DOMAINS) or host in LOOPBACK or host.endswith(INTERNAL_SUFFIXES):
        return ["Address cannot be a Shopify or an internal domain"]
    return []


def pubsub_faults(uri: str) -> list[str]:
    """Refuse a broken Pub/Sub address; a good one is accepted and never delivered to."""
    project, _colon, topic = uri.removeprefix("pubsub://").partition(":")
    if project and topic:
        return []
    return [
        "Address protocol pubsub:// is not supported",
        "Address is not a valid GCP pub/sub format. Format should be pubsub://project:topic",
    ]
