"""Webhook subscriptions: the mutations and the reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from offerwell.sandbox.connections import Page, cut_page
from offerwell.sandbox.registry import Call, Shown, field, kept, plain
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
kept(
    TYPE,
    id="gid",
    topic="topic",
    uri="uri",
    callbackUrl="uri",
    format="format",
    filter="filter",
    name="name",
    includeFields="include_fields",
    metafieldNamespaces="metafield_namespaces",
    createdAt="created_at",
    updatedAt="updated_at",
)


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


@field(TYPE, "legacyResourceId")
def legacy_id(item: Subscription, _call: Call, _given: Given) -> str:
    """The id's number."""
    return str(item.number)


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
