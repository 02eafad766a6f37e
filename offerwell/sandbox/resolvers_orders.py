"""Orders as they are read: by id, and as a list by time of change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError

from offerwell.sandbox.connections import Page, cut_page
from offerwell.sandbox.orders import Line, Order, Refund, money
from offerwell.sandbox.registry import Call, Shown, field, kept, plain
from offerwell.sandbox.scalars import parse_datetime

Given = Mapping[str, Any]
SEARCH = re.compile(r"""updated_at:(>=|>)['"]?([^'"\s]+)['"]?""")

plain("MoneyBag", "shopMoney")
plain("MoneyV2", "amount currencyCode")
plain("Attribute", "key value")
plain("DiscountAllocation", "allocatedAmountSet")
plain("OrderAdjustment", "amountSet")
plain("CustomerJourneySummary", "ready customerOrderIndex firstVisit lastVisit")
plain("CustomerVisit", "landingPage")
kept(
    "Order",
    id="gid",
    name="name",
    test="test",
    createdAt="created_at",
    processedAt="created_at",
    updatedAt="updated_at",
    cancelledAt="cancelled_at",
    discountCodes="codes",
)
kept("LineItem", title="title", quantity="quantity", currentQuantity="kept")


@field("QueryRoot", "order")
def order(_root: None, call: Call, given: Given) -> Order | None:
    """An order by its id."""
    return call.store.orders.find(given["id"])


@field("QueryRoot", "orders")
def orders(_root: None, call: Call, given: Given) -> Page:
    """A page of orders; the only search is by time of change."""
    text = given.get("query") or ""
    found = SEARCH.fullmatch(text)
    if text and found is None:
        message = "sandbox: only updated_at:>= and updated_at:> are implemented as a search of orders"
        raise GraphQLError(message, extensions={"code": "NOT_IMPLEMENTED_IN_SANDBOX"})
    since = parse_datetime(found[2]) + (found[1] == ">") if found else 0
    chosen = [one for one in call.store.orders.by_number.values() if one.updated_at >= since]
    by_change = given.get("sortKey") == "UPDATED_AT"
    chosen.sort(key=lambda one: (one.updated_at if by_change else one.number, one.number))
    return cut_page(chosen, lambda one: (one.number, one.updated_at * 1000), given)


def bag(call: Call, hundredths: int) -> Shown:
    """A sum in the shop's currency."""
    values = {"amount": money(hundredths), "currencyCode": call.store.settings.currency}
    return Shown("MoneyBag", {"shopMoney": Shown("MoneyV2", values)})


@field("Order", "currencyCode")
def currency(_item: Order, call: Call, _given: Given) -> str:
    """The shop's currency."""
    return call.store.settings.currency


@field("Order", "taxesIncluded")
def taxes_included(_item: Order, _call: Call, _given: Given) -> bool:
    """Prices here are without tax."""
    return False


@field("Order", "customAttributes")
def attributes(item: Order, _call: Call, _given: Given) -> list[Shown]:
    """What the cart carried."""
    return [Shown("Attribute", {"key": key, "value": value}) for key, value in item.attributes.items()]


@field("Order", "customerJourneySummary")
def journey(item: Order, _call: Call, _given: Given) -> Shown:
    """How the buyer came; ready at once here, in minutes in reality."""
    visit = Shown("CustomerVisit", {"landingPage": item.landing}) if item.landing else None
    values = {"ready": True, "customerOrderIndex": item.index, "firstVisit": visit, "lastVisit": visit}
    return Shown("CustomerJourneySummary", values)


@field("Order", "lineItems")
def lines(item: Order, _call: Call, given: Given) -> Page:
    """A page of lines."""
    return cut_page(item.lines, lambda line: (line.number, line.number), given)


@field("Order", "refunds")
def refunds(item: Order, _call: Call, given: Given) -> list[Refund]:
    """The refunds."""
    return item.refunds[: given.get("first")]


@field("Refund", "orderAdjustments")
def adjustments(item: Refund, call: Call, given: Given) -> Page:
    """What a refund gave back for no line: negative, as money that goes out."""
    found = [Shown("OrderAdjustment", {"amountSet": bag(call, -item.amount)})] if item.amount else []
    return cut_page(found, lambda _one: (item.number, item.number), given)


@field("LineItem", "id")
def line_id(line: Line, _call: Call, _given: Given) -> str:
    """The id."""
    return f"gid://shopify/LineItem/{line.number}"


@field("LineItem", "originalTotalSet")
def original_total(line: Line, call: Call, _given: Given) -> Shown:
    """Before discounts."""
    return bag(call, line.price * line.quantity)


@field("LineItem", "discountAllocations")
def allocations(line: Line, call: Call, _given: Given) -> list[Shown]:
    """What discounts took off."""
    return [Shown("DiscountAllocation", {"allocatedAmountSet": bag(call, line.discount)})] if line.discount else []


@field("LineItem", "taxLines")
def tax_lines(_line: Line, _call: Call, _given: Given) -> list[object]:
    """No taxes here."""
    return []
