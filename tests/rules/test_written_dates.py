"""One form of days and times for people."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from offerwell.rules.written_dates import day_text, days_text, time_text


def test_a_day_has_no_leading_zero_and_its_year_unless_it_goes_without_saying():
    assert day_text(date(2026, 11, 3)) == "3 Nov 2026"
    assert day_text(date(2026, 9, 23), has_year=False) == "23 Sep"


def test_a_time_is_that_of_its_own_clock_in_twenty_four_hours():
    moment = datetime(2026, 11, 23, 21, 5, tzinfo=UTC)
    assert time_text(moment) == "23 Nov 2026, 21:05"
    assert time_text(moment.astimezone(ZoneInfo("Asia/Tokyo"))) == "24 Nov 2026, 06:05"


def test_a_span_tells_the_year_once_unless_it_goes_over_one():
    assert days_text(date(2026, 11, 3), date(2026, 11, 9)) == "3 Nov – 9 Nov 2026"
    assert days_text(date(2025, 12, 30), date(2026, 1, 2)) == "30 Dec 2025 – 2 Jan 2026"
    assert days_text(date(2026, 11, 3), date(2026, 11, 3)) == "3 Nov 2026"
