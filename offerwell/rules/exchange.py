"""Sums of several currencies as one total, by dated rates. For showing only: stored amounts are never converted.

A sum counts with the newest rate that is not after its day. What has no rate stands apart, in its own currency:
nothing is dropped, and nothing is added one to one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from offerwell.rules.money import Money, decimals_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from decimal import Decimal

WEIGHT = 1_000
"""Of a smallest unit of which a hundred are one, without a rate."""
# What was sold on a day (None: no day decides, it has no rate or needs none): currency, day, smallest units.
DatedSum = tuple[str, "date | None", int]


@dataclass(frozen=True, slots=True)
class Rates:
    """`into` is the reporting currency (empty: there is none). `dated`: currency → (first day, rate), oldest first."""

    into: str = ""
    dated: Mapping[str, tuple[tuple[date, Decimal], ...]] = field(default_factory=dict)

    def on(self, currency: str, day: date | None) -> Decimal | None:
        """The rate in force that day; None where there is none yet."""
        rates = self.dated.get(currency, ())
        if day is None or not rates:
            return None
        place = bisect_right(rates, day, key=lambda one: one[0])
        return rates[place - 1][1] if place else None


def total_of(sums: Iterable[DatedSum], rates: Rates) -> tuple[Money, ...]:
    """The total, in the reporting currency first, then what stands apart, largest first. Rounded once, half to even."""
    total: dict[str, Fraction] = defaultdict(Fraction)
    for currency, day, amount in sums:
        rate = rates.on(currency, day) if currency != rates.into else None
        if rate is None:
            total[currency] += amount
        else:
            total[rates.into] += amount * Fraction(rate) * Fraction(10) ** _shift(currency, rates.into)
    found = [Money(round(amount), currency) for currency, amount in total.items() if amount]
    return tuple(sorted(found, key=lambda one: (one.currency != rates.into, -_whole_units(one), one.currency)))


def _shift(currency: str, into: str) -> int:
    """Smallest units are of different size: yen have no decimals."""
    return decimals_of(into) - decimals_of(currency)


def _whole_units(money: Money) -> Fraction:
    return Fraction(money.amount, 10 ** decimals_of(money.currency))


def weights(currencies: Iterable[str], rates: Rates, day: date) -> dict[str, int]:
    """What one smallest unit of each currency weighs when rows of several are put in order: whole numbers.

    A currency without a rate weighs as the reporting currency does. For order only, never for a sum that is shown.
    """
    found = {}
    for currency in currencies:
        rate = Fraction(rates.on(currency, day) or 1)
        found[currency] = max(1, round(rate * WEIGHT * Fraction(100, 10 ** decimals_of(currency))))
    return found
