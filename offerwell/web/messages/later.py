"""The confirm step's When: now, or at a time of the workspace's clocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.rules.schedule import InvalidSchedule, ZonedTime, known_zone, local_time, schedule_times

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import QueryDict

_LONGEST = 32


@dataclass(frozen=True, slots=True)
class Later:
    """What is chosen. `moment` is None while it is not complete or cannot be; `refusal` says why."""

    is_later: bool
    zone: str
    date: str = ""
    time: str = ""
    shown: str = ""
    moment: ZonedTime | None = None
    refusal: str = ""

    @property
    def as_shown(self) -> str:
        """What was shown when it is confirmed: anything else is shown in words first."""
        return f"{self.date}|{self.time}"

    @property
    def was_shown(self) -> bool:
        """Whether the person saw this very time in words."""
        return self.shown == self.as_shown and self.moment is not None

    @property
    def summary(self) -> str:
        """The time in words, with what a changed clock does to it."""
        if self.moment is None:
            return ""
        return f"It is sent on {local_time(self.moment.at, self.zone)}. {self.moment.remark}".strip()


def later_now(zone: str, *, is_later: bool) -> Later:
    """The step as it is first shown."""
    return Later(is_later, _zone(zone))


def later_from(fields: QueryDict, zone: str, *, now: datetime) -> Later:
    """What a submitted form chose."""
    zone = _zone(zone)
    date, time = (fields.get(name, "").strip()[:_LONGEST] for name in ("date", "time"))
    given = (fields.get("when") == "later", zone, date, time, fields.get("shown", "")[: 2 * _LONGEST + 1])
    if not given[0]:
        return Later(*given)
    if not (date and time):
        missing = "" if not (date or time) else f"Choose the {'time' if date else 'date'} too."
        return Later(*given, refusal=missing or ("" if "preview" in fields else "Choose a date and a time."))
    try:
        return Later(*given, moment=schedule_times(f"{date} {time}", "", zone, now=now).start)
    except InvalidSchedule as refusal:
        return Later(*given, refusal=str(refusal))


def _zone(zone: str) -> str:
    return zone if known_zone(zone) else "UTC"
