"""A scheduled change in the words of its list, its page and the notes elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.models import ScheduledChange, ScheduleState
from offerwell.queries.scheduled_changes import next_moment
from offerwell.rules.schedule import local_time
from offerwell.web.manage_offers.sentences import counted, done_word, verb

if TYPE_CHECKING:
    from datetime import datetime

_LOOKS = {ScheduleState.WAITING: "scheduled"}


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """One scheduled change. `status` is a word of `ui/status_look.py`; moments for the reader's own zone."""

    schedule: ScheduledChange
    heading: str
    status: str
    starts: str
    returns: str
    differs: str

    @property
    def can_cancel(self) -> bool:
        """Whether something of it still waits."""
        return self.schedule.is_open

    @property
    def next_at(self) -> datetime:
        """When something happens next."""
        return next_moment(self.schedule)

    @property
    def sentence(self) -> str:
        """Say "5 codes will be deactivated on Thu 3 Dec 2026, 00:00 Europe/Paris, by Ana Lopez."."""
        schedule = self.schedule
        if schedule.state == ScheduleState.RETURNING:
            return f"{_counted(schedule)} will be changed back on {self.returns}, scheduled by {schedule.actor_name}."
        back = f" and changed back on {self.returns}" if self.returns else ""
        word = done_word(to_active=schedule.to_active)
        return f"{_counted(schedule)} will be {word} on {self.starts}{back}, scheduled by {schedule.actor_name}."


def line_of(schedule: ScheduledChange) -> ScheduleLine:
    """The words of one."""
    return ScheduleLine(
        schedule=schedule,
        heading=f"{verb(to_active=schedule.to_active)} {counted(schedule.planned['will_change'], schedule.part)}",
        status=_LOOKS.get(ScheduleState(schedule.state), str(schedule.state)),
        starts=local_time(schedule.run_at, schedule.zone),
        returns=local_time(schedule.return_at, schedule.zone) if schedule.return_at else "",
        differs=_differs(schedule),
    )


def _counted(schedule: ScheduledChange) -> str:
    made = schedule.change
    return counted(made.changed if made else schedule.planned["will_change"], schedule.part)


def _differs(schedule: ScheduledChange) -> str:
    """What its time brought that the plan had not; empty when it was as planned, or is still to come."""
    if schedule.change is None:
        return ""
    planned, made = schedule.planned, schedule.change
    before = (planned["will_change"], planned["already_so"], planned["excluded"])
    if before == (made.changed, made.already_so, made.excluded):
        return ""
    return (
        f"{counted(made.changed, schedule.part)} changed instead of {planned['will_change']:,}; "
        f"{made.already_so:,} already so instead of {planned['already_so']:,}; "
        f"{made.excluded:,} left out instead of {planned['excluded']:,}."
    )
