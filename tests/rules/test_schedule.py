"""Which moment a wall-clock time means, and what is done when it has come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offerwell.rules.schedule import (
    LATE_LIMIT,
    MOST_AHEAD,
    NEAR,
    InvalidSchedule,
    Shift,
    Verdict,
    how_long,
    known_zone,
    local_time,
    moment_of,
    schedule_times,
    span_of,
    typed_time,
    verdict,
    zone_choices,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
# Half-hour shifts, southern summers, no shifts, and a day that a zone left out (Apia, 30 December 2011).
ZONES = ("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata", "Pacific/Apia",
         "Africa/Casablanca", "UTC")  # fmt: skip
walls = st.datetimes(typed_time("2005-01-01 00:00"), typed_time("2028-12-31 00:00")).map(
    lambda one: one.replace(second=0, microsecond=0)
)
zones = st.sampled_from(ZONES).map(ZoneInfo)


def shown(at, zone):
    return at.astimezone(zone).replace(tzinfo=None)


@settings(max_examples=400, deadline=None)
@given(walls, zones)
def test_a_time_means_the_first_moment_whose_clock_shows_it_or_is_past_it(typed, zone):
    found = moment_of(typed, zone)
    clock = shown(found.at, zone)
    assert clock >= typed
    assert (clock == typed) == (found.shift != Shift.SKIPPED)
    # Nothing earlier shows it: not the minute before, and not any earlier hour of a night whose clock goes back.
    assert shown(found.at - timedelta(minutes=1), zone) < typed
    earlier = [shown(found.at - timedelta(minutes=15 * n), zone) for n in range(1, 17)]
    assert typed not in earlier


@settings(max_examples=200, deadline=None)
@given(walls, walls, zones)
def test_later_on_the_wall_is_never_earlier_in_fact(one, other, zone):
    first, second = sorted((one, other))
    assert moment_of(first, zone).at <= moment_of(second, zone).at


@pytest.mark.parametrize(
    ("typed", "zone", "utc", "shift"),
    [
        ("2026-12-03 00:00", "Europe/Paris", "2026-12-02 23:00", Shift.NONE),
        ("2027-03-28 01:59", "Europe/Paris", "2027-03-28 00:59", Shift.NONE),
        ("2027-03-28 02:00", "Europe/Paris", "2027-03-28 01:00", Shift.SKIPPED),
        ("2027-03-28 02:30", "Europe/Paris", "2027-03-28 01:00", Shift.SKIPPED),
        ("2027-03-28 03:00", "Europe/Paris", "2027-03-28 01:00", Shift.NONE),
        ("2027-10-31 02:30", "Europe/Paris", "2027-10-31 00:30", Shift.TWICE),
        ("2027-10-31 03:00", "Europe/Paris", "2027-10-31 02:00", Shift.NONE),
        ("2027-10-03 02:15", "Australia/Lord_Howe", "2027-10-02 15:30", Shift.SKIPPED),
        ("2011-12-30 12:00", "Pacific/Apia", "2011-12-30 10:00", Shift.SKIPPED),
    ],
)
def test_clocks_that_change(typed, zone, utc, shift):
    found = moment_of(typed_time(typed), ZoneInfo(zone))
    assert (found.at, found.shift) == (datetime.fromisoformat(f"{utc}+00:00"), shift)


def test_a_changed_clock_is_explained():
    skipped = moment_of(typed_time("2027-03-28 02:30"), ZoneInfo("Europe/Paris"))
    twice = moment_of(typed_time("2027-10-31 02:30"), ZoneInfo("Europe/Paris"))
    plain = moment_of(typed_time("2026-12-03 00:00"), ZoneInfo("Europe/Paris"))
    assert skipped.remark == (
        "The clocks in Europe/Paris go forward then: 02:30 does not exist that day, so it happens at 03:00."
    )
    assert twice.remark == "The clocks in Europe/Paris go back then: 02:30 comes twice, and the first is meant."
    assert plain.remark == ""
    assert local_time(plain.at, "Europe/Paris") == "Thu 3 Dec 2026, 00:00 Europe/Paris"
    assert local_time(plain.at, "Gone/Zone") == "Wed 2 Dec 2026, 23:00 UTC"


@pytest.mark.parametrize(
    ("start", "back", "zone", "field", "words"),
    [
        ("2026-11-23 10:00", "", "Europe/Paris", "start", "it is Mon 23 Nov 2026, 10:00 Europe/Paris"),
        ("2028-11-24 10:00", "", "UTC", "start", "more than two years"),
        ("2026-12-03 00:00", "2026-12-03 00:00", "UTC", "back", "must come after"),
        ("2026-12-03 00:00", "2026-12-02 23:59", "UTC", "back", "must come after"),
        ("2027-03-28 02:00", "2027-03-28 02:30", "Europe/Paris", "back", "must come after"),
        ("2026-12-03 00:00", "2028-11-24 10:00", "UTC", "back", "more than two years"),
        ("Thursday", "", "UTC", "start", "Write a date and a time"),
        ("", "", "UTC", "start", "Write a date and a time"),
        ("2026-12-03T00:00+02:00", "", "UTC", "start", "Write a date and a time"),
        ("2026-12-03", "", "UTC", "start", "Write a date and a time"),
        ("2026-W50-1 10:00", "", "UTC", "start", "Write a date and a time"),
        ("0001-01-01 00:00", "", "Asia/Kolkata", "start", "Write a date and a time"),
        ("2026-12-03 00:00", "soon", "UTC", "back", "Write a date and a time"),
        ("2026-12-03 00:00", "", "Mars/Olympus", "zone", "no time zone “Mars/Olympus”"),
        ("2026-12-03 00:00", "", "../../etc/passwd", "zone", "no time zone"),
        ("2026-12-03 00:00", "", "", "zone", "no time zone"),
    ],
)
def test_times_that_cannot_be_are_refused_with_a_sentence(start, back, zone, field, words):
    with pytest.raises(InvalidSchedule, match=words.replace(".", r"\.")) as refused:
        schedule_times(start, back, zone, now=NOW)
    assert refused.value.field == field


def test_times_that_can_be():
    times = schedule_times("2026-12-03T00:00", " ", "Europe/Paris", now=NOW)
    assert (times.start.at, times.back, times.zone) == (datetime(2026, 12, 2, 23, tzinfo=UTC), None, "Europe/Paris")
    assert schedule_times("2026-12-03 00:00", "2026-12-07 09:00", "UTC", now=NOW).back.at.day == 7
    assert schedule_times("2026-11-23 09:01", "", "UTC", now=NOW).start.at == NOW + timedelta(minutes=1)
    assert schedule_times("2028-11-23 09:00", "", "UTC", now=NOW).start.at == NOW + MOST_AHEAD


def test_what_lies_near():
    stays = span_of(schedule_times("2026-12-03 00:00", "", "UTC", now=NOW))
    returns = span_of(schedule_times("2026-12-03 00:00", "2026-12-07 09:00", "UTC", now=NOW))
    assert (stays.since, stays.until) == (datetime(2026, 12, 3, tzinfo=UTC) - NEAR, None)
    assert returns.until == datetime(2026, 12, 7, 9, tzinfo=UTC) + NEAR


@given(st.integers(-(10**6), 10**6), st.one_of(st.none(), st.integers(1, 10**6)))
def test_what_is_due_runs_until_it_would_surprise(late, lasts):
    due, at = NOW, NOW + timedelta(seconds=late)
    ends = None if lasts is None else due + timedelta(seconds=lasts)
    found = verdict(due=due, at=at, ends=ends)
    is_over = ends is not None and ends <= at
    assert (found == Verdict.EARLY) == (late < 0)
    assert (found == Verdict.MISSED) == (late >= 0 and (timedelta(seconds=late) > LATE_LIMIT or is_over))


def test_zones_to_choose_from():
    assert zone_choices(["Europe/Paris", "America/New_York", "Europe/Paris"], "UTC") == (
        "Europe/Paris", "America/New_York",
    )  # fmt: skip
    assert zone_choices(["Mars/Olympus"], "Europe/Paris") == ("Europe/Paris",)
    assert zone_choices([], "Mars/Olympus") == ("UTC",)
    assert known_zone("Europe") is None


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=119), "1 min"), (timedelta(hours=3), "3 h"), (timedelta(hours=3, minutes=5), "3 h 5 min"),
        (timedelta(hours=25), "1 day"), (timedelta(days=3), "3 days"), (timedelta(seconds=-5), "0 min"),
    ],
)  # fmt: skip
def test_how_late(span, words):
    assert how_long(span) == words
