"""Discounts as they are read: nodes, the discount types, their codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from offerwell.sandbox.connections import Page, cut_page
from offerwell.sandbox.discounts import Discount, RedeemCode, Seen, window_status
from offerwell.sandbox.registry import Call, Shown, field, kept, plain

CODE_TYPES = "DiscountCodeBasic DiscountCodeBxgy DiscountCodeFreeShipping"
AUTOMATIC_TYPES = "DiscountAutomaticBasic DiscountAutomaticBxgy DiscountAutomaticFreeShipping"
ALL_TYPES = f"{CODE_TYPES} {AUTOMATIC_TYPES}"
Given = Mapping[str, Any]

plain("Count", "count precision")
plain("DiscountUserError", "field message code extraInfo")
plain("UserError", "field message")
plain("PageInfo", "hasNextPage hasPreviousPage startCursor endCursor")
kept("DiscountCodeNode DiscountAutomaticNode DiscountNode", id="gid")
kept(ALL_TYPES, createdAt="created_at", tags="tags")
kept("DiscountRedeemCode", id="gid", code="code", asyncUsageCount="usage")


def seen(discount: Discount, call: Call) -> Discount | Seen:
    """Answer the window a reader sees: the one before the latest change while a stale read is on."""
    before = discount.before
    if call.stale_before is not None and before is not None and before.until > call.stale_before:
        return before
    return discount


@field("DiscountCodeNode", "codeDiscount")
@field("DiscountAutomaticNode", "automaticDiscount")
@field("DiscountNode", "discount")
def node_discount(discount: Discount, _call: Call, _given: Given) -> Discount:
    """The discount of a node."""
    return discount


@field(ALL_TYPES, "title")
def title(discount: Discount, call: Call, _given: Given) -> str:
    """The title."""
    return seen(discount, call).title


@field(ALL_TYPES, "status")
def status(discount: Discount, call: Call, _given: Given) -> str:
    """The status, derived from the window."""
    window = seen(discount, call)
    return window_status(window.starts_at, window.ends_at, call.store.clock()).value


@field(ALL_TYPES, "startsAt")
def starts_at(discount: Discount, call: Call, _given: Given) -> int:
    """The start."""
    return seen(discount, call).starts_at


@field(ALL_TYPES, "endsAt")
def ends_at(discount: Discount, call: Call, _given: Given) -> int | None:
    """The end."""
    return seen(discount, call).ends_at


@field(ALL_TYPES, "updatedAt")
def updated_at(discount: Discount, call: Call, _given: Given) -> int:
    """The moment of the latest change."""
    return seen(discount, call).updated_at


@field(ALL_TYPES, "asyncUsageCount")
def usage(discount: Discount, _call: Call, _given: Given) -> int:
    """How often its codes were used."""
    return sum(item.usage for item in discount.codes)


@field(CODE_TYPES, "codes")
def codes(discount: Discount, _call: Call, given: Given) -> Page:
    """The codes, in the order they were added."""
    wanted = (given.get("query") or "").strip().lower()
    items = [item for item in discount.codes if wanted in item.code.lower()] if wanted else discount.codes
    return cut_page(items, lambda item: (item.number, str(item.number)), given)


@field(CODE_TYPES, "codesCount")
def codes_count(discount: Discount, _call: Call, _given: Given) -> Shown:
    """How many codes it has."""
    return Shown("Count", {"count": len(discount.codes), "precision": "EXACT"})


@field("DiscountRedeemCode", "createdBy")
def code_author(_item: RedeemCode, call: Call, _given: Given) -> Shown:
    """The app that made it: the shop's only one (assumed)."""
    return app(call)


def app(call: Call) -> Shown:
    """The shop's app."""
    values = {
        "id": "gid://shopify/App/347082227713",
        "title": "Offerwell",
        "handle": "offerwell",
        "apiKey": call.store.credentials.client_id,
    }
    return Shown("App", values)


plain("App", "id title handle apiKey")
