"""What an order earns its member, and what has to be posted for it: target − posted, never an edit.

Source: domain §4 and §6, trust §6. Once per order, on the remaining base, in smallest units; stored amounts are never
converted, so an amount per conversion stays in the currency of its payout option. Conditions of rules look at the order
as it was placed; refunds only take their share.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from offerwell.rules.money import WHOLE, proportion
from offerwell.rules.pay_rules import SoldLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from offerwell.rules.pay_rules import PayRule
    from offerwell.rules.pay_tiers import Tiers


@dataclass(frozen=True, slots=True)
class Terms:
    """A payout option: `kind` is cps, cpa, cpa_cps or cpc; `amount` in the smallest unit of `currency`.

    Where one of `rules` applies, the best of them for the member stands instead of what is here: rules never stack.
    They say a share where the option has one, else an amount. `tier` (from 1) says that what is here is a tier's.
    """

    kind: str
    basis_points: int | None = None
    amount: int | None = None
    currency: str = ""
    rules: tuple[PayRule, ...] = ()
    tier: int = 0

    def in_tier(self, tiers: Tiers | None, number: int) -> Terms:
        """The terms with what the tier pays for everything else. Tier 0: as they are."""
        if tiers is None or not 0 < number <= len(tiers.steps):
            return self
        step = tiers.steps[number - 1]
        if self.basis_points is not None:
            return replace(self, basis_points=step.basis_points, tier=number)
        return replace(self, amount=step.amount, tier=number)


@dataclass(frozen=True, slots=True)
class Sale:
    """What an order is worth now. `counts` is False when it earns nothing: cancelled, a test, rejected, nobody's.

    Rules look at `lines` (none: one line that is everything), `placed_at` and `is_returning` (None: unknown).
    """

    currency: str
    net: int
    refunded: int = 0
    counts: bool = True
    lines: tuple[SoldLine, ...] = ()
    placed_at: datetime | None = None
    is_returning: bool | None = None

    @property
    def base(self) -> int:
        """What is left of the net."""
        return max(0, self.net - self.refunded)

    @property
    def sold(self) -> tuple[SoldLine, ...]:
        """Its lines; where the source told none, one of everything."""
        return self.lines or (SoldLine(self.net, min(self.net, self.refunded)),)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a commission: a share (`basis_points` of `base`), or an amount for the conversion.

    `rules` are those that gave it, which are several where they pay the same; none: everything else, in `tier`.
    """

    currency: str
    amount: int
    basis_points: int | None = None
    base: int = 0
    rules: tuple[PayRule, ...] = ()
    tier: int = 0


@dataclass(frozen=True, slots=True)
class Posting:
    """`amount` more (less: negative) for this member."""

    member_id: int
    currency: str
    amount: int


def commission_parts(terms: Terms, sale: Sale) -> tuple[Part, ...]:
    """The parts that the terms have, also where they come to nothing. CPC pays for clicks: an order earns nothing."""
    if not sale.counts or terms.kind == "cpc":
        return ()
    rules = tuple(rule for rule in terms.rules if _fits(rule, sale))
    parts = [_amount(terms, sale, rules)] if terms.amount else []
    if terms.basis_points is not None:
        parts += _shares(terms, terms.basis_points, sale, rules)
    return tuple(parts)


def _fits(rule: PayRule, sale: Sale) -> bool:
    return rule.fits_order(
        net=sale.net, currency=sale.currency, placed_at=sale.placed_at, is_returning=sale.is_returning
    ) and any(rule.fits_line(line) for line in sale.sold)


def _shares(terms: Terms, everything_else: int, sale: Sale, rules: Sequence[PayRule]) -> list[Part]:
    """One part for each rate, rounded once: a line has the best rate of the rules about it, else the terms'."""
    lines: dict[int, list[SoldLine]] = {}
    given: dict[int, set[PayRule]] = {}
    for line in sale.sold:
        mine = [rule for rule in rules if rule.basis_points is not None and rule.fits_line(line)]
        rate = max((rule.basis_points or 0 for rule in mine), default=everything_else)
        lines.setdefault(rate, []).append(line)
        given.setdefault(rate, set()).update(rule for rule in mine if rule.basis_points == rate)
    whole = sum(line.left for line in sale.sold)
    return [
        _share(terms, sale, rate, (sum(line.left for line in lines[rate]), whole), given[rate])
        for rate in sorted(lines, reverse=True)
    ]


def _share(terms: Terms, sale: Sale, rate: int, of: tuple[int, int], given: Iterable[PayRule]) -> Part:
    """`of`: what is left of the part's lines, and of all. What was given back for no line takes of each its share."""
    part, whole = of
    amount = proportion(sale.base * part, rate, whole * WHOLE) if whole else 0
    base = proportion(sale.base, part, whole) if whole else 0
    rules = tuple(sorted(given, key=repr))
    return Part(sale.currency, amount, rate, base, rules, 0 if rules else terms.tier)


def _amount(terms: Terms, sale: Sale, rules: Sequence[PayRule]) -> Part:
    """The amount for the conversion: the best of the rules', else the terms'. Once, whatever the number of lines."""
    found = [
        Part(terms.currency, _for_its_lines(rule, sale), rules=(rule,)) for rule in rules if rule.amount is not None
    ]
    everything_else = Part(terms.currency, _for_what_is_left(terms.amount or 0, sale), tier=terms.tier)
    return max(found, key=lambda part: (part.amount, repr(part.rules)), default=everything_else)


def _for_its_lines(rule: PayRule, sale: Sale) -> int:
    """A refund of the lines that a rule is about takes its share of the amount."""
    lines = [line for line in sale.sold if rule.fits_line(line)]
    net, left, whole = sum(one.net for one in lines), sum(one.left for one in lines), sum(one.left for one in sale.sold)
    if net <= 0:
        return _for_what_is_left(rule.amount or 0, sale)
    return proportion(rule.amount or 0, sale.base * left, whole * net) if whole else 0


def _for_what_is_left(amount: int, sale: Sale) -> int:
    """A refund takes its share of the amount; an order that cost nothing earns it whole."""
    return proportion(amount, sale.base, sale.net) if sale.net > 0 else amount


def commission_due(terms: Terms, sale: Sale) -> dict[str, int]:
    """Currency → what the order should have earned in all."""
    if not terms.rules:
        return _due_without_rules(terms, sale)
    due: Counter[str] = Counter()
    for part in commission_parts(terms, sale):
        due[part.currency] += part.amount
    return {currency: amount for currency, amount in due.items() if amount}


def _due_without_rules(terms: Terms, sale: Sale) -> dict[str, int]:
    """The sum of `commission_parts` without making them: every line has the same rate."""
    if not sale.counts or terms.kind == "cpc":
        return {}
    share, amount = 0, _for_what_is_left(terms.amount, sale) if terms.amount else 0
    if terms.basis_points is not None and any(line.left for line in sale.sold):
        share = proportion(sale.base, terms.basis_points, WHOLE)
    if amount and terms.currency == sale.currency:
        return {sale.currency: amount + share}
    return {currency: due for currency, due in ((terms.currency, amount), (sale.currency, share)) if due}


def postings(target: Mapping[tuple[int, str], int], posted: Mapping[tuple[int, str], int]) -> tuple[Posting, ...]:
    """What brings the ledger from `posted` to `target`; keys are member and currency. Nothing where they agree."""
    keys = sorted({*target, *posted})
    differences = ((key, target.get(key, 0) - posted.get(key, 0)) for key in keys)
    return tuple(Posting(*key, amount) for key, amount in differences if amount)
