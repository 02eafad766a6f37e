"""Webhook subscriptions: the mutations and the reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from offerwell.sandbox.connections import Page, cut_page
from offerwell.sandbox.registry import Call, Shown, field, plain
from offerwell.sandbox.resolvers_reads import counted

if TYPE_CHECKING:
    from offerwell.sandbox.checks import UserError
    from offerwell.sandbox.subscriptions import Subscription

Given = Mapping[str, Any]
TYPE = "WebhookSubscription"

plain("WebhookSubscriptionCreatePayload", "webhookSubscription userErrors")
plain("WebhookSubscriptionUpdatePayload", "webhookSubscription userErrors")
plain("WebhookSubscriptionDeletePayload", "deletedWebhookSubscriptionId userErrors")
plain("WebhookHttpEndpoint", "callbackUrl")
plain("WebhookPubSubEndpoint", "pubSubProject pubSubTopic")
plain("ApiVersion", "handle displayName supported")


def payload(verb: str, result: Subscription | list[UserError]) -> Shown:
    """The payload of a change."""
    errors = result if isinstance(result, list) else []
    shown = [Shown("UserError", {"field": error.field, "message": error.message}) for error in errors]
    values = {"webhookSubscription": None if errors else result, "userErrors": shown}
    return Shown(f"WebhookSubscription{verb}Payload", values)


@field("Mutation", "webhookSubscriptionCreate")
def create(_root: None, call: Call, given: Given) -> Shown:
    """Subscribe."""
    return payload("Create", call.store.hooks.create(given["topic"], given["webhookSubscription"]))


@field("Mutation", "webhookSubscriptionUpdate")
def update(_root: None, call: Call, given: Given) -> Shown:
    """Change a subscription."""
    return payload("Update", call.store.hooks.update(given["id"], given["webhookSubscription"]))


@field("Mutation", "webhookSubscriptionDelete")
def delete(_root: None, call: Call, given: Given) -> Shown:
    """Unsubscribe."""
    there = call.store.hooks.delete(given["id"])
    message = "Webhook subscription does not exist"
    errors = [] if there else [Shown("UserError", {"field": ("id",), "message": message})]
    values = {"deletedWebhookSubscriptionId": given["id"] if there else None, "userErrors": errors}
    return Shown("WebhookSubscriptionDeletePayload", values)


@field("QueryRoot", "webhookSubscription")
def one(_root: None, call: Call, given: Given) -> Subscription | None:
    """A subscription by its id."""
    return call.store.hooks.find(given["id"])


@field("QueryRoot", "webhookSubscriptions")
def many(_root: None, call: Call, given: Given) -> Page:
    """A page of subscriptions."""
    return cut_page(matching(call, given), lambda item: (item.number, item.number), given)


@field("QueryRoot", "webhookSubscriptionsCount")
def count(_root: None, call: Call, given: Given) -> Shown:
    """How many subscriptions there are."""
    return counted(len(matching(call, given)), given)


def matching(call: Call, given: Given) -> list[Subscription]:
    """The subscriptions of some topics, of an address, or with an id."""
    wanted_id = (given.get("query") or "").removeprefix("id:")
    topics, uri = given.get("topics"), given.get("uri") or given.get("callbackUrl")
    return [
        item
        for item in call.store.hooks.by_number.values()
        if (not topics or item.topic in topics)
        and (not uri or item.uri == uri)
        and (not wanted_id or str(item.number) == wanted_id)
    ]


@field(TYPE, "id")
def gid(item: Subscription, _call: Call, _given: Given) -> str:
    """The id."""
    return item.gid


@field(TYPE, "legacyResourceId")
def legacy_id(item: Subscription, _call: Call, _given: Given) -> str:
    """The id's number."""
    return str(item.number)


@field(TYPE, "topic")
def topic(item: Subscription, _call: Call, _given: Given) -> str:
    """The topic."""
    return item.topic


@field(TYPE, "uri callbackUrl")
def uri_of(item: Subscription, _call: Call, _given: Given) -> str:
    """The address."""
    return item.uri


@field(TYPE, "format")
def format_of(item: Subscription, _call: Call, _given: Given) -> str:
    """The format."""
    return item.format


@field(TYPE, "filter")
def filter_of(item: Subscription, _call: Call, _given: Given) -> str | None:
    """The filter as given: an empty one stays empty, none stays null [recorded]."""
    return item.filter


@field(TYPE, "name")
def name_of(item: Subscription, _call: Call, _given: Given) -> str | None:
    """The name."""
    return item.name


@field(TYPE, "includeFields")
def include_fields(item: Subscription, _call: Call, _given: Given) -> Sequence[str]:
    """Which fields are delivered."""
    return item.include_fields


@field(TYPE, "metafieldNamespaces")
def namespaces(item: Subscription, _call: Call, _given: Given) -> Sequence[str]:
    """Which metafields are delivered."""
    return item.metafield_namespaces


@field(TYPE, "createdAt")
def created_at(item: Subscription, _call: Call, _given: Given) -> int:
    """When it was made."""
    return item.created_at


@field(TYPE, "updatedAt")
def updated_at(item: Subscription, _call: Call, _given: Given) -> int:
    """When it was changed."""
    return item.updated_at


@field(TYPE, "apiVersion")
def api_version(_item: Subscription, call: Call, _given: Given) -> Shown:
    """The version its payloads have."""
    return Shown("ApiVersion", {"handle": call.version, "displayName": call.version, "supported": True})


@field(TYPE, "endpoint")
def endpoint(item: Subscription, _call: Call, _given: Given) -> Shown:
    """The address by its kind."""
    if item.uri.startswith("pubsub://"):
        project, _colon, name = item.uri.removeprefix("pubsub://").partition(":")
        return Shown("WebhookPubSubEndpoint", {"pubSubProject": project, "pubSubTopic": name})
    return Shown("WebhookHttpEndpoint", {"callbackUrl": item.uri})
