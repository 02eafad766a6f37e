"""What a person wants an offer to be, and what is wrong with it, field by field.

Source: domain §4. Only what can be told from the draft alone; whether a name is free or a store exists
is asked by the actions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from offerwell.rules.code_names import InvalidPattern, NamePattern, parse_pattern
from offerwell.rules.discount_link import LinkPlan, redirect_problem, utm_problem
from offerwell.rules.discount_terms import (
    ALL_ITEMS,
    Combines,
    DiscountKind,
    DiscountTerms,
    ItemKind,
    Items,
    Purchase,
)
from offerwell.rules.redirect import DeadLink
from offerwell.rules.store_items import items_problem, normal_items
from offerwell.rules.web_address import (
    address_problem,
    allowed_domains,
    domain_of,
    domains_problem,
    page_problem,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

TYPES = ("promo_code", "sales_link", "both")
STATUSES = ("draft", "active", "paused", "archived")
LONGEST_TITLE = 255
# A discount holds five tags; the first is Offerwell's own.
MOST_TAGS = 4
LONGEST_TAG = 255
_UTM = ("utm_source", "utm_medium", "utm_campaign")
LONGEST_NAME = 120
LONGEST_PATTERN = 80
# What the columns hold: numeric(12, 2), and a 32-bit count.
LARGEST_SUM = Decimal("9999999999.99")
LARGEST_LIMIT = 2_147_483_647


@dataclass(frozen=True, slots=True)
class OfferDraft:
    """An offer as filled in. `discount_value` is 20 for 20 %, or a sum in the store's currency.

    Of Buy X Get Y it is the percentage off what is got. `applies_to` and `item_ids` are what the discount
    applies to (for Buy X Get Y: what is got), `buys_from` and `buys_ids` what must be bought; ids as people
    paste them. `title` is the discount's name in the store (empty: the offer's).

    `extra_domains` are those that sales links may lead to beside the destination's own; `deep_links`: members make
    links to single pages; `dead_link` is a `DeadLink`, `dead_link_to` its address. UTM values are those of sales
    links and discount links.
    """

    name: str
    type: str
    discount_kind: str = DiscountKind.PERCENT
    discount_value: Decimal | None = None
    minimum: Decimal | None = None
    usage_limit: int | None = None
    once_per_customer: bool = False
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    destination: str = ""
    code_pattern: str = str(NamePattern.FIRST_NAME_DISCOUNT)
    store_ids: tuple[int, ...] = ()
    description: str = ""
    status: str = "active"
    minimum_quantity: int | None = None
    applies_to: str = ItemKind.ALL
    item_ids: tuple[str, ...] = ()
    buys_from: str = ItemKind.PRODUCTS
    buys_ids: tuple[str, ...] = ()
    buys_quantity: int | None = None
    gets_quantity: int | None = None
    uses_per_order: int | None = None
    combines_product: bool = False
    combines_order: bool = False
    combines_shipping: bool = False
    purchase: str = Purchase.ONE_TIME
    title: str = ""
    tags: tuple[str, ...] = ()
    discount_links: bool = False
    redirect: str = ""
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    extra_domains: tuple[str, ...] = ()
    deep_links: bool = False
    dead_link: str = DeadLink.SHOP
    dead_link_to: str = ""

    @property
    def has_codes(self) -> bool:
        """Whether members get promo codes."""
        return self.type in {"promo_code", "both"}

    @property
    def has_links(self) -> bool:
        """Whether members get sales links."""
        return self.type in {"sales_link", "both"}

    @property
    def kind(self) -> DiscountKind | None:
        """What the discount gives; None where that is none of the kinds."""
        return DiscountKind(self.discount_kind) if self.discount_kind in set(DiscountKind) else None

    @property
    def terms(self) -> DiscountTerms:
        """The terms of a draft without problems."""
        return DiscountTerms(
            kind=DiscountKind(self.discount_kind), value=self.discount_value or Decimal(0), minimum=self.minimum,
            once_per_customer=self.once_per_customer, usage_limit=self.usage_limit,
            minimum_quantity=self.minimum_quantity, items=_items(self.applies_to, self.item_ids),
            buys=_items(self.buys_from, self.buys_ids), buys_quantity=self.buys_quantity or 1,
            gets_quantity=self.gets_quantity or 1, uses_per_order=self.uses_per_order,
            combines=Combines(self.combines_product, self.combines_order, self.combines_shipping),
            purchase=Purchase(self.purchase),
        )  # fmt: skip

    @property
    def link_plan(self) -> LinkPlan:
        """How discount links are made."""
        return LinkPlan(self.redirect, self.utm_source, self.utm_medium, self.utm_campaign)


def _items(kind: str, ids: tuple[str, ...]) -> Items:
    return ALL_ITEMS if kind == ItemKind.ALL or not ids else Items(ItemKind(kind), ids)


class OfferRefused(Exception):
    """The draft cannot become an offer. Nothing was stored. `problems` maps a field to a sentence."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


def tidied(draft: OfferDraft) -> OfferDraft:
    """The draft without spaces around texts, and without what its type and its kind have no use for."""
    draft = replace(
        draft, name=" ".join(draft.name.split()), destination=draft.destination.strip(),
        code_pattern=draft.code_pattern.strip(), description=draft.description.strip(),
        store_ids=tuple(dict.fromkeys(draft.store_ids)), title=" ".join(draft.title.split()),
        tags=tuple(dict.fromkeys(tag for tag in map(str.strip, draft.tags) if tag)),
    )  # fmt: skip
    draft = _with_sales_links(draft) if draft.has_links else _without_sales_links(draft)
    return _of_its_kind(draft) if draft.has_codes else _without_codes(draft)


def _with_sales_links(draft: OfferDraft) -> OfferDraft:
    domains = (domain_of(one) or one.strip() for one in draft.extra_domains)
    is_address = draft.dead_link == DeadLink.ADDRESS
    return replace(
        draft, extra_domains=tuple(dict.fromkeys(one for one in domains if one)),
        dead_link_to=draft.dead_link_to.strip() if is_address else "", **_tidied_utm(draft),
    )  # fmt: skip


def _without_sales_links(draft: OfferDraft) -> OfferDraft:
    return replace(draft, destination="", extra_domains=(), deep_links=False, dead_link=DeadLink.SHOP, dead_link_to="")


def _tidied_utm(draft: OfferDraft) -> dict[str, Any]:
    return {name: getattr(draft, name).strip() for name in _UTM}


def _without_codes(draft: OfferDraft) -> OfferDraft:
    bare = OfferDraft(name="", type="")
    return replace(
        draft, discount_kind="", discount_value=None, minimum=None, usage_limit=None, once_per_customer=False,
        code_pattern="", store_ids=(), title="", tags=(), purchase=bare.purchase, combines_product=False,
        combines_order=False, combines_shipping=False, minimum_quantity=None,
        **_no_items(), **_no_discount_links(draft),
    )  # fmt: skip


def _of_its_kind(draft: OfferDraft) -> OfferDraft:
    """Fields of another kind may be filled in a form that shows all of them: they mean nothing here."""
    if draft.kind is DiscountKind.FREE_SHIPPING:
        # Shipping is lowered once: the store combines no two discounts of it.
        draft = replace(draft, discount_value=None, combines_shipping=False, applies_to=ItemKind.ALL, item_ids=())
    if draft.kind is DiscountKind.BUY_X_GET_Y:
        draft = replace(draft, minimum=None, minimum_quantity=None, purchase=Purchase.ONE_TIME)
    else:
        draft = replace(
            draft, buys_from=ItemKind.ALL, buys_ids=(), buys_quantity=None, gets_quantity=None, uses_per_order=None
        )
    if draft.applies_to == ItemKind.ALL:
        draft = replace(draft, item_ids=())
    if not draft.discount_links:
        draft = replace(draft, **_no_discount_links(draft))
    return replace(
        draft, item_ids=_normal(draft.applies_to, draft.item_ids), buys_ids=_normal(draft.buys_from, draft.buys_ids),
        redirect=draft.redirect.strip(), **_tidied_utm(draft),
    )  # fmt: skip


def _no_items() -> dict[str, Any]:
    return {
        "applies_to": ItemKind.ALL, "item_ids": (), "buys_from": ItemKind.ALL, "buys_ids": (), "buys_quantity": None,
        "gets_quantity": None, "uses_per_order": None,
    }  # fmt: skip


def _no_discount_links(draft: OfferDraft) -> dict[str, Any]:
    """UTM values stay where sales links have a use for them."""
    utm = {} if draft.has_links else dict.fromkeys(_UTM, "")
    return {"discount_links": False, "redirect": "", **utm}


def _normal(kind: str, ids: tuple[str, ...]) -> tuple[str, ...]:
    return normal_items(ids, ItemKind(kind)) if kind in {ItemKind.PRODUCTS, ItemKind.COLLECTIONS} else ()


def problems_of(draft: OfferDraft) -> dict[str, str]:
    """Field → sentence with the next step, for every field that is wrong. Expects a tidied draft."""
    found = {"name": _name_problem(draft), "type": _type_problem(draft), "ends_at": _window_problem(draft)}
    if draft.status not in STATUSES:
        found["status"] = "Choose one of the statuses."
    if draft.has_codes:
        found |= _code_problems(draft)
    if draft.has_links:
        found |= _sales_link_problems(draft)
    return {field: sentence for field, sentence in found.items() if sentence}


def _name_problem(draft: OfferDraft) -> str:
    if not draft.name:
        return "Give the offer a name."
    if len(draft.name) > LONGEST_NAME:
        return f"The name is {len(draft.name)} characters long. Use at most {LONGEST_NAME}."
    return ""


def _type_problem(draft: OfferDraft) -> str:
    return "" if draft.type in TYPES else "Choose Promo Code, Sales Link or both."


def _window_problem(draft: OfferDraft) -> str:
    if draft.starts_at and draft.ends_at and draft.ends_at <= draft.starts_at:
        return "The offer ends before it starts. Choose a later end."
    return ""


def _code_problems(draft: OfferDraft) -> dict[str, str]:
    if draft.kind is None:
        return {"discount_kind": "Choose what the discount gives.", "stores": _store_problem(draft)}
    found = {
        "discount_value": _discount_problem(draft),
        "minimum": _minimum_problem(draft),
        "minimum_quantity": _count_problem(draft.minimum_quantity, "leave it empty for no minimum"),
        "usage_limit": _count_problem(draft.usage_limit, "leave it empty for no limit"),
        "purchase": "" if draft.purchase in set(Purchase) else "Choose which purchases it applies to.",
        "applies_to": "" if draft.applies_to in set(ItemKind) else "Choose everything, products or collections.",
        "item_ids": _ids_problem(draft.applies_to, draft.item_ids),
        "title": _title_problem(draft),
        "tags": _tags_problem(draft.tags),
        "code_pattern": _pattern_problem(draft),
        "stores": _store_problem(draft),
    }
    if draft.kind is DiscountKind.BUY_X_GET_Y:
        found |= _bxgy_problems(draft)
    return found | _link_problems(draft)


def stores_problem(draft: OfferDraft, currencies: Mapping[int, str], plain: Sequence[str] = ()) -> str:
    """What stands against giving one draft to these stores (id → currency). Expects a draft without problems.

    `plain` are the labels of those that take only percent and amount off the whole order (Vendure). A sum means
    another price in another currency, and products and collections are numbered by each store for itself (ADR 15).
    """
    known = sorted({currency for currency in currencies.values() if currency})
    if not draft.has_codes or draft.kind is None:
        return ""
    if draft.terms.has_sums and len(known) > 1:
        return (
            f"The stores have different currencies ({', '.join(known)}), and the discount names a sum. Choose stores "
            "of one currency, and create a second offer for the others."
        )
    if plain and (beyond := draft.terms.beyond_whole_orders):
        return (
            f"{' and '.join(plain)} can give a percentage or an amount off the whole order, not {beyond}. Leave the "
            "store out, and create a second offer for it."
        )
    if draft.terms.names_items and len(currencies) > 1:
        return (
            "Products and collections belong to one store. Choose one store, and create a second offer for each other "
            "one."
        )
    return ""


def _store_problem(draft: OfferDraft) -> str:
    return "" if draft.store_ids else "Choose at least one store for the codes."


def _discount_problem(draft: OfferDraft) -> str:
    value = draft.discount_value
    if draft.kind is None or not draft.kind.has_value:
        return ""
    if value is None or not value.is_finite() or value <= 0:
        if draft.kind is DiscountKind.BUY_X_GET_Y:
            return "Enter the percentage off the items got; 100 makes them free."
        return "Enter the discount as a number above 0."
    if draft.kind.is_share and value > 100:  # noqa: PLR2004  per cent
        return "A percentage goes up to 100."
    return _decimals_problem(value)


def _bxgy_problems(draft: OfferDraft) -> dict[str, str]:
    """Both sides must be named: the store takes no "everything" here."""
    needs = "Enter a whole number above 0."
    return {
        "buys_quantity": _count_problem(draft.buys_quantity, "") or ("" if draft.buys_quantity else needs),
        "gets_quantity": _count_problem(draft.gets_quantity, "") or ("" if draft.gets_quantity else needs),
        "uses_per_order": _count_problem(draft.uses_per_order, "leave it empty for no limit"),
        "buys_from": _must_be_named(draft.buys_from),
        "buys_ids": _ids_problem(draft.buys_from, draft.buys_ids),
        "applies_to": _must_be_named(draft.applies_to),
    }


def _must_be_named(kind: str) -> str:
    if kind in {ItemKind.PRODUCTS, ItemKind.COLLECTIONS}:
        return ""
    return "Choose products or collections: Buy X Get Y needs them named."


def _ids_problem(kind: str, ids: tuple[str, ...]) -> str:
    return items_problem(ids, ItemKind(kind)) if kind in {ItemKind.PRODUCTS, ItemKind.COLLECTIONS} else ""


def _title_problem(draft: OfferDraft) -> str:
    if len(draft.title) > LONGEST_TITLE:
        return f"The title is {len(draft.title)} characters long. Use at most {LONGEST_TITLE}."
    return ""


def _tags_problem(tags: tuple[str, ...]) -> str:
    if len(tags) > MOST_TAGS:
        return f"These are {len(tags)} tags. Use at most {MOST_TAGS}: Offerwell adds one of its own."
    if any(len(tag) > LONGEST_TAG for tag in tags):
        return f"A tag has at most {LONGEST_TAG} characters. Shorten it."
    if any("," in tag or not tag.isprintable() for tag in tags):
        return "Write each tag on a line of its own, without commas."
    return ""


def _link_problems(draft: OfferDraft) -> dict[str, str]:
    return {"redirect": redirect_problem(draft.redirect), **_utm_problems(draft)}


def _utm_problems(draft: OfferDraft) -> dict[str, str]:
    return {name: utm_problem(getattr(draft, name)) for name in _UTM}


def _sales_link_problems(draft: OfferDraft) -> dict[str, str]:
    found = {
        "destination": address_problem(draft.destination),
        "extra_domains": domains_problem(draft.extra_domains),
        "dead_link": "" if draft.dead_link in set(DeadLink) else "Choose what a link that is off does.",
        **_utm_problems(draft),
    }
    if draft.dead_link == DeadLink.ADDRESS and not found["destination"]:
        domains = allowed_domains(draft.destination, draft.extra_domains)
        found["dead_link_to"] = page_problem(draft.dead_link_to, domains)
    return found


def _minimum_problem(draft: OfferDraft) -> str:
    value = draft.minimum
    if value is None:
        return ""
    if draft.minimum_quantity is not None:
        return "Give a minimum sum or a minimum number of items, not both. Empty one of them."
    if not value.is_finite() or value <= 0:
        return "Enter the minimum purchase as a number above 0, or leave it empty."
    return _decimals_problem(value)


def _decimals_problem(value: Decimal) -> str:
    if value > LARGEST_SUM:
        return f"Use at most {LARGEST_SUM:,}."
    return "" if value == value.quantize(Decimal("0.01")) else "Use at most two decimals."


def _count_problem(number: int | None, otherwise: str) -> str:
    if number is None or 1 <= number <= LARGEST_LIMIT:
        return ""
    return f"Enter a whole number above 0, or {otherwise}." if otherwise else "Enter a whole number above 0."


def _pattern_problem(draft: OfferDraft) -> str:
    if len(draft.code_pattern) > LONGEST_PATTERN:
        return f"Use at most {LONGEST_PATTERN} characters for prefix, pattern and suffix together."
    try:
        parse_pattern(draft.code_pattern, discount=_number_for_names(draft))
    except InvalidPattern as error:
        return str(error)
    return ""


def _number_for_names(draft: OfferDraft) -> Decimal | None:
    is_read = draft.kind in {DiscountKind.PERCENT, DiscountKind.AMOUNT} and not _discount_problem(draft)
    return draft.discount_value if is_read else None
