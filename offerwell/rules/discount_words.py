"""A discount in words: in one line for the team, and as a shopper would read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offerwell.rules.discount_terms import DiscountKind, DiscountTerms, ItemKind, Items, Purchase

if TYPE_CHECKING:
    from decimal import Decimal

_NOUNS = {ItemKind.PRODUCTS: ("product", "products"), ItemKind.COLLECTIONS: ("collection", "collections")}


def terms_line(terms: DiscountTerms, currency: str = "") -> str:
    """`20% off · from 50 EUR · once per customer`: every term, short."""
    parts = [_benefit(terms, currency), _minimum(terms, currency), _purchase(terms)]
    if terms.once_per_customer:
        parts.append("once per customer")
    if terms.usage_limit:
        parts.append(f"{terms.usage_limit:,} uses per code")
    if terms.uses_per_order:
        parts.append(f"{counted(terms.uses_per_order, 'use', 'uses')} per order")
    if combined := _combined(terms):
        parts.append(f"combines with {combined}")
    return " · ".join(part for part in parts if part)


def shopper_sentence(terms: DiscountTerms, currency: str = "") -> str:
    """The discount as a shopper would read it, in whole sentences."""
    sentences = [f"{_for_shopper(terms, currency)}{_condition(terms, currency)}."]
    if terms.purchase is not Purchase.ONE_TIME:
        only = terms.purchase is Purchase.SUBSCRIPTION
        sentences.append("Only on subscriptions." if only else "Also on subscriptions.")
    if terms.once_per_customer:
        sentences.append("Once per customer.")
    if terms.uses_per_order:
        sentences.append(f"At most {counted(terms.uses_per_order, 'time', 'times')} per order.")
    if terms.usage_limit:
        sentences.append(f"Each code works {counted(terms.usage_limit, 'time', 'times')}.")
    combined = _combined(terms)
    sentences.append(f"Works together with {combined}." if combined else "Can't be combined with other discounts.")
    return " ".join(sentences)


def money(amount: Decimal, currency: str) -> str:
    """`1,250 EUR`, `12.50 EUR`; without a currency only the number."""
    return f"{amount:,.2f}".removesuffix(".00") + (f" {currency}" if currency else "")


def percent(value: Decimal) -> str:
    """`20%`, `12.5%`."""
    number = f"{value:f}"
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number}%"


def counted(number: int, one: str, many: str) -> str:
    """`1 time`, `1,000 times`."""
    return f"1 {one}" if number == 1 else f"{number:,} {many}"


def _benefit(terms: DiscountTerms, currency: str) -> str:
    if terms.kind is DiscountKind.FREE_SHIPPING:
        return "free shipping"
    if terms.kind is DiscountKind.BUY_X_GET_Y:
        return f"buy {terms.buys_quantity:,}, get {terms.gets_quantity:,} {_of_items_got(terms)}"
    off = percent(terms.value) if terms.kind is DiscountKind.PERCENT else money(terms.value, currency)
    on = f" {_named(terms.items)}" if terms.items.ids else ""
    return f"{off} off{on}"


def _of_items_got(terms: DiscountTerms) -> str:
    return "free" if terms.value == 100 else f"at {percent(terms.value)} off"  # noqa: PLR2004  per cent


def _named(items: Items) -> str:
    return counted(len(items.ids), *_NOUNS[items.kind])


def _minimum(terms: DiscountTerms, currency: str) -> str:
    if terms.minimum is not None:
        return f"from {money(terms.minimum, currency)}"
    if terms.minimum_quantity is not None:
        return f"from {counted(terms.minimum_quantity, 'item', 'items')}"
    return ""


def _purchase(terms: DiscountTerms) -> str:
    return {Purchase.ONE_TIME: "", Purchase.SUBSCRIPTION: "subscriptions only", Purchase.BOTH: "also subscriptions"}[
        terms.purchase
    ]


def _combined(terms: DiscountTerms) -> str:
    combines = terms.combines
    pairs = (("product", combines.products), ("order", combines.orders), ("shipping", combines.shipping))
    names = [name for name, is_so in pairs if is_so]
    if not names:
        return ""
    return f"{', '.join(names[:-1])} and {names[-1]} discounts" if len(names) > 1 else f"{names[0]} discounts"


def _for_shopper(terms: DiscountTerms, currency: str) -> str:
    if terms.kind is DiscountKind.FREE_SHIPPING:
        return "Free shipping"
    if terms.kind is DiscountKind.BUY_X_GET_Y:
        bought = counted(terms.buys_quantity, "item", "items") + _from(terms.buys)
        got = counted(terms.gets_quantity, "item", "items") + _from(terms.items)
        return f"Buy {bought} and get {got} {_of_items_got(terms)}"
    off = percent(terms.value) if terms.kind is DiscountKind.PERCENT else money(terms.value, currency)
    return f"{off} off {_named(terms.items) if terms.items.ids else 'your order'}"


def _from(items: Items) -> str:
    if not items.ids:
        return ""
    return f" {'of' if items.kind is ItemKind.PRODUCTS else 'from'} {_named(items)}"


def _condition(terms: DiscountTerms, currency: str) -> str:
    if terms.minimum is not None:
        return f" when you spend {money(terms.minimum, currency)} or more"
    if terms.minimum_quantity is not None:
        return f" when you buy {counted(terms.minimum_quantity, 'item', 'items')} or more"
    return ""
