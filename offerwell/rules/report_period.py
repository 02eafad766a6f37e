"""The days a report is about: whole days of the workspace, both ends included (domain §6, the last 30 days)."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

DEFAULT_RANGE = "30d"
CUSTOM = "custom"
# Of presets by days; “12m” is counted by the calendar.
_DAYS = {"7d": 7, "30d": 30, "90d": 90}
RANGES = (*_DAYS, "12m", CUSTOM)
LONGEST_DAYS = 1_830
"""Five years and a little: every day is a row of the report."""
_EARLIEST = date(2000, 1, 1)


class NoPeriod(ValueError):
    """The dates are no period. The sentence says what to enter."""


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days these are."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Period:
        """As many days, just before."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    @property
    def dates(self) -> tuple[date, ...]:
        """Every day, in order."""
        return tuple(self.first + timedelta(days=n) for n in range(self.days))


@dataclass(frozen=True, slots=True)
class MonthsAndDays:
    """A period as the months that are whole in it (the first day of each; None: none) and the days beside them."""

    months: Period | None
    days: tuple[Period, ...]


def months_and_days(period: Period) -> MonthsAndDays:
    """So that a sum of the period is one of few months and few days. Every day is in exactly one of them."""
    begin = first_of_month(period.first - timedelta(days=1), after=1)
    end = first_of_month(next_day(period.last))
    if begin >= end:
        return MonthsAndDays(None, (period,))
    beside = Period(period.first, begin - timedelta(days=1)), Period(end, period.last)
    return MonthsAndDays(
        Period(begin, first_of_month(end, after=-1)), tuple(days for days in beside if days.first <= days.last)
    )


def first_of_month(day: date, *, after: int = 0) -> date:
    """The first day of the month of `day`, or of one so many months later."""
    return months_before(day.replace(day=1), -after)


def day_of(moment: datetime, zone: str) -> date:
    """The day of a moment by the clocks of the zone."""
    return moment.astimezone(ZoneInfo(zone)).date()


def next_day(day: date) -> date:
    """The day after."""
    return day + timedelta(days=1)


def period_of(raw: Mapping[str, str], today: date) -> Period:
    """The period that `range`, `from` and `to` of an address ask for; without them the last 30 days.

    Only dates make a custom range too. Raises NoPeriod.
    """
    kind = raw.get("range", "").strip() or (CUSTOM if raw.get("from") or raw.get("to") else DEFAULT_RANGE)
    if kind in _DAYS:
        return Period(today - timedelta(days=_DAYS[kind] - 1), today)
    if kind == "12m":
        return Period(months_before(today, 12) + timedelta(days=1), today)
    if kind != CUSTOM:
        raise NoPeriod(f"There is no range “{kind[:20]}”. Choose one of {', '.join(RANGES)}.")
    return _between(_date(raw.get("from", ""), "first"), _date(raw.get("to", ""), "last"))


def _between(first: date, last: date) -> Period:
    if last < first:
        raise NoPeriod(f"The last day, {last}, is before the first day, {first}. Exchange them.")
    period = Period(first, last)
    if period.days > LONGEST_DAYS:
        raise NoPeriod(f"That are {period.days:,} days. Choose at most {LONGEST_DAYS:,}, five years.")
    return period


def _date(text: str, which: str) -> date:
    text = text.strip()
    if not text:
        raise NoPeriod(f"Enter the {which} day of the report, as 2026-01-31.")
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise NoPeriod(f"“{text[:20]}” is no date. Enter the {which} day as 2026-01-31.") from None
    if not _EARLIEST <= found < date(2100, 1, 1):
        raise NoPeriod(f"The {which} day is {found}. Choose one from 2000 to 2099.")
    return found


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or the last of a month that is shorter. Raises ValueError before year 1."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
