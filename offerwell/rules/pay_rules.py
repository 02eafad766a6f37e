"""Rules of a payout option: what some products, orders, days or buyers earn instead of "everything else".

Source: domain §4. Conditions are judged on the order as it was placed, so that a refund takes its share of what was
earned and never moves an order under another rule. Products are named by the store's id or by title, whatever the case:
stores tell the title of each line, and not the collections that its product is in; those are read beforehand
(`rules/pay_collections.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from offerwell.rules.money import decimals_of, money_text
from offerwell.rules.pay_collections import (
    Keys,
    RuleCollection,
    collections_json,
    collections_of,
    collections_problem,
    tidied_collections,
)
from offerwell.rules.payouts import (
    LARGEST_AMOUNT,
    LONGEST_NAME,
    MOST_BASIS_POINTS,
    WITH_PERCENT,
    basis_points_of,
    minor_units,
    percent_text,
)
from offerwell.rules.written_dates import day_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

BUYERS = {"": "Anybody", "new": "New customers", "returning": "Returning customers"}
MOST_RULES = 50
MOST_PRODUCTS = 200
LONGEST_PRODUCT = 200
_CURRENCY = re.compile(r"[A-Z]{3}")
_NAMED_PRODUCTS = 3


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line as ordered in `store`, and what of its net went back. Smallest units."""

    net: int
    refunded: int = 0
    product: str = ""
    title: str = ""
    store: int = 0

    @property
    def left(self) -> int:
        """What of the net is kept."""
        return max(0, self.net - self.refunded)


@dataclass(frozen=True, slots=True)
class PayRule:
    """What an order, or the lines of some products, earn. All conditions that are given have to hold.

    A line is meant that is of one of `products`, or of a product in one of `collections`.
    `basis_points` where the option pays a share of the sale, `amount` (in the option's currency) where it pays for a
    conversion alone. `at_least` is the net of the order, in `currency`; orders in others do not have it. The days are
    those of `zone`, both inclusive. `buyer` is new, returning or empty: who is unknown is neither.
    """

    basis_points: int | None = None
    amount: int | None = None
    name: str = ""
    products: tuple[str, ...] = ()
    at_least: int | None = None
    currency: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    zone: str = "UTC"
    buyer: str = ""
    collections: tuple[RuleCollection, ...] = ()

    @property
    def has_condition(self) -> bool:
        """Whether it is about anything less than everything."""
        days = self.starts_on is not None or self.ends_on is not None
        return self.is_about_products or self.at_least is not None or days or bool(self.buyer)

    @property
    def is_about_products(self) -> bool:
        """Whether it is about some lines only."""
        return bool(self.products or self.collections)

    def fits_order(self, *, net: int, currency: str, placed_at: datetime | None, is_returning: bool | None) -> bool:
        """Whether what it asks of the order holds."""
        if self.at_least is not None and (currency != self.currency or net < self.at_least):
            return False
        if self.buyer and is_returning is not (self.buyer == "returning"):
            return False
        return self._is_in_time(placed_at)

    def _is_in_time(self, placed_at: datetime | None) -> bool:
        if self.starts_on is None and self.ends_on is None:
            return True
        if placed_at is None:
            return False
        day = placed_at.astimezone(ZoneInfo(self.zone)).date()
        return (self.starts_on is None or day >= self.starts_on) and (self.ends_on is None or day <= self.ends_on)

    def fits_line(self, line: SoldLine) -> bool:
        """Whether it is about this line. Raises LookupError where its collections were not read."""
        if not self.is_about_products:
            return True
        names = frozenset((line.product.lower(), line.title.lower())) - {""}
        return any(product.lower() in names for product in self.products) or any(
            collection.has(line.store, names) for collection in self.collections
        )

    def read(self, keys: Mapping[int, Keys]) -> PayRule:
        """With the products of its collections; `keys` by their rows."""
        return replace(self, collections=tuple(one.read(keys) for one in self.collections))


class RulesRefused(Exception):
    """The rules or tiers cannot be stored. Nothing was. `problems` maps a field to a sentence."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


def tidied_rule(rule: PayRule, kind: str) -> PayRule:
    """The rule without spaces around texts, without copies, and without what its option's kind has no use for."""
    products = dict.fromkeys(" ".join(product.split()) for product in rule.products)
    rule = replace(rule, name=" ".join(rule.name.split()), products=tuple(one for one in products if one))
    rule = replace(rule, collections=tidied_collections(rule.collections))
    rule = replace(rule, currency=rule.currency.strip().upper() if rule.at_least is not None else "")
    return replace(rule, amount=None) if kind in WITH_PERCENT else replace(rule, basis_points=None)


def rule_problems(rule: PayRule, kind: str) -> dict[str, str]:
    """Field → sentence with the next step, for every field that is wrong. Expects a tidied rule."""
    found = {"pay": _pay_problem(rule, kind)}
    if len(rule.name) > LONGEST_NAME:
        found["rule_name"] = f"The name is {len(rule.name)} characters long. Use at most {LONGEST_NAME}."
    if len(rule.products) > MOST_PRODUCTS or any(len(one) > LONGEST_PRODUCT for one in rule.products):
        found["products"] = f"Name at most {MOST_PRODUCTS} products, each with {LONGEST_PRODUCT} characters at most."
    found["collections"] = collections_problem(rule.collections)
    if rule.at_least is not None and not 0 < rule.at_least <= LARGEST_AMOUNT:
        found["at_least"] = "Enter the order's value as a number above 0, in whole units of the smallest coin."
    elif rule.at_least is not None and not _CURRENCY.fullmatch(rule.currency):
        found["value_currency"] = "Enter the currency as three letters, for example USD."
    if rule.starts_on is not None and rule.ends_on is not None and rule.ends_on < rule.starts_on:
        found["ends_on"] = "The last day is before the first. Choose a later one."
    if rule.buyer not in BUYERS:
        found["buyer"] = "Choose anybody, new or returning customers."
    if not rule.has_condition:
        found["products"] = (
            "Say for what: products, collections, an order value, days or customers. Everything else has the terms."
        )
    return {field: sentence for field, sentence in found.items() if sentence}


def _pay_problem(rule: PayRule, kind: str) -> str:
    if kind == "cpc":
        return "Rules are about orders, and this option pays for clicks. Choose another option."
    if kind in WITH_PERCENT and (rule.basis_points is None or not 0 <= rule.basis_points <= MOST_BASIS_POINTS):
        return "Enter the share of the sale as a number from 0 to 100, with at most two decimals."
    if kind not in WITH_PERCENT and (rule.amount is None or not 0 < rule.amount <= LARGEST_AMOUNT):
        return "Enter the amount as a number above 0, in whole units of the currency's smallest coin."
    return ""


def pay_text(basis_points: int | None, amount: int | None, currency: str) -> str:
    """“15%” or “5.00 USD”."""
    return percent_text(basis_points) if basis_points is not None else money_text(amount or 0, currency)


def rule_text(rule: PayRule, currency: str) -> str:
    """“15% on Serum”, “20% from 5,000.00 USD”; `currency` is the option's."""
    return f"{pay_text(rule.basis_points, rule.amount, currency)} {conditions_text(rule)}"


def conditions_text(rule: PayRule) -> str:
    """“on Serum from 5,000.00 USD”; a name stands for the products, which may be many, and for collections."""
    found = []
    if rule.is_about_products:
        found.append(f"on {rule.name or _about(rule)}")
    if rule.at_least is not None:
        found.append(f"from {money_text(rule.at_least, rule.currency)}")
    if rule.buyer:
        found.append(f"for {BUYERS[rule.buyer].lower()}")
    found += _days(rule)
    told = " ".join(found)
    return f"{told} ({rule.name})" if rule.name and not rule.is_about_products else told


def _about(rule: PayRule) -> str:
    """“Mist, the collections Summer, Gifts”: the products first, so that it is clear what is a collection."""
    titles = [one.title or one.asked for one in rule.collections]
    if titles:
        titles[0] = f"the collection{'s' if len(titles) > 1 else ''} {titles[0]}"
    return _listed([*rule.products, *titles])


def _days(rule: PayRule) -> list[str]:
    if rule.starts_on and rule.ends_on:
        return [f"from {day_text(rule.starts_on)} to {day_text(rule.ends_on)}"]
    if rule.starts_on:
        return [f"since {day_text(rule.starts_on)}"]
    return [f"until {day_text(rule.ends_on)}"] if rule.ends_on else []


def _listed(products: Sequence[str]) -> str:
    more = len(products) - _NAMED_PRODUCTS
    return ", ".join(products[:_NAMED_PRODUCTS]) + (f" and {more} more" if more > 0 else "")


def rule_json(rule: PayRule) -> dict[str, Any]:
    """The rule as it is stored; what is not given is left out."""
    columns = {
        "basis_points": rule.basis_points, "amount": rule.amount, "name": rule.name, "products": list(rule.products),
        "at_least": rule.at_least, "currency": rule.currency, "buyer": rule.buyer,
        "starts_on": rule.starts_on and rule.starts_on.isoformat(),
        "ends_on": rule.ends_on and rule.ends_on.isoformat(), "collections": collections_json(rule.collections),
    }  # fmt: skip
    has_days = rule.starts_on is not None or rule.ends_on is not None
    found = {name: value for name, value in columns.items() if value not in (None, "", [])}
    return found | ({"zone": rule.zone} if has_days else {})


def rule_of(stored: Mapping[str, Any]) -> PayRule:
    """A stored rule; the products of its collections are not read."""
    days = {name: date.fromisoformat(stored[name]) for name in ("starts_on", "ends_on") if name in stored}
    named = {
        "products": tuple(stored.get("products", ())), "collections": collections_of(stored.get("collections", ()))
    }  # fmt: skip
    return PayRule(**{**stored, **named, **days})


def rules_of(stored: Iterable[Mapping[str, Any]]) -> tuple[PayRule, ...]:
    """Stored rules, in their order."""
    return tuple(rule_of(one) for one in stored)


_FORM = (
    "“{text}” is no rule. Write what it pays, then on what: 15: product=Serum; collection=Summer; value=5000USD; "
    "from=2026-12-01; until=2026-12-31; buyer=new; name=Serums. Of these at least one; product and collection may "
    "stand several times."
)


def written_rule(text: str, *, kind: str, currency: str, zone: str) -> PayRule:
    """A rule as the command line takes it. Raises RulesRefused for what is not of this form.

    `kind` and `currency` are the option's; the values are judged by `rule_problems`.
    """
    pay, _, rest = text.partition(":")
    rule = PayRule(zone=zone)
    if kind in WITH_PERCENT:
        rule = replace(rule, basis_points=basis_points_of(pay))
    else:
        rule = replace(rule, amount=minor_units(pay.strip().upper().removesuffix(currency), currency))
    for condition in filter(None, (one.strip() for one in rest.split(";"))):
        key, _, value = (part.strip() for part in condition.partition("="))
        try:
            rule = _with(rule, key.lower(), value)
        except ValueError as problem:
            raise RulesRefused({"rule": _FORM.format(text=text)}) from problem
    return rule


def _with(rule: PayRule, key: str, value: str) -> PayRule:
    """The rule with one more condition. Raises ValueError for none."""
    if key == "product":
        return replace(rule, products=(*rule.products, value))
    if key == "collection":
        return replace(rule, collections=(*rule.collections, RuleCollection(value)))
    if key == "value":
        return replace(rule, at_least=minor_units(value[:-3], value[-3:].upper()) or 0, currency=value[-3:].upper())
    if key == "from":
        return replace(rule, starts_on=date.fromisoformat(value))
    if key == "until":
        return replace(rule, ends_on=date.fromisoformat(value))
    if key in ("buyer", "name"):
        return replace(rule, buyer=value.lower()) if key == "buyer" else replace(rule, name=value)
    raise ValueError(key)


def decimal_text(amount: int, currency: str) -> str:
    """1250 of USD as “12.50”, for a field."""
    decimals = decimals_of(currency)
    whole, rest = divmod(amount, 10**decimals)
    return f"{whole}.{rest:0{decimals}d}" if decimals else str(whole)
