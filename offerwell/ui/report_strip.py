"""The strip of figures and the chart over a report: what was sold in the period, and how that changed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from offerwell.rules.chart_shape import MOST_POINTS, WEEK, grouped_from_the_end
from offerwell.ui.charts import money_chart, sparkline

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.utils.safestring import SafeString

    from offerwell.queries.sales_report import Figures, OverTime
    from offerwell.rules.money import Money
    from offerwell.ui.charts import AreaChart
    from offerwell.ui.date_range import DateRange

# From here on nobody reads a decimal.
_WHOLE_PERCENT = 1_000


@dataclass(frozen=True, slots=True)
class Change:
    """How a figure moved against the period before: “+14.2%”. `tone`: ok, bad, or nothing where it did not."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Kpi:
    """One figure of the strip. `values`: one for each currency that stands apart; `note` says what it is of."""

    name: str
    values: tuple[str, ...]
    spark: SafeString | str = ""
    change: Change | None = None
    note: str = ""


def leading(report: OverTime) -> str:
    """The currency that is drawn: that of the largest sales, now or before; empty where nothing was sold."""
    sums = report.now.sales or report.before.sales
    return sums[0].currency if sums else ""


def strip(report: OverTime, *, with_clicks: bool = True) -> list[Kpi]:
    """Sales, orders, clicks, conversion, commission. Without links there are no clicks to tell of."""
    now, before, currency = report.now, report.before, leading(report)
    clicks = [
        Kpi(
            "Clicks", (f"{now.clicks:,}",), _spark(report, lambda one: one.clicks),
            percent_change(now.clicks, before.clicks),
        ),
        Kpi("Conversion", (rate_text(now.conversion_rate),), _spark(report, _rate), rate_change(now, before)),
    ]  # fmt: skip
    return [
        Kpi(
            "Sales", money_texts(now.sales), _spark(report, lambda one: amount_of(one.sales, currency)),
            money_change(now.sales, before.sales),
        ),
        Kpi(
            "Orders", (f"{now.orders:,}",), _spark(report, lambda one: one.orders),
            percent_change(now.orders, before.orders),
        ),
        *(clicks if with_clicks else []),
        commission_of(report),
    ]  # fmt: skip


def commission_of(report: OverTime) -> Kpi:
    """What the orders of the period earn."""
    now, before = report.now.commission, report.before.commission
    earned_in = now[0].currency if now else ""
    spark = _spark(report, lambda one: amount_of(one.commission, earned_in))
    return Kpi("Commission", money_texts(now), spark, money_change(now, before))


def sales_chart(report: OverTime, shown: DateRange) -> AreaChart:
    """Sales per day in the leading currency, with the period before."""
    currency = leading(report)
    return money_chart(
        [(day, amount_of(one.sales, currency)) for day, one in report.days],
        [amount_of(one.sales, currency) for _day, one in report.days_before],
        currency=currency,
        now_called=shown.label,
        before_called=shown.before_label.capitalize(),
    )


def money_texts(sums: Sequence[Money]) -> tuple[str, ...]:
    """Each currency by itself; a dash for nothing."""
    return tuple(str(one) for one in sums) or ("–",)


def amount_of(sums: Sequence[Money], currency: str) -> int:
    """Of one currency, in its smallest unit."""
    return sum(one.amount for one in sums if one.currency == currency)


def percent_change(now: int, before: int) -> Change | None:
    """Against what was before; None where that was nothing."""
    if before <= 0:
        return None
    moved = Decimal(now - before) * 100 / before
    return _told(moved.quantize(Decimal(1) if abs(moved) >= _WHOLE_PERCENT else Decimal("0.1")), "%")


def money_change(now: Sequence[Money], before: Sequence[Money]) -> Change | None:
    """Of one currency alone: sums of several cannot be compared. Nothing now is a loss of all."""
    currencies = {one.currency for one in (*now, *before)}
    if len(currencies) != 1:
        return None
    currency = currencies.pop()
    return percent_change(amount_of(now, currency), amount_of(before, currency))


def rate_text(rate: Decimal | None) -> str:
    """“3.5%”; a dash without clicks."""
    return "–" if rate is None else f"{rate * 100:.1f}%"


def rate_change(now: Figures, before: Figures) -> Change | None:
    """In percentage points."""
    if now.conversion_rate is None or before.conversion_rate is None:
        return None
    return _told(((now.conversion_rate - before.conversion_rate) * 100).quantize(Decimal("0.1")), " pts")


def _told(moved: Decimal, unit: str) -> Change:
    if not moved:
        return Change(f"±0{unit}")
    return Change(f"{'+' if moved > 0 else '−'}{abs(moved):,}{unit}", "ok" if moved > 0 else "bad")


def _rate(one: Figures) -> int:
    return int((one.conversion_rate or 0) * 10_000)


def _spark(report: OverTime, value: Callable[[Figures], int]) -> SafeString:
    """Of long periods a point is a week, as in the chart."""
    values = [value(one) for _day, one in report.days]
    groups = grouped_from_the_end(len(values), WEEK if len(values) > MOST_POINTS else 1)
    return sparkline([sum(values[start:end]) for start, end in groups])
