"""What reports show of anything: clicks, orders, sales, commission, and what follows from them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Case, DateField, F, Sum, Value, When

from offerwell.rules.exchange import DatedSum, Rates, total_of
from offerwell.rules.money import Money, proportion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.db.models import QuerySet

SALES = ("orders", "sales", "commission")
CLICKS = ("clicks", "uniques", "rescued", "bots")


@dataclass(frozen=True, slots=True)
class Figures:
    """`orders` are accepted conversions; `uniques` visitors by day. Money: one for each currency that stands apart.

    Of a store there are no clicks: links belong to no store.
    """

    clicks: int = 0
    uniques: int = 0
    rescued: int = 0
    bots: int = 0
    orders: int = 0
    sales: tuple[Money, ...] = ()
    commission: tuple[Money, ...] = ()

    @property
    def conversion_rate(self) -> Decimal | None:
        """Orders ÷ unique clicks; None without clicks. Orders by code have no click, so it may be above one."""
        return Decimal(self.orders) / self.uniques if self.uniques else None

    @property
    def average_order(self) -> Money | None:
        """Sales ÷ orders; None without orders, or where several currencies stand apart."""
        return _share(self.sales, self.orders)

    @property
    def earned_per_click(self) -> Money | None:
        """Commission ÷ clicks (all, as in domain §6); None without clicks, or where several currencies stand apart."""
        return _share(self.commission, self.clicks)


def _share(sums: tuple[Money, ...], number: int) -> Money | None:
    if number <= 0 or len(sums) != 1:
        return None
    return Money(proportion(sums[0].amount, 1, number), sums[0].currency)


@dataclass(slots=True)
class _Tally:
    """Figures while rows are read."""

    clicks: tuple[int, ...] = (0, 0, 0, 0)
    orders: int = 0
    sales: list[DatedSum] = field(default_factory=list)
    commission: list[DatedSum] = field(default_factory=list)

    def figures(self, rates: Rates) -> Figures:
        clicks, uniques, rescued, bots = self.clicks
        return Figures(
            clicks, uniques, rescued, bots, self.orders, total_of(self.sales, rates), total_of(self.commission, rates)
        )


def figures_by(
    key: str, sales: QuerySet[Any, Any], clicks: QuerySet[Any, Any] | None, rates: Rates
) -> Mapping[Any, Figures]:
    """The figures of each value of the column `key` that has any. Two statements."""
    rows = with_rate_day(sales, rates).order_by().values_list(key, "currency", "rate_day")
    sold = rows.annotate(*map(Sum, SALES))
    came = [] if clicks is None else clicks.order_by().values_list(key).annotate(*map(Sum, CLICKS))
    return figures_of(sold, came, rates)


def figures_of(sales: Iterable[Sequence[Any]], clicks: Iterable[Sequence[Any]], rates: Rates) -> Mapping[Any, Figures]:
    """The same of sums as they are read: key, currency, rate day, orders, sales, commission; and key and `CLICKS`.

    A key may come several times.
    """
    tallies: dict[Any, _Tally] = defaultdict(_Tally)
    for value, currency, day, *sums in sales:
        orders, sold, earned = map(int, sums)
        tally = tallies[value]
        tally.orders += orders
        tally.sales.append((currency, day, sold))
        tally.commission.append((currency, day, earned))
    for value, *counts in clicks:
        tally = tallies[value]
        tally.clicks = tuple(before + int(more) for before, more in zip(tally.clicks, counts, strict=True))
    return {value: tally.figures(rates) for value, tally in tallies.items()}


def changing_currencies(rates: Rates) -> list[str]:
    """Those of which the day decides the rate; days of others are summed by the database."""
    return sorted(currency for currency in rates.dated if currency != rates.into)


def with_rate_day(sales: QuerySet[Any, Any], rates: Rates) -> QuerySet[Any, Any]:
    """Each with `rate_day`: its day, where that decides the rate."""
    changing = changing_currencies(rates)
    day = Case(When(currency__in=changing, then=F("day")), default=Value(None), output_field=DateField())
    return sales.annotate(rate_day=day)
