"""One discount to create, as the input of Shopify's own mutation for its kind.

Sources: the Admin GraphQL schema (2026-07, 2026-10), and recorded creations of each kind.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from offerwell.integrations.store import CodeSpec, DiscountKind, DiscountTerms
from offerwell.rules.discount_terms import ItemKind, Items, Purchase

if TYPE_CHECKING:
    from offerwell.integrations.graphql.answers import Json


def discount_input(spec: CodeSpec) -> Json:
    """The input for the mutation that `documents.CREATE_FOR_KIND` names."""
    return _common(spec) | _OF_KIND[spec.terms.kind](spec.terms)


def dates_input(starts_at: datetime, ends_at: datetime | None) -> Json:
    """An end that is left out would stay as it is: no end must be said."""
    return {"startsAt": _stamp(starts_at), "endsAt": None if ends_at is None else _stamp(ends_at)}


def _common(spec: CodeSpec) -> Json:
    combines = spec.terms.combines
    given: dict[str, Any] = {
        "title": spec.title,
        "code": spec.code,
        "context": {"all": "ALL"},
        "appliesOncePerCustomer": spec.terms.once_per_customer,
        "usageLimit": spec.terms.usage_limit,
        "combinesWith": {
            "productDiscounts": combines.products,
            "orderDiscounts": combines.orders,
            "shippingDiscounts": combines.shipping,
        },
        **dates_input(spec.starts_at, spec.ends_at),
    }
    if spec.tags:
        given["tags"] = list(spec.tags)
    return given


def _basic(terms: DiscountTerms) -> Json:
    gets = {"value": _value(terms), "items": _items(terms.items), **_purchase(terms)}
    return {"customerGets": gets, **_minimum(terms)}


def _bxgy(terms: DiscountTerms) -> Json:
    """Quantities are texts: they are 64 bits wide. Free means 100 % off."""
    effect = {"percentage": _share(terms.value)}
    given: Json = {
        "customerBuys": {"value": {"quantity": str(terms.buys_quantity)}, "items": _items(terms.buys)},
        "customerGets": {
            "value": {"discountOnQuantity": {"quantity": str(terms.gets_quantity), "effect": effect}},
            "items": _items(terms.items),
        },
    }
    if terms.uses_per_order is not None:
        given["usesPerOrderLimit"] = terms.uses_per_order
    return given


def _free_shipping(terms: DiscountTerms) -> Json:
    return {"destination": {"all": True}, **_purchase(terms), **_minimum(terms)}


_OF_KIND = {
    DiscountKind.PERCENT: _basic,
    DiscountKind.AMOUNT: _basic,
    DiscountKind.BUY_X_GET_Y: _bxgy,
    DiscountKind.FREE_SHIPPING: _free_shipping,
}


def _value(terms: DiscountTerms) -> Json:
    """Shopify writes 20 % as 0.2, and sums as text."""
    if terms.kind is DiscountKind.PERCENT:
        return {"percentage": _share(terms.value)}
    return {"discountAmount": {"amount": f"{terms.value:f}", "appliesOnEachItem": False}}


def _share(value: Decimal) -> float:
    return float(value / Decimal(100))


def _items(items: Items) -> Json:
    if items.kind is ItemKind.PRODUCTS:
        return {"products": {"productsToAdd": [f"gid://shopify/Product/{number}" for number in items.ids]}}
    if items.kind is ItemKind.COLLECTIONS:
        return {"collections": {"add": [f"gid://shopify/Collection/{number}" for number in items.ids]}}
    return {"all": True}


def _purchase(terms: DiscountTerms) -> Json:
    """Said only where it is not what the store does by itself: a shop without subscriptions may refuse the words."""
    if terms.purchase is Purchase.ONE_TIME:
        return {}
    return {"appliesOnOneTimePurchase": terms.purchase is Purchase.BOTH, "appliesOnSubscription": True}


def _minimum(terms: DiscountTerms) -> Json:
    if terms.minimum is not None:
        return {"minimumRequirement": {"subtotal": {"greaterThanOrEqualToSubtotal": f"{terms.minimum:f}"}}}
    if terms.minimum_quantity is not None:
        quantity = str(terms.minimum_quantity)
        return {"minimumRequirement": {"quantity": {"greaterThanOrEqualToQuantity": quantity}}}
    return {}


def _stamp(moment: datetime) -> str:
    """Shopify keeps whole seconds."""
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
