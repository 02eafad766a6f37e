"""What a promo code gives: a closed set of kinds, with its limits. Frozen values that every layer shares.

Source: domain §4, and what Shopify's discounts of one code can say (schema 2026-07 and 2026-10).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class DiscountKind(StrEnum):
    """What the discount gives; also how `DiscountTerms.value` is meant."""

    PERCENT = "percent"
    AMOUNT = "amount"
    BUY_X_GET_Y = "bxgy"
    FREE_SHIPPING = "free_shipping"

    @property
    def has_value(self) -> bool:
        """Whether a number says how much; free shipping has none."""
        return self is not DiscountKind.FREE_SHIPPING

    @property
    def is_share(self) -> bool:
        """Whether the value is a percentage (of 100 at most)."""
        return self in {DiscountKind.PERCENT, DiscountKind.BUY_X_GET_Y}


class ItemKind(StrEnum):
    """What a discount applies to, or what must be bought for it."""

    ALL = "all"
    PRODUCTS = "products"
    COLLECTIONS = "collections"


class Purchase(StrEnum):
    """Which purchases a discount applies to."""

    ONE_TIME = "one_time"
    SUBSCRIPTION = "subscription"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Items:
    """Everything, some products or some collections; `ids` are the store's own numbers, as text."""

    kind: ItemKind = ItemKind.ALL
    ids: tuple[str, ...] = ()


ALL_ITEMS = Items()


@dataclass(frozen=True, slots=True)
class Combines:
    """Which other discounts of an order a code may be used with."""

    products: bool = False
    orders: bool = False
    shipping: bool = False


@dataclass(frozen=True, slots=True)
class DiscountTerms:
    """What a code gives, from when on, and how often.

    `value` is 20 for 20 %, or a sum in the store's currency for AMOUNT. For BUY_X_GET_Y it is the
    percentage off the items got (100: they are free): who buys `buys_quantity` of `buys` gets so much
    off `gets_quantity` of `items`, at most `uses_per_order` times an order. For FREE_SHIPPING it is 0.
    `minimum` is a sum, `minimum_quantity` a number of items; at most one of them is given.
    """

    kind: DiscountKind
    value: Decimal = Decimal(0)
    minimum: Decimal | None = None
    once_per_customer: bool = False
    usage_limit: int | None = None
    minimum_quantity: int | None = None
    items: Items = ALL_ITEMS
    buys: Items = ALL_ITEMS
    buys_quantity: int = 1
    gets_quantity: int = 1
    uses_per_order: int | None = None
    combines: Combines = field(default_factory=Combines)
    purchase: Purchase = Purchase.ONE_TIME

    @property
    def has_sums(self) -> bool:
        """Whether a sum of money is among them: the same number is another price in another currency."""
        return self.kind is DiscountKind.AMOUNT or self.minimum is not None

    @property
    def names_items(self) -> bool:
        """Whether they name products or collections, which exist in one store only."""
        return bool(self.items.ids or self.buys.ids)

    @property
    def beyond_whole_orders(self) -> str:
        """What of them is more than a percentage or a sum off the whole order, in words; empty when nothing is.

        A store that knows only that would give shoppers more than was meant.
        """
        if self.kind not in {DiscountKind.PERCENT, DiscountKind.AMOUNT}:
            return "free shipping" if self.kind is DiscountKind.FREE_SHIPPING else "Buy X Get Y"
        if self.items.kind is not ItemKind.ALL:
            return f"a discount on some {self.items.kind}"
        if self.minimum_quantity is not None:
            return "a minimum number of items"
        return "a discount on subscriptions alone" if self.purchase is Purchase.SUBSCRIPTION else ""

    @property
    def number_for_names(self) -> Decimal | None:
        """What `{discount}` in a code's name stands for: NORA20. Only where a shopper would read it so."""
        return self.value if self.kind in {DiscountKind.PERCENT, DiscountKind.AMOUNT} else None
