"""Scheduled changes: which moment a wall-clock time means, and what a worker does when the moment has come.

Source: domain §3.12, "pause from Thursday 00:00 store time to Monday 09:00". Why it is so: ADR 18.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from offerwell.rules.written_dates import time_text

if TYPE_CHECKING:
    from collections.abc import Iterable

# Further ahead nobody plans, and a typing error in the year is found.
MOST_AHEAD = timedelta(days=731)
# A worker that was down runs what it missed for so long. Later it would surprise the shop: people look instead.
LATE_LIMIT = timedelta(hours=24)
# The sweep runs every second: what is later than this was held up, and says so.
LATE_WORTH_TELLING = timedelta(seconds=60)
_SHAPE = "Write a date and a time as the clock on the wall shows them, for example 2026-12-03 00:00."


class InvalidSchedule(ValueError):
    """The times cannot be scheduled. `field` names which (start, back, zone); the text is for a person."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class Shift(StrEnum):
    """What the clock of the zone does at a wall-clock time."""

    NONE = "none"
    SKIPPED = "skipped"
    TWICE = "twice"


@dataclass(frozen=True, slots=True)
class ZonedTime:
    """A moment in UTC and what was typed for it. `shift` tells of a clock that was changed just then."""

    at: datetime
    zone: str
    typed: datetime
    shift: Shift

    @property
    def remark(self) -> str:
        """What a person must know of a changed clock; empty on every other day."""
        if self.shift == Shift.SKIPPED:
            return (
                f"The clocks in {self.zone} go forward then: {self.typed:%H:%M} does not exist that day, "
                f"so it happens at {local_clock(self.at, self.zone)}."
            )
        if self.shift == Shift.TWICE:
            return f"The clocks in {self.zone} go back then: {self.typed:%H:%M} comes twice, and the first is meant."
        return ""


@dataclass(frozen=True, slots=True)
class ScheduleTimes:
    """When a change happens, and when it is taken back (None: it stays)."""

    start: ZonedTime
    back: ZonedTime | None = None

    @property
    def zone(self) -> str:
        """The zone both were typed in."""
        return self.start.zone


def typed_time(text: str) -> datetime:
    """The wall-clock time a person typed, to the minute. Raises ValueError with a sentence.

    Only these two forms: `fromisoformat` takes week dates, offsets and half a time too, and a slip must not
    become another day.
    """
    words = " ".join(text.replace("T", " ").split())
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"):
        try:
            return datetime.strptime(words, form).replace(second=0)  # noqa: DTZ007  a wall clock has no zone
        except ValueError:
            continue
    raise ValueError(_SHAPE)


def known_zone(name: str) -> ZoneInfo | None:
    """The zone of that name; None when there is none (or the text is no name at all)."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, OSError, ValueError):  # not there, a folder, a path out of the zones
        return None


def moment_of(typed: datetime, zone: ZoneInfo) -> ZonedTime:
    """The moment a wall-clock time means. Skipped by the clock: the first moment after. Twice: the first."""
    first = _to_utc(typed.replace(fold=0), zone)
    second = _to_utc(typed.replace(fold=1), zone)
    shift = Shift.NONE if first == second else Shift.TWICE if first < second else Shift.SKIPPED
    at = _end_of_gap(typed, zone, low=second, high=first) if shift == Shift.SKIPPED else first
    return ZonedTime(at, zone.key, typed, shift)


def _to_utc(typed: datetime, zone: ZoneInfo) -> datetime:
    return typed.replace(tzinfo=zone).astimezone(UTC)


def _end_of_gap(typed: datetime, zone: ZoneInfo, *, low: datetime, high: datetime) -> datetime:
    """The first second whose wall clock is past `typed`; between `low` and `high` the clock only jumps forward."""
    seconds = int((high - low).total_seconds())
    under, over = 0, seconds
    while under < over:
        middle = (under + over) // 2
        shown = (low + timedelta(seconds=middle)).astimezone(zone).replace(tzinfo=None)
        under, over = (under, middle) if shown >= typed else (middle + 1, over)
    return low + timedelta(seconds=under)


def schedule_times(start: str, back: str, zone_name: str, *, now: datetime) -> ScheduleTimes:
    """The times as typed, ahead of `now` and in order. Raises InvalidSchedule."""
    times = read_times(start, back, zone_name)
    check_times(times, now=now)
    return times


def read_times(start: str, back: str, zone_name: str) -> ScheduleTimes:
    """The times as typed, whenever that was; an empty `back` means: it stays. Raises InvalidSchedule."""
    zone = known_zone(zone_name)
    if zone is None:
        raise InvalidSchedule("zone", f"There is no time zone “{zone_name}”. Write it like Europe/Paris.")
    return ScheduleTimes(_read("start", start, zone), _read("back", back, zone) if back.strip() else None)


def _read(field: str, text: str, zone: ZoneInfo) -> ZonedTime:
    try:
        return moment_of(typed_time(text), zone)
    except OverflowError as error:
        raise InvalidSchedule(field, _SHAPE) from error
    except ValueError as error:
        raise InvalidSchedule(field, str(error)) from error


def check_times(times: ScheduleTimes, *, now: datetime) -> None:
    """Raises InvalidSchedule unless both lie ahead, in order and not too far."""
    start, back = times.start, times.back
    if start.at <= now:
        clock = local_time(now, start.zone)
        raise InvalidSchedule("start", f"That time has passed: it is {clock}. Choose a later one.")
    if start.at > now + MOST_AHEAD:
        raise InvalidSchedule("start", "That is more than two years ahead. Choose an earlier time.")
    if back is None:
        return
    if back.at <= start.at:
        raise InvalidSchedule("back", "The change back must come after the change. Choose a later time for it.")
    if back.at > now + MOST_AHEAD:
        raise InvalidSchedule("back", "The change back is more than two years ahead. Choose an earlier time.")


def local_time(at: datetime, zone_name: str) -> str:
    """Say "Thu 3 Dec 2026, 00:00 Europe/Paris". In a zone that is gone from the system: UTC."""
    zone = known_zone(zone_name)
    shown = at.astimezone(zone or UTC)
    return f"{shown:%a} {time_text(shown)} {zone.key if zone else 'UTC'}"


def day_of(at: datetime, zone_name: str) -> datetime:
    """When the day of `at` began by that clock. In a zone that is gone from the system: UTC."""
    zone = known_zone(zone_name) or UTC
    return at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)


def local_clock(at: datetime, zone_name: str) -> str:
    """Only the hour and minute."""
    return f"{at.astimezone(known_zone(zone_name) or UTC):%H:%M}"


def zone_choices(stores: Iterable[str], workspace: str) -> tuple[str, ...]:
    """The zones to choose from, the default first: those of the offer's stores; without a store the workspace's."""
    known = tuple(name for name in dict.fromkeys(stores) if known_zone(name) is not None)
    return known or ((workspace,) if known_zone(workspace) is not None else ("UTC",))


# Two changes of the same codes within a day of each other are worth a look, even if they do not overlap.
NEAR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in which other scheduled changes matter. Without `until`: from `since` on."""

    since: datetime
    until: datetime | None = None


def span_of(times: ScheduleTimes) -> Span:
    """What a change for later lies across, with a day around it; one that stays matters to all that come after."""
    return Span(times.start.at - NEAR, times.back.at + NEAR if times.back else None)


class Verdict(StrEnum):
    """What to do with a scheduled moment."""

    EARLY = "early"
    RUN = "run"
    MISSED = "missed"


def verdict(*, due: datetime, at: datetime, ends: datetime | None = None) -> Verdict:
    """Whether what was to happen at `due` happens at `at`.

    `ends` is when the effect was to be taken back: past it there is nothing left to do.
    """
    if at < due:
        return Verdict.EARLY
    if at - due > LATE_LIMIT or (ends is not None and ends <= at):
        return Verdict.MISSED
    return Verdict.RUN


def how_long(span: timedelta) -> str:
    """Say "2 min", "3 h 5 min", "2 days"; for telling how late something was."""
    minutes = max(int(span.total_seconds()) // 60, 0)
    hours, days = minutes // 60, minutes // 1440
    if days:
        return f"{days} day{'' if days == 1 else 's'}"
    if hours:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{minutes} min"
