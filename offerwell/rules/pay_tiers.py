"""Tiers of a payout option: what "everything else" earns once a member sold enough. Source: domain §4.

A tier is decided once for a conversion, from what the member's place in the offer had before it in the order of
(moment of the order, order id), and stays with the conversion: what comes in later never prices it anew.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from offerwell.rules.money import money_text
from offerwell.rules.pay_rules import RulesRefused, pay_text
from offerwell.rules.payouts import LARGEST_AMOUNT, MOST_BASIS_POINTS, WITH_PERCENT, basis_points_of, minor_units

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

MEASURES = {"sales": "Sales", "conversions": "Conversions"}
PERIODS = {"lifetime": "since the member joined", "month": "in the calendar month"}
MOST_TIERS = 8
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Tier:
    """From `threshold` on (smallest units of sales, or conversions) the place earns this instead of the terms."""

    threshold: int
    basis_points: int | None = None
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class Tiers:
    """`steps` with rising thresholds. `currency` is that of sales: those in others do not count. `period`: PERIODS."""

    measure: str
    period: str
    steps: tuple[Tier, ...]
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Sold:
    """A conversion as it stands: `sales` is what is left of it. One that does not count is only asked about."""

    pk: int
    enrollment_id: int
    order_id: int
    placed_at: datetime
    currency: str
    sales: int
    counts: bool


@dataclass(slots=True)
class Standing:
    """What a place sold before a conversion: by currency, and how often."""

    conversions: int = 0
    sales: dict[str, int] = field(default_factory=dict)

    def add(self, currency: str, sales: int, conversions: int = 1) -> None:
        """Count conversions."""
        self.conversions += conversions
        self.sales[currency] = self.sales.get(currency, 0) + sales

    def counted_by(self, tiers: Tiers) -> int:
        """What of it these tiers are about."""
        return self.conversions if tiers.measure == "conversions" else self.sales.get(tiers.currency, 0)


def tier_reached(tiers: Tiers, sold: int) -> int:
    """The number of the highest tier that `sold` (as `sold_before` gives it) reaches, from 1; 0: none yet."""
    return sum(1 for step in tiers.steps if sold >= step.threshold)


def tiers_decided(
    asked: Mapping[int, Tiers], sold: Iterable[Sold], before: Mapping[int, Standing], zone: ZoneInfo
) -> dict[int, int]:
    """Conversion → tier, for those in `asked`. The others are as `sold_before` takes them."""
    counted = sold_before(asked, sold, before, zone)
    return {pk: tier_reached(asked[pk], amount) for pk, amount in counted.items()}


def sold_before(
    asked: Mapping[int, Tiers], sold: Iterable[Sold], before: Mapping[int, Standing], zone: ZoneInfo
) -> dict[int, int]:
    """Conversion → what its place had before it that counts for its tiers: smallest units of sales, or conversions.

    `sold` are all conversions of their places from the start of a month of `zone` on, in any order; `before` is what
    each place had sold until then.
    """
    months: dict[tuple[int, int, int], Standing] = {}
    lives = {place: Standing(one.conversions, dict(one.sales)) for place, one in before.items()}
    found = {}
    for one in sorted(sold, key=lambda row: (row.placed_at, row.order_id)):
        day = one.placed_at.astimezone(zone)
        month = months.setdefault((one.enrollment_id, day.year, day.month), Standing())
        life = lives.setdefault(one.enrollment_id, Standing())
        if (tiers := asked.get(one.pk)) is not None:
            found[one.pk] = (month if tiers.period == "month" else life).counted_by(tiers)
        if one.counts:
            for standing in (month, life):
                standing.add(one.currency, one.sales)
    return found


def tier_problems(tiers: Tiers, kind: str) -> dict[str, str]:
    """Field → sentence; steps by their number: `step_1`."""
    found = {}
    if kind == "cpc":
        found["tiers"] = "Tiers are about orders, and this option pays for clicks. Choose another option."
    if tiers.measure not in MEASURES or tiers.period not in PERIODS:
        found["measure"] = "Choose sales or conversions, in the calendar month or since the member joined."
    if tiers.measure == "sales" and not _CURRENCY.fullmatch(tiers.currency):
        found["tier_currency"] = "Enter the currency of the sales as three letters, for example USD."
    if len(tiers.steps) > MOST_TIERS:
        found["tiers"] = f"Use at most {MOST_TIERS} tiers."
    for number, step in enumerate(tiers.steps, start=1):
        if not 0 < step.threshold <= LARGEST_AMOUNT or not _pays(step, kind):
            found[f"step_{number}"] = f"Tier {number}: enter from how much on, above 0, and what it then pays."
    for number, (lower, upper) in enumerate(pairwise(tiers.steps), start=2):
        if upper.threshold <= lower.threshold:
            found.setdefault(f"step_{number}", f"Tier {number} has to begin later than tier {number - 1}.")
    return found


def _pays(step: Tier, kind: str) -> bool:
    if kind in WITH_PERCENT:
        return step.basis_points is not None and 0 <= step.basis_points <= MOST_BASIS_POINTS
    return step.amount is not None and 0 < step.amount <= LARGEST_AMOUNT


def threshold_text(tiers: Tiers, step: Tier) -> str:
    """“1,000.00 USD” or “10 conversions”."""
    if tiers.measure == "sales":
        return f"{money_text(step.threshold, tiers.currency)} of sales"
    return f"{step.threshold:,} {'conversion' if step.threshold == 1 else 'conversions'}"


def tiers_text(tiers: Tiers, currency: str) -> str:
    """“12% after 1,000.00 USD of sales, 15% after …, in the calendar month”; `currency` is the option's."""
    steps = [
        f"{pay_text(step.basis_points, step.amount, currency)} after {threshold_text(tiers, step)}"
        for step in tiers.steps
    ]
    return f"{', '.join(steps)} {PERIODS[tiers.period]}"


@dataclass(frozen=True, slots=True)
class TierNow:
    """What an order placed now would earn, and how to come to the next tier: “14%”, “120.00 USD more in … for 16%”."""

    pays: str
    further: str


def tier_now(tiers: Tiers, sold: int, *, everything_else: str, currency: str) -> TierNow:
    """For a place that `sold` so much in the period; `everything_else` is paid before the first tier.

    `currency` is the option's.
    """
    reached = tier_reached(tiers, sold)
    paid = [everything_else, *(pay_text(step.basis_points, step.amount, currency) for step in tiers.steps)]
    time = " this month" if tiers.period == "month" else ""
    if reached == len(tiers.steps):
        return TierNow(paid[reached], f"The last tier{time}")
    missing = tiers.steps[reached].threshold - sold
    if tiers.measure == "sales":
        more = f"{money_text(missing, tiers.currency)} more in sales"
    else:
        more = f"{missing:,} more {'conversion' if missing == 1 else 'conversions'}"
    return TierNow(paid[reached], f"{more}{time} for {paid[reached + 1]}")


def tiers_json(tiers: Tiers | None) -> dict[str, Any]:
    """The tiers as they are stored; empty: none."""
    if tiers is None or not tiers.steps:
        return {}
    steps = [[step.threshold, step.basis_points, step.amount] for step in tiers.steps]
    return {"measure": tiers.measure, "period": tiers.period, "currency": tiers.currency, "steps": steps}


def tiers_of(stored: Mapping[str, Any]) -> Tiers | None:
    """Stored tiers; None where there are none."""
    if not stored:
        return None
    steps = tuple(Tier(*step) for step in stored["steps"])
    return Tiers(stored["measure"], stored["period"], steps, stored["currency"])


_WRITTEN = re.compile(r"(?P<measure>sales|conversions)/(?P<period>month|lifetime):(?P<steps>.+)", re.IGNORECASE)
_FORM = (
    "“{text}” are no tiers. Write sales/month:1000USD=12,5000USD=15 or conversions/lifetime:10=12,50=15: from how much "
    "on, then what everything else pays; none takes them away."
)


def written_tiers(text: str, *, kind: str, currency: str) -> Tiers | None:
    """Tiers as the command line takes them; None for “none”. Raises RulesRefused for what is not of this form."""
    if text.strip().lower() == "none":
        return None
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise RulesRefused({"tiers": _FORM.format(text=text)})
    measure, steps, sales_currency = found["measure"].lower(), [], ""
    for written in found["steps"].split(","):
        start, _, pay = (part.strip() for part in written.partition("="))
        if measure == "sales":
            start, sales_currency = start[:-3], start[-3:].upper()
        steps.append(step_of(start, pay, measure_currency=sales_currency, kind=kind, currency=currency))
    return Tiers(measure, found["period"].lower(), tuple(steps), sales_currency)


def step_of(start: str, pay: str, *, measure_currency: str, kind: str, currency: str) -> Tier:
    """A tier as typed; a number that is none becomes one that `tier_problems` names. No currency: conversions."""
    if measure_currency:
        threshold = minor_units(start, measure_currency) or 0
    else:
        digits = start.strip()
        threshold = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 12 else 0  # noqa: PLR2004
    if kind in WITH_PERCENT:
        return Tier(threshold, basis_points=basis_points_of(pay))
    return Tier(threshold, amount=minor_units(pay.strip().upper().removesuffix(currency or " "), currency))
