"""Call off a scheduled change before its time, or the return of one that was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.models import ScheduledChange, ScheduleState, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


class NothingToCancel(Exception):
    """It is over already: done, failed, missed or cancelled. Nothing was done; the text says which."""


_OVER = {
    ScheduleState.DONE: "It is too late to cancel: the change was made. Undo it on its page in Activity.",
    ScheduleState.FAILED: "There is nothing to cancel: this scheduled change failed.",
    ScheduleState.MISSED: "There is nothing to cancel: this scheduled change was missed.",
    ScheduleState.CANCELLED: "This scheduled change was cancelled before.",
}


def cancel_scheduled_change(*, workspace_id: int, schedule_id: int, by: Actor, at: datetime) -> ScheduledChange:
    """Cancel what still waits of it. What was changed already stays; Undo is for that.

    Raises NothingToCancel. A worker that is about to run it stands in the same line (ADR 3): either it
    ran, and this refuses, or it never will.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        schedule = ScheduledChange.objects.select_related("offer", "change").get(pk=schedule_id)
        if not schedule.is_open:
            raise NothingToCancel(_OVER[ScheduleState(schedule.state)])
        was_made = schedule.state == ScheduleState.RETURNING
        schedule.state, schedule.due_at = ScheduleState.CANCELLED, None
        schedule.ended_at, schedule.cancelled_by = at, by.name
        schedule.reason = "Only the change back was cancelled: what was changed stays." if was_made else ""
        schedule.save(update_fields=["state", "due_at", "ended_at", "cancelled_by", "reason"])
        record_event(
            workspace_id=workspace_id, kind="scheduled_change_cancelled", subject=f"scheduled_change:{schedule.pk}",
            facts={"was_made": was_made, "change": schedule.change_id}, by=by, at=at,
        )  # fmt: skip
    return schedule
