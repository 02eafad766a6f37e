"""What each webhook topic means to us, and which topics we ask a store for.

Source: shopify.md §4. A webhook is a hint: nothing here takes a status, a sum or a right from a payload.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Meaning(StrEnum):
    """What to do when a topic is heard."""

    LOOK_AT_CODES = "look_at_codes"
    JOB_ENDED = "job_ended"
    ASK_THE_SHOP = "ask_the_shop"
    KEEP_ORDER = "keep_order"
    SHOPPER_ASKS = "shopper_asks"
    ERASE_SHOPPER = "erase_shopper"
    NOTHING = "nothing"


_MEANINGS = {
    "discounts/create": Meaning.LOOK_AT_CODES,
    "discounts/update": Meaning.LOOK_AT_CODES,
    "discounts/delete": Meaning.LOOK_AT_CODES,
    "discounts/redeemcode_added": Meaning.LOOK_AT_CODES,
    "discounts/redeemcode_removed": Meaning.LOOK_AT_CODES,
    "bulk_operations/finish": Meaning.JOB_ENDED,
    # All three change what we do with a whole shop, and a signature has no date: the shop itself is asked first.
    "app/uninstalled": Meaning.ASK_THE_SHOP,
    "app/scopes_update": Meaning.ASK_THE_SHOP,
    "shop/redact": Meaning.ASK_THE_SHOP,
    "customers/data_request": Meaning.SHOPPER_ASKS,
    "customers/redact": Meaning.ERASE_SHOPPER,
}
_ORDERS = ("orders/", "refunds/")


def meaning_of(topic: str) -> Meaning:
    """What the topic asks of us; a topic nobody knows asks nothing."""
    if topic.startswith(_ORDERS):
        return Meaning.KEEP_ORDER
    return _MEANINGS.get(topic, Meaning.NOTHING)


# What attribution will need of an order, and nothing that says who bought: no name, address, e-mail, phone, card.
ORDER_FIELDS = (
    "id", "admin_graphql_api_id", "updated_at", "created_at", "processed_at", "cancelled_at", "currency", "test",
    "source_name", "financial_status", "discount_codes", "discount_applications", "landing_site", "referring_site",
    "note_attributes", "cart_token", "checkout_token", "subtotal_price", "total_discounts", "current_subtotal_price",
    "current_subtotal_price_set", "line_items.id", "line_items.product_id", "line_items.variant_id",
    "line_items.quantity", "line_items.price", "line_items.discount_allocations",
)  # fmt: skip
REFUND_FIELDS = (
    "id", "order_id", "admin_graphql_api_id", "created_at", "processed_at", "updated_at", "refund_line_items.id",
    "refund_line_items.line_item_id", "refund_line_items.quantity", "refund_line_items.subtotal",
    "refund_line_items.total_tax", "transactions.amount", "transactions.currency", "transactions.kind",
    "transactions.status",
)  # fmt: skip
_SHOP_FIELDS = ("id", "myshopify_domain", "updated_at")


@dataclass(frozen=True, slots=True)
class WantedTopic:
    """A topic we ask for: which fields of its payload (none: all of them), and the scope it needs.

    Where fields are chosen, `updated_at` is among them: the store drops deliveries that look alike.
    Payloads of discounts are taken whole; nothing in them is about a person.
    """

    topic: str
    fields: tuple[str, ...] = ()
    scope: str = ""


WANTED = (
    *(
        WantedTopic(f"discounts/{verb}", scope="read_discounts")
        for verb in ("create", "update", "delete", "redeemcode_added", "redeemcode_removed")
    ),
    WantedTopic("bulk_operations/finish"),
    WantedTopic("app/uninstalled", _SHOP_FIELDS),
    WantedTopic("app/scopes_update"),
    *(WantedTopic(f"orders/{verb}", ORDER_FIELDS, "read_orders") for verb in ("create", "updated", "cancelled")),
    WantedTopic("refunds/create", REFUND_FIELDS, "read_orders"),
)


def wanted_topics(scopes: Collection[str]) -> tuple[WantedTopic, ...]:
    """The topics that an app with these scopes may ask for. Who may write may read."""
    had = set(scopes) | {f"read_{scope.removeprefix('write_')}" for scope in scopes if scope.startswith("write_")}
    return tuple(wanted for wanted in WANTED if not wanted.scope or wanted.scope in had)


@dataclass(frozen=True, slots=True)
class Heard:
    """A subscription the store has: its own id, and where it delivers what."""

    ref: str
    topic: str
    address: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SubscriptionPlan:
    """What to take away, what to add, and whether hints about codes were missing until now."""

    stale: tuple[str, ...]
    missing: tuple[WantedTopic, ...]
    had_gap: bool


def plan_subscriptions(
    there: Collection[Heard],
    wanted: Collection[WantedTopic],
    *,
    address: str,
    ours: Collection[str],
    before: Collection[str],
) -> SubscriptionPlan:
    """Compare what the store has with what we want at `address`.

    `ours` are the addresses that are this store's, today's and older ones: others belong to other installations of the
    same app and are left alone. `before` are the topics the store had us down for when we looked last.
    """
    fields = {one.topic: frozenset(one.fields) for one in wanted}
    good: dict[str, str] = {}
    stale = []
    for heard in there:
        if heard.address not in ours:
            continue
        fits = heard.address == address and fields.get(heard.topic) == frozenset(heard.fields)
        if fits and heard.topic not in good:
            good[heard.topic] = heard.ref
        else:
            stale.append(heard.ref)
    missing = tuple(one for one in wanted if one.topic not in good)
    gone = {one.topic for one in missing} & set(before)
    return SubscriptionPlan(tuple(stale), missing, any(topic.startswith("discounts/") for topic in gone))


def topics_kept(wanted: Collection[WantedTopic], refusals: Mapping[str, str]) -> list[str]:
    """The topics the store has us down for now, by name."""
    return sorted(one.topic for one in wanted if one.topic not in refusals)
