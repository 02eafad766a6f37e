"""The forms of a rule and of tiers: what was typed, and what it means."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from offerwell.rules.pay_collections import RuleCollection
from offerwell.rules.pay_rules import PayRule, RulesRefused, decimal_text
from offerwell.rules.pay_tiers import MOST_TIERS, Tier, Tiers, step_of
from offerwell.rules.payouts import WITH_PERCENT, basis_points_of, minor_units, percent_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import QueryDict

    from offerwell.models import PayoutOption

_RULE_FIELDS = ("pay", "rule_name", "at_least", "value_currency", "starts_on", "ends_on", "buyer")
_LISTS = ("products", "collections")
_LONGEST_LIST = 50_000
Typed = dict[str, str]


def typed_rule(fields: QueryDict) -> Typed:
    """The fields as typed; products and collections one a line."""
    typed = {name: _text(fields, name) for name in _RULE_FIELDS}
    return typed | {name: fields.get(name, "").replace("\x00", "")[:_LONGEST_LIST].strip() for name in _LISTS}


def _text(fields: QueryDict, name: str) -> str:
    return fields.get(name, "").replace("\x00", "")[:200].strip()


def rule_typed(rule: PayRule, option: PayoutOption) -> Typed:
    """A stored rule as it would be typed."""
    return {
        "pay": pay_typed(rule.basis_points, rule.amount, option), "rule_name": rule.name,
        "products": "\n".join(rule.products), "buyer": rule.buyer, "value_currency": rule.currency,
        "collections": "\n".join(one.asked for one in rule.collections),
        "at_least": "" if rule.at_least is None else decimal_text(rule.at_least, rule.currency),
        "starts_on": "" if rule.starts_on is None else rule.starts_on.isoformat(),
        "ends_on": "" if rule.ends_on is None else rule.ends_on.isoformat(),
    }  # fmt: skip


def pay_typed(basis_points: int | None, amount: int | None, option: PayoutOption) -> str:
    """“12.5” of per cent or of the option's currency."""
    if basis_points is not None:
        return percent_text(basis_points).removesuffix("%")
    return "" if amount is None else decimal_text(amount, option.currency)


def rule_from(typed: Mapping[str, str], option: PayoutOption, zone: str) -> PayRule:
    """What was typed; a number that is none is one that `rule_problems` names. Raises RulesRefused for a bad day."""
    has_percent, currency = option.kind in WITH_PERCENT, typed["value_currency"].upper()
    return PayRule(
        basis_points=basis_points_of(typed["pay"]) if has_percent else None,
        amount=None if has_percent else minor_units(typed["pay"], option.currency),
        name=typed["rule_name"], products=tuple(typed["products"].splitlines()), currency=currency,
        at_least=(minor_units(typed["at_least"], currency) or 0) if typed["at_least"] else None,
        starts_on=_day(typed, "starts_on"), ends_on=_day(typed, "ends_on"), zone=zone, buyer=typed["buyer"],
        collections=tuple(RuleCollection(line) for line in typed["collections"].splitlines()),
    )  # fmt: skip


def _day(typed: Mapping[str, str], name: str) -> date | None:
    try:
        return date.fromisoformat(typed[name]) if typed[name] else None
    except ValueError as problem:
        raise RulesRefused({name: "Enter a day as 2026-12-31."}) from problem


def typed_tiers(fields: QueryDict) -> tuple[Typed, list[tuple[str, str]]]:
    """How tiers are reached, and (from, pays) of each row that is not empty."""
    how = {name: _text(fields, name) for name in ("measure", "period", "tier_currency")}
    rows = [(_text(fields, f"from_{n}"), _text(fields, f"pays_{n}")) for n in range(1, MOST_TIERS + 1)]
    return how, [row for row in rows if any(row)]


def tiers_typed(tiers: Tiers | None, option: PayoutOption, currency: str) -> tuple[Typed, list[tuple[str, str]]]:
    """Stored tiers as they would be typed; `currency` is proposed where there is none yet."""
    if tiers is None:
        return {"measure": "sales", "period": "lifetime", "tier_currency": currency}, []
    how = {"measure": tiers.measure, "period": tiers.period, "tier_currency": tiers.currency or currency}
    return how, [(_threshold(tiers, step), pay_typed(step.basis_points, step.amount, option)) for step in tiers.steps]


def _threshold(tiers: Tiers, step: Tier) -> str:
    return decimal_text(step.threshold, tiers.currency) if tiers.measure == "sales" else str(step.threshold)


def tiers_from(how: Mapping[str, str], rows: list[tuple[str, str]], option: PayoutOption) -> Tiers | None:
    """What was typed; no rows: no tiers."""
    if not rows:
        return None
    currency = how["tier_currency"].upper() if how["measure"] == "sales" else ""
    steps = tuple(
        step_of(start, pays, measure_currency=currency, kind=option.kind, currency=option.currency)
        for start, pays in rows
    )
    return Tiers(how["measure"], how["period"], steps, currency)
