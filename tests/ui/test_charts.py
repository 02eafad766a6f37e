"""Charts say in words and in a table what they draw; the choice of days and the changes as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from offerwell.rules.money import Money
from offerwell.ui.charts import compact, money_chart, money_trend, sparkline
from offerwell.ui.date_range import date_range
from offerwell.ui.report_strip import Change, money_change, percent_change

FIRST = date(2026, 10, 24)
AT = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)
PARIS = SimpleNamespace(timezone="Europe/Paris")


def chart(values, before=()):
    days = [(FIRST + timedelta(days=n), value) for n, value in enumerate(values)]
    return money_chart(days, before, currency="USD", now_called="Now", before_called="Before")


def test_a_chart_in_words_and_numbers():
    drawn = chart([0, 150_000, 50_000], [0, 0, 310_000])
    assert drawn.title == "Sales per day"
    assert drawn.sentence == ("Sales from 24 Oct to 26 Oct: 2,000.00 USD in all, most on 25 Oct with 1,500.00 USD.")
    assert (drawn.levels, drawn.days) == (("4K", "3K", "2K", "1K", "0"), ("24 Oct", "25 Oct", "26 Oct"))
    assert [(one.days, one.value, one.before, one.place) for one in drawn.points] == [
        ("24 Oct", "0.00 USD", "0.00 USD", 1_000), ("25 Oct", "1,500.00 USD", "0.00 USD", 625),
        ("26 Oct", "500.00 USD", "3,100.00 USD", 875),
    ]  # fmt: skip
    assert drawn.area.startswith(drawn.line)


def test_nothing_sold_is_a_level_line():
    drawn = chart([0, 0])
    assert (drawn.sentence, drawn.levels, drawn.before) == ("Sales from 24 Oct to 25 Oct: none.", ("0",), "")
    assert drawn.line == "M0,200C333.3,200 666.7,200 1000,200"


def test_a_long_period_is_drawn_by_week_and_loses_nothing():
    drawn = chart([100] * 365, [50] * 365)
    assert (drawn.title, len(drawn.points)) == ("Sales per week", 53)
    assert (drawn.points[0].days, drawn.points[0].value, drawn.points[0].before) == ("24 Oct", "1.00 USD", "0.50 USD")
    assert (drawn.points[-1].days, drawn.points[-1].value) == ("17 Oct – 23 Oct", "7.00 USD")
    assert drawn.sentence.startswith("Sales from 24 Oct to 17 Oct – 23 Oct: 365.00 USD in all")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (0, "USD", "0"), (50, "USD", "0.5"), (1_500_000, "USD", "15K"), (125_000, "USD", "1.25K"),
        (2_000, "JPY", "2K"), (5 * 10**14, "EUR", "5T"), (250, "", "250"),
    ],
)  # fmt: skip
def test_even_numbers_in_few_letters(amount, currency, text):
    assert compact(amount, currency) == text


def test_a_sparkline_is_decoration_unless_it_has_a_label():
    assert 'aria-hidden="true"' in sparkline([1, 2])
    assert 'role="img" aria-label="A &lt;b&gt;"' in sparkline([1, 2], label="A <b>")
    assert (sparkline([7]), sparkline([0, 0]), money_trend([(FIRST, 0), (FIRST, -5)], "USD", "Earned")) == ("", "", "")


@pytest.mark.parametrize(
    ("now", "before", "change"),
    [
        (120, 100, Change("+20.0%", "ok")), (50, 100, Change("−50.0%", "bad")), (100, 100, Change("±0%")),
        (5, 0, None), (1_700, 100, Change("+1,600%", "ok")),
    ],
)  # fmt: skip
def test_changes_in_percent(now, before, change):
    assert percent_change(now, before) == change


def test_sums_of_several_currencies_are_not_compared():
    usd, eur = Money(200, "USD"), Money(100, "EUR")
    assert money_change([usd], [Money(100, "USD")]) == Change("+100.0%", "ok")
    assert money_change([], [usd]) == Change("−100.0%", "bad")
    assert [money_change(*sums) for sums in (([usd], [eur]), ([usd, eur], [usd]), ([], []))] == [None] * 3


@pytest.mark.parametrize(
    ("query", "label", "first", "last", "link"),
    [
        ({}, "Last 30 days", "2026-10-29", "2026-11-27", ""),
        ({"range": "7d"}, "Last 7 days", "2026-11-21", "2026-11-27", "?range=7d"),
        ({"range": "12m"}, "Last 12 months", "2025-11-28", "2026-11-27", "?range=12m"),
        (
            {"range": "custom", "from": "2026-11-03", "to": "2026-11-09"}, "3 Nov – 9 Nov 2026", "2026-11-03",
            "2026-11-09", "?range=custom&from=2026-11-03&to=2026-11-09",
        ),
    ],
)  # fmt: skip
def test_days_by_the_brands_clock(query, label, first, last, link):
    found = date_range(query, PARIS, at=AT)
    assert (found.label, str(found.period.first), str(found.period.last), found.query) == (label, first, last, link)
    assert (found.status, found.problem) == (200, "")


def test_days_that_are_none_say_why_and_keep_what_was_typed():
    found = date_range({"range": "custom", "from": "2026-11-09", "to": "2026-11-03"}, PARIS, at=AT)
    assert (found.status, found.label, found.typed_first, found.typed_last, found.query) == (
        422, "Last 30 days", "2026-11-09", "2026-11-03", "",
    )  # fmt: skip
    assert "is before the first day" in found.problem
    assert date_range({"range": "1y"}, PARIS, at=AT).problem.startswith("There is no range “1y”.")
