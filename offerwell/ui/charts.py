"""Charts as server-rendered SVG: an area chart with the period before, and sparklines. Words and numbers stay HTML.

Nothing inline is styled (strict CSP): the paths have classes, the drawing is stretched, its lines are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.html import format_html
from django.utils.safestring import SafeString

from offerwell.rules.chart_shape import (
    HEIGHT,
    MOST_POINTS,
    WEEK,
    closed,
    curve,
    grouped_from_the_end,
    heights,
    marks,
    ticks,
)
from offerwell.rules.money import decimals_of, money_text
from offerwell.rules.written_dates import day_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

SPARK_WIDTH, SPARK_HEIGHT = 100, 28
_SUFFIXES = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "K"))


@dataclass(frozen=True, slots=True)
class Point:
    """One day, or one week, in words; `place` is how far from the top it lies, in tenths of a percent."""

    days: str
    value: str
    before: str
    place: int


@dataclass(frozen=True, slots=True)
class AreaChart:
    """What `ui/components/area_chart.html` draws. Money of one currency."""

    title: str
    sentence: str
    now: str
    before: str
    unit: str
    line: str
    area: str
    line_before: str
    rules: tuple[str, ...]
    levels: tuple[str, ...]
    days: tuple[str, ...]
    points: tuple[Point, ...]


def money_chart(
    days: Sequence[tuple[date, int]],
    before: Sequence[int],
    *,
    currency: str,
    now_called: str,
    before_called: str,
    what: str = "Sales",
) -> AreaChart:
    """Smallest units of `currency` by day, in order, and those of as many days before. Beyond MOST_POINTS by week."""
    size = WEEK if len(days) > MOST_POINTS else 1
    groups = grouped_from_the_end(len(days), size)
    named = [_days([day for day, _value in days[start:end]]) for start, end in groups]
    values = [sum(value for _day, value in days[start:end]) for start, end in groups]
    earlier = [sum(before[start:end]) for start, end in groups] if before else []
    levels = ticks(max([*values, *earlier], default=0))
    line = curve(values, levels[-1])
    return AreaChart(
        title=f"{what} per {'week' if size > 1 else 'day'}",
        sentence=_sentence(what, named, values, currency),
        now=now_called,
        before=before_called if before else "",
        unit=currency,
        line=line,
        area=closed(line),
        line_before=curve(earlier, levels[-1]) if earlier else "",
        rules=tuple(f"{y:.1f}" for y in heights(levels, levels[-1])),
        levels=tuple(compact(level, currency) for level in reversed(levels)),
        days=tuple(_days([days[groups[place][0]][0]]) for place in marks(len(groups))),
        points=_points(named, values, earlier, levels[-1], currency),
    )


def sparkline(values: Sequence[int], css: str = "", label: str = "") -> SafeString:
    """A small curve. Decoration beside its number, unless it has a label. Empty for fewer than two values or zeros."""
    if len(values) < 2 or not any(values):  # noqa: PLR2004  a line has two ends
        return SafeString("")
    line = curve(values, max(1, *values), SPARK_WIDTH, SPARK_HEIGHT)
    area = closed(line, SPARK_WIDTH, SPARK_HEIGHT)
    said = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html(
        '<svg class="{}" viewBox="0 0 {} {}" preserveAspectRatio="none" {}>'
        '<path class="chart-area" d="{}"/><path class="chart-line" d="{}"/></svg>',
        f"spark {css}".strip(), SPARK_WIDTH, SPARK_HEIGHT, said, area, line,
    )  # fmt: skip


def money_trend(days: Sequence[tuple[date, int]], currency: str, what: str) -> SafeString:
    """A sparkline of its own, told in a sentence; nothing where there is nothing to draw."""
    if not any(value > 0 for _day, value in days):
        return SafeString("")
    values = [value for _day, value in days]
    return sparkline(values, "wide", _sentence(what, [_days([day]) for day, _value in days], values, currency))


def compact(amount: int, currency: str = "") -> str:
    """An even number in few letters: 1500000 of USD is 15K. Exact: meant for ticks."""
    whole = Decimal(amount).scaleb(-decimals_of(currency)) if currency else Decimal(amount)
    for size, suffix in _SUFFIXES:
        if whole >= size:
            return f"{(whole / size).normalize():f}{suffix}"
    return f"{whole.normalize():f}"


def _days(dates: Sequence[date]) -> str:
    """“24 Oct”, of a week “24 Oct – 30 Oct”."""
    first, last = day_text(dates[0], has_year=False), day_text(dates[-1], has_year=False)
    return first if first == last else f"{first} – {last}"


def _sentence(what: str, named: Sequence[str], values: Sequence[int], currency: str) -> str:
    """What a person would say of the picture."""
    if not any(values):
        return f"{what} from {named[0]} to {named[-1]}: none."
    highest = max(values)
    most = f"most on {named[values.index(highest)]} with {money_text(highest, currency)}"
    return f"{what} from {named[0]} to {named[-1]}: {money_text(sum(values), currency)} in all, {most}."


def _points(
    named: Sequence[str], values: Sequence[int], earlier: Sequence[int], top: int, currency: str
) -> tuple[Point, ...]:
    places = [round(y * 1_000 / HEIGHT) for y in heights(values, top)]
    return tuple(
        Point(name, money_text(value, currency), money_text(earlier[n], currency) if earlier else "", places[n])
        for n, (name, value) in enumerate(zip(named, values, strict=True))
    )
