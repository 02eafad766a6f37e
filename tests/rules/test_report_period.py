"""The days of a report: presets, dates, the period before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offerwell.rules.report_period import (
    LONGEST_DAYS,
    MonthsAndDays,
    NoPeriod,
    Period,
    day_of,
    first_of_month,
    months_and_days,
    months_before,
    period_of,
)

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(("raw", "first", "last"), [
    ({}, "2026-10-26", "2026-11-24"),
    ({"range": "7d"}, "2026-11-18", "2026-11-24"),
    ({"range": " 90d ", "from": "x"}, "2026-08-27", "2026-11-24"),
    ({"range": "12m"}, "2025-11-25", "2026-11-24"),
    ({"range": "custom", "from": "2026-01-01", "to": "2026-01-01"}, "2026-01-01", "2026-01-01"),
    ({"from": "2026-01-01", "to": " 2026-02-28 "}, "2026-01-01", "2026-02-28"),
])  # fmt: skip
def test_what_an_address_asks_for(raw, first, last):
    assert period_of(raw, TODAY) == Period(date.fromisoformat(first), date.fromisoformat(last))


def test_twelve_months_to_the_29th_of_february():
    assert period_of({"range": "12m"}, date(2028, 2, 29)) == Period(date(2027, 3, 1), date(2028, 2, 29))


@pytest.mark.parametrize(("raw", "words"), [
    ({"range": "8d"}, "There is no range “8d”. Choose one of 7d, 30d, 90d, 12m, custom."),
    ({"range": "custom"}, "Enter the first day of the report, as 2026-01-31."),
    ({"from": "2026-01-01"}, "Enter the last day of the report, as 2026-01-31."),
    ({"from": "yesterday", "to": "2026-01-01"}, "“yesterday” is no date. Enter the first day as 2026-01-31."),
    ({"from": "2026-02-30", "to": "2026-03-01"}, "“2026-02-30” is no date. Enter the first day as 2026-01-31."),
    ({"from": "2026-03-02", "to": "2026-03-01"}, "The last day, 2026-03-01, is before the first day, 2026-03-02. Exchange them."),
    ({"from": "0001-01-01", "to": "2026-03-01"}, "The first day is 0001-01-01. Choose one from 2000 to 2099."),
    ({"from": "2000-01-01", "to": "2026-01-01"}, "That are 9,498 days. Choose at most 1,830, five years."),
])  # fmt: skip
def test_bad_dates_say_what_to_enter(raw, words):
    with pytest.raises(NoPeriod) as refused:
        period_of(raw, TODAY)
    assert str(refused.value) == words


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.integers(0, LONGEST_DAYS - 1))
def test_the_period_before_is_as_long_and_touches(first, more):
    period = Period(first, first + timedelta(days=more))
    assert (period.before.days, period.before.last + timedelta(days=1)) == (period.days, first)
    assert (len(period.dates), period.dates[0], period.dates[-1]) == (period.days, period.first, period.last)


def test_a_day_is_that_of_the_clocks_of_the_zone():
    moment = datetime(2026, 11, 24, 4, 59, tzinfo=UTC)
    assert [str(day_of(moment, zone)) for zone in ("UTC", "America/New_York", "Asia/Tokyo")] == [
        "2026-11-24", "2026-11-23", "2026-11-24",
    ]  # fmt: skip


@pytest.mark.parametrize(("day", "months", "before"), [
    (date(2026, 3, 31), 1, date(2026, 2, 28)), (date(2024, 3, 31), 1, date(2024, 2, 29)),
    (date(2026, 1, 15), 1, date(2025, 12, 15)), (date(2026, 11, 27), 13, date(2025, 10, 27)),
    (date(2026, 12, 31), 12, date(2025, 12, 31)), (date(2026, 12, 31), 0, date(2026, 12, 31)),
])  # fmt: skip
def test_months_are_counted_by_the_calendar(day, months, before):
    assert months_before(day, months) == before


def period(first, last):
    return Period(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(("asked", "months", "days"), [
    (("2026-01-01", "2026-01-31"), ("2026-01-01", "2026-01-01"), []),
    (("2026-01-02", "2026-01-31"), None, [("2026-01-02", "2026-01-31")]),
    (("2026-01-01", "2026-01-30"), None, [("2026-01-01", "2026-01-30")]),
    (("2026-01-15", "2026-02-14"), None, [("2026-01-15", "2026-02-14")]),
    (("2026-01-31", "2026-03-01"), ("2026-02-01", "2026-02-01"), [("2026-01-31",) * 2, ("2026-03-01",) * 2]),
    (("2025-11-25", "2026-11-24"), ("2025-12-01", "2026-10-01"), [("2025-11-25", "2025-11-30"), ("2026-11-01", "2026-11-24")]),
    (("2025-12-01", "2026-11-24"), ("2025-12-01", "2026-10-01"), [("2026-11-01", "2026-11-24")]),
])  # fmt: skip
def test_whole_months_and_the_days_beside_them(asked, months, days):
    expected = MonthsAndDays(months and period(*months), tuple(period(*one) for one in days))
    assert months_and_days(period(*asked)) == expected


@given(st.dates(date(2023, 1, 1), date(2027, 1, 1)), st.integers(1, 500))
def test_every_day_is_in_one_month_or_beside(first, length):
    asked = Period(first, first + timedelta(days=length - 1))
    found = months_and_days(asked)
    dates = [day for one in found.days for day in one.dates]
    if found.months:
        month = found.months.first
        while month <= found.months.last:
            dates += Period(month, first_of_month(month, after=1) - timedelta(days=1)).dates
            month = first_of_month(month, after=1)
    assert sorted(dates) == list(asked.dates)
