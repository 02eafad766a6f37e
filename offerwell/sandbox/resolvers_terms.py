"""What a discount gives, to whom and when: its terms, and the summary in words.

Recorded: the shapes for percentage, amount, buy-x-get-y and free shipping, and the summaries of the last two. Assumed:
the summaries of a basic discount.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from offerwell.sandbox.connections import Page, cut_page
from offerwell.sandbox.registry import Call, Shown, field, plain
from offerwell.sandbox.resolvers_discounts import ALL_TYPES, CODE_TYPES

if TYPE_CHECKING:
    from offerwell.sandbox.discounts import Discount

Given = Mapping[str, Any]
WITH_GETS = "DiscountCodeBasic DiscountCodeBxgy DiscountAutomaticBasic DiscountAutomaticBxgy"
SHIPPING = "DiscountCodeFreeShipping DiscountAutomaticFreeShipping"
WITH_MINIMUM = f"DiscountCodeBasic DiscountAutomaticBasic {SHIPPING}"

plain("DiscountCombinesWith", "productDiscounts orderDiscounts shippingDiscounts")
plain("DiscountBuyerSelectionAll", "all")
plain("DiscountCustomerAll", "allCustomers")
plain("DiscountCustomerGets", "value items appliesOnOneTimePurchase appliesOnSubscription")
plain("DiscountPercentage", "percentage")
plain("DiscountAmount", "amount appliesOnEachItem")
plain("DiscountOnQuantity", "quantity effect")
plain("DiscountQuantity", "quantity")
plain("AllDiscountItems", "allItems")
plain("DiscountCustomerBuys", "value items")
plain("ProductVariant", "id")
plain("DiscountMinimumSubtotal", "greaterThanOrEqualToSubtotal")
plain("DiscountMinimumQuantity", "greaterThanOrEqualToQuantity")
plain("DiscountCountryAll", "allCountries")
plain("DiscountCountries", "countries includeRestOfWorld")
plain("MoneyV2", "amount currencyCode")


def money(amount: str, call: Call) -> Shown:
    """An amount; one decimal place at least [recorded]."""
    number = Decimal(amount).normalize()
    text = f"{number:f}"
    return Shown(
        "MoneyV2", {"amount": text if "." in text else f"{text}.0", "currencyCode": call.store.settings.currency}
    )


@field(ALL_TYPES, "combinesWith")
def combines_with(discount: Discount, _call: Call, _given: Given) -> Shown:
    """Which classes it can be combined with; none unless given."""
    given = discount.terms.get("combinesWith") or {}
    names = ("productDiscounts", "orderDiscounts", "shippingDiscounts")
    return Shown("DiscountCombinesWith", {name: bool(given.get(name)) for name in names})


@field(ALL_TYPES, "context")
def context(discount: Discount, _call: Call, _given: Given) -> Shown:
    """Who may use it."""
    given = discount.terms.get("context") or {"all": "ALL"}
    if "all" not in given:
        raise not_shown("context other than all buyers")
    return Shown("DiscountBuyerSelectionAll", {"all": "ALL"})


@field(CODE_TYPES, "customerSelection")
def customer_selection(discount: Discount, _call: Call, _given: Given) -> Shown:
    """Who may use it, in the deprecated form."""
    if "all" not in (discount.terms.get("context") or {"all": "ALL"}):
        raise not_shown("customerSelection other than all customers")
    return Shown("DiscountCustomerAll", {"allCustomers": True})


@field(CODE_TYPES, "usageLimit")
def usage_limit(discount: Discount, _call: Call, _given: Given) -> int | None:
    """How often each code may be used."""
    limit: int | None = discount.terms.get("usageLimit")
    return limit


@field(CODE_TYPES, "appliesOncePerCustomer")
def once_per_customer(discount: Discount, _call: Call, _given: Given) -> bool:
    """Whether each customer may use it once."""
    return bool(discount.terms.get("appliesOncePerCustomer"))


@field(f"DiscountCodeBasic DiscountAutomaticBasic {SHIPPING}", "recurringCycleLimit")
def recurring_cycle_limit(discount: Discount, _call: Call, _given: Given) -> int | None:
    """For how many cycles of a subscription it applies; 1 unless given (assumed)."""
    limit: int | None = discount.terms.get("recurringCycleLimit", 1)
    return limit


@field("DiscountCodeBxgy DiscountAutomaticBxgy", "usesPerOrderLimit")
def uses_per_order(discount: Discount, _call: Call, _given: Given) -> int | None:
    """How often it applies in one order."""
    limit = discount.terms.get("usesPerOrderLimit")
    return None if limit is None else int(limit)


@field(ALL_TYPES, "discountClasses")
def discount_classes(discount: Discount, _call: Call, _given: Given) -> list[str]:
    """The classes of what it lowers."""
    return [discount_class(discount)]


@field(ALL_TYPES, "discountClass")
def one_class(discount: Discount, _call: Call, _given: Given) -> str:
    """The class of what it lowers, in the deprecated form."""
    return discount_class(discount)


def discount_class(discount: Discount) -> str:
    """Shipping, product or order."""
    if discount.kind.value.endswith("FreeShipping"):
        return "SHIPPING"
    items = (discount.terms.get("customerGets") or {}).get("items") or {}
    return "ORDER" if items.get("all") else "PRODUCT"


@field(WITH_GETS, "customerGets")
def customer_gets(discount: Discount, call: Call, _given: Given) -> Shown:
    """What the customer gets."""
    gets = discount.terms.get("customerGets") or {}
    values = {
        "value": gets_value(gets.get("value") or {}, call),
        "items": items(gets.get("items") or {}),
        "appliesOnOneTimePurchase": gets.get("appliesOnOneTimePurchase", True),
        "appliesOnSubscription": gets.get("appliesOnSubscription", False),
    }
    return Shown("DiscountCustomerGets", values)


def gets_value(value: Mapping[str, Any], call: Call) -> Shown:
    """A percentage, an amount, or one of these on so many items."""
    if "discountOnQuantity" in value:
        inner = value["discountOnQuantity"] or {}
        quantity = Shown("DiscountQuantity", {"quantity": inner.get("quantity")})
        effect = gets_value({"percentage": None, **(inner.get("effect") or {})}, call)
        return Shown("DiscountOnQuantity", {"quantity": quantity, "effect": effect})
    if value.get("discountAmount"):
        amount = value["discountAmount"]
        shown = {"amount": money(amount["amount"], call), "appliesOnEachItem": bool(amount.get("appliesOnEachItem"))}
        return Shown("DiscountAmount", shown)
    return Shown("DiscountPercentage", {"percentage": value.get("percentage")})


def items(given: Mapping[str, Any]) -> Shown:
    """On which items. Only their ids exist in the sandbox, so asking for more of them fails loudly."""
    if given.get("all"):
        return Shown("AllDiscountItems", {"allItems": True})
    return Shown("DiscountCollections" if "collections" in given else "DiscountProducts", given)


@field("DiscountProducts", "products")
def item_products(of: Shown, _call: Call, given: Given) -> Page:
    """The products, by their ids."""
    return ids_page("Product", (of.values.get("products") or {}).get("productsToAdd") or [], given)


@field("DiscountProducts", "productVariants")
def item_variants(of: Shown, _call: Call, given: Given) -> Page:
    """The product variants, by their ids."""
    return ids_page("ProductVariant", (of.values.get("products") or {}).get("productVariantsToAdd") or [], given)


@field("DiscountCollections", "collections")
def item_collections(of: Shown, _call: Call, given: Given) -> Page:
    """The collections, by their ids."""
    return ids_page("Collection", (of.values.get("collections") or {}).get("add") or [], given)


def ids_page(typename: str, gids: Sequence[str], given: Given) -> Page:
    """A page of items that are known by their ids alone."""
    return cut_page([Shown(typename, {"id": gid}) for gid in gids], item_key, given)


def item_key(item: Shown) -> tuple[int, Any]:
    """The number in an item's id, twice."""
    number = str(item.values["id"]).rpartition("/")[2]
    return int(number), number


@field("DiscountCodeBxgy DiscountAutomaticBxgy", "customerBuys")
def customer_buys(discount: Discount, _call: Call, _given: Given) -> Shown:
    """What the customer has to buy."""
    buys = discount.terms.get("customerBuys") or {}
    quantity = (buys.get("value") or {}).get("quantity")
    if quantity is None:
        raise not_shown("customerBuys by amount")
    shown = {"value": Shown("DiscountQuantity", {"quantity": quantity}), "items": items(buys.get("items") or {})}
    return Shown("DiscountCustomerBuys", shown)


@field(WITH_MINIMUM, "minimumRequirement")
def minimum_requirement(discount: Discount, call: Call, _given: Given) -> Shown | None:
    """From which cart on."""
    minimum = discount.terms.get("minimumRequirement") or {}
    if minimum.get("subtotal"):
        amount = money(minimum["subtotal"]["greaterThanOrEqualToSubtotal"], call)
        return Shown("DiscountMinimumSubtotal", {"greaterThanOrEqualToSubtotal": amount})
    if minimum.get("quantity"):
        quantity = minimum["quantity"]["greaterThanOrEqualToQuantity"]
        return Shown("DiscountMinimumQuantity", {"greaterThanOrEqualToQuantity": quantity})
    return None


@field(SHIPPING, "destinationSelection")
def destination_selection(discount: Discount, _call: Call, _given: Given) -> Shown:
    """Where to; the list of countries comes back empty, as recorded."""
    destination = discount.terms.get("destination") or {"all": True}
    if destination.get("all"):
        return Shown("DiscountCountryAll", {"allCountries": True})
    rest = bool((destination.get("countries") or {}).get("includeRestOfWorld"))
    return Shown("DiscountCountries", {"countries": [], "includeRestOfWorld": rest})


@field(SHIPPING, "maximumShippingPrice")
def maximum_shipping_price(discount: Discount, call: Call, _given: Given) -> Shown | None:
    """Up to which rate."""
    price = discount.terms.get("maximumShippingPrice")
    return None if price is None else money(price, call)


@field(SHIPPING, "appliesOnOneTimePurchase")
def on_one_time_purchase(discount: Discount, _call: Call, _given: Given) -> bool:
    """Whether it applies to single purchases."""
    return bool(discount.terms.get("appliesOnOneTimePurchase", True))


@field(SHIPPING, "appliesOnSubscription")
def on_subscription(discount: Discount, _call: Call, _given: Given) -> bool:
    """Whether it applies to subscriptions."""
    return bool(discount.terms.get("appliesOnSubscription", False))


@field(ALL_TYPES, "summary")
def summary(discount: Discount, _call: Call, _given: Given) -> str:
    """The discount in words."""
    terms = discount.terms
    if discount.kind.value.endswith("Bxgy"):
        return bxgy_words(terms)
    if discount.kind.value.endswith("FreeShipping"):
        return " • ".join(
            [*shipping_words(discount), *(["One use per customer"] if terms.get("appliesOncePerCustomer") else [])]
        )
    return " • ".join([f"{value_words(terms)} off entire order", *minimum_words(terms)])


@field(f"DiscountCodeBasic DiscountAutomaticBasic {SHIPPING}", "shortSummary")
def short_summary(discount: Discount, call: Call, given: Given) -> str:
    """The first part of the summary (assumed)."""
    return str(summary(discount, call, given)).partition(" • ")[0]


def bxgy_words(terms: Mapping[str, Any]) -> str:
    """Say what is bought and what is got."""
    bought = int(terms["customerBuys"]["value"]["quantity"])
    gets = terms["customerGets"]["value"]["discountOnQuantity"]
    got, share = int(gets["quantity"]), Decimal(str((gets.get("effect") or {}).get("percentage") or 1))
    effect = "free" if share == 1 else f"at {percent(share)} off"
    return f"Buy {counted(bought)}, get {counted(got)} {effect}"


def counted(number: int) -> str:
    """So many items."""
    return f"{number} item" if number == 1 else f"{number} items"


def percent(share: Decimal) -> str:
    """A share as a percentage."""
    return f"{(share * 100).normalize():f}%"


def value_words(terms: Mapping[str, Any]) -> str:
    """The value of a basic discount."""
    value = (terms.get("customerGets") or {}).get("value") or {}
    if value.get("discountAmount"):
        return f"${Decimal(value['discountAmount']['amount']):.2f}"
    return percent(Decimal(str(value.get("percentage") or 0)))


def minimum_words(terms: Mapping[str, Any]) -> list[str]:
    """From which cart on, in words."""
    minimum = terms.get("minimumRequirement") or {}
    if minimum.get("subtotal"):
        return [f"Minimum purchase of ${Decimal(minimum['subtotal']['greaterThanOrEqualToSubtotal']):.2f}"]
    if minimum.get("quantity"):
        return [f"Minimum quantity of {minimum['quantity']['greaterThanOrEqualToQuantity']}"]
    return []


def shipping_words(discount: Discount) -> list[str]:
    """Free shipping in words."""
    terms = discount.terms
    once, often = terms.get("appliesOnOneTimePurchase", True), terms.get("appliesOnSubscription", False)
    which = (
        "one-time purchase products"
        if once and not often
        else "subscription products"
        if often and not once
        else "all products"
    )
    if not discount.kind.has_codes:
        which = "all products"
    words = [
        f"Free shipping on {which}",
        *minimum_words(terms),
        country_words(terms.get("destination") or {"all": True}),
    ]
    if terms.get("maximumShippingPrice"):
        words.append(f"Applies to shipping rates under ${Decimal(terms['maximumShippingPrice']):.2f}")
    return words


def country_words(destination: Mapping[str, Any]) -> str:
    """Where to, in words."""
    if destination.get("all"):
        return "For all countries"
    added = (destination.get("countries") or {}).get("add") or []
    names = {"US": "United States", "CA": "Canada"}
    return f"For {names.get(added[0], added[0])}" if len(added) == 1 else f"For {len(added)} countries"


def not_shown(what: str) -> GraphQLError:
    """The refusal to show what the sandbox does not keep."""
    return GraphQLError(f"sandbox: {what} is not implemented", extensions={"code": "NOT_IMPLEMENTED_IN_SANDBOX"})
