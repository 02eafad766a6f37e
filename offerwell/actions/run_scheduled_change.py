"""Make a scheduled change when its time has come, and take it back when that time has come.

The change goes through `change_offer_status`, the return through `undo_bulk_change`, as if the person pressed the
button now. State and effect are one transaction under the workspace's lock: two workers, or a worker that dies in
between, never make it twice (ADR 18).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django_scopes import scope, scopes_disabled

from offerwell.actions.change_offer_status import Applied, KeyReused, PlanOutOfDate, change_offer_status
from offerwell.actions.record_event import record_event
from offerwell.actions.undo_bulk_change import NothingToUndo, undo_bulk_change
from offerwell.models import OfferStatus, ScheduledChange, ScheduleState, TeamMember, lock_workspace
from offerwell.queries.planned_change import plan_change
from offerwell.queries.scheduled_changes import next_moment, wish_of
from offerwell.rules.permissions import Action, Actor, may
from offerwell.rules.schedule import LATE_LIMIT, LATE_WORTH_TELLING, Verdict, how_long, verdict

if TYPE_CHECKING:
    from datetime import datetime

_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=10)
_OFFERWELL = Actor(name="Offerwell", door="worker")


def schedules_due(*, at: datetime, most: int = 100) -> list[int]:
    """Scheduled changes, of all workspaces, whose time has come. For the sweep."""
    with scopes_disabled():
        due = ScheduledChange.objects.filter(due_at__lte=at).order_by("due_at", "pk")
        return list(due.values_list("pk", flat=True)[:most])


def run_scheduled_change(*, schedule_id: int, at: datetime) -> None:
    """Do what is due of one schedule; one that another worker did, or that was cancelled, is left alone.

    An error of ours delays only this schedule, and is told on it; it is tried again until it is too late.
    """
    with scopes_disabled():
        due = ScheduledChange.objects.filter(pk=schedule_id, due_at__lte=at)
        schedule = due.select_related("workspace", "offer", "change__offer").first()
    if schedule is None:
        return
    with scope(workspace=schedule.workspace):
        try:
            _run(schedule, at=at)
        except Exception:
            _put_off(schedule, at=at)
            raise


def _run(seen: ScheduledChange, *, at: datetime) -> None:
    """Plan first, outside the lock: counting a million codes must not hold others up."""
    is_start = seen.state == ScheduleState.WAITING
    digest = plan_change(wish_of(seen), at=at).digest if is_start and _judged(seen, at) == Verdict.RUN else ""
    with transaction.atomic():
        lock_workspace(seen.workspace_id)
        now = ScheduledChange.objects.select_related("offer", "change__offer")
        schedule = now.filter(pk=seen.pk, state=seen.state, due_at__lte=at).first()
        if schedule is None:
            return
        if _judged(schedule, at) == Verdict.MISSED:
            _end(schedule, ScheduleState.MISSED, _why_missed(schedule, at), at=at)
        elif hindrance := _hindrance(schedule):
            _end(schedule, ScheduleState.FAILED, hindrance, at=at)
        elif is_start:
            _make(schedule, digest, at=at)
        else:
            _take_back(schedule, at=at)


def _judged(schedule: ScheduledChange, at: datetime) -> Verdict:
    ends = schedule.return_at if schedule.state == ScheduleState.WAITING else None
    return verdict(due=next_moment(schedule), at=at, ends=ends)


def _hindrance(schedule: ScheduledChange) -> str:
    """Why it must not happen any more, with what to do; empty: nothing.

    The return asks for no permission: whoever confirmed the change confirmed its return, and a shop that
    stays paused because somebody left the team would be the surprise.
    """
    wish = wish_of(schedule)
    if wish.to_active and schedule.offer.status == OfferStatus.ARCHIVED:
        return "The offer was archived meanwhile, so nothing was activated. Set it active, then activate by hand."
    if schedule.state == ScheduleState.WAITING and not _may_still(schedule):
        return (
            f"{schedule.actor_name} may not change offer statuses in this workspace any more, so nothing was done. "
            "Make the change yourself if it is still wanted."
        )
    return ""


def _may_still(schedule: ScheduledChange) -> bool:
    """Whoever scheduled on the command line has no place: access to the machine is access to the data."""
    if schedule.actor_id is None:
        return True
    place = TeamMember.objects.filter(
        workspace_id=schedule.workspace_id, user_id=schedule.actor_id, user__is_active=True
    ).first()
    return place is not None and may(place.role, Action.CHANGE_OFFER_STATUS)


def _person(schedule: ScheduledChange) -> Actor:
    return Actor(name=schedule.actor_name, door="schedule", user_id=schedule.actor_id)


def _make(schedule: ScheduledChange, digest: str, *, at: datetime) -> None:
    try:
        schedule.change = _applied(schedule, digest, at=at).change
    except KeyReused as refused:
        _end(schedule, ScheduleState.FAILED, _key_taken(refused), at=at)
        return
    late = _told_late(at - schedule.run_at)
    _record(schedule, "scheduled_change_made", at=at)
    if schedule.return_at is None:
        _keep(schedule, ScheduleState.DONE, late, at=at)
    elif schedule.change.changed:
        _keep(schedule, ScheduleState.RETURNING, late, at=at)
    else:
        nothing = f"No {schedule.part} were changed, so none change back."
        _keep(schedule, ScheduleState.DONE, f"{late} {nothing}".strip(), at=at)


def _applied(schedule: ScheduledChange, digest: str, *, at: datetime) -> Applied:
    """What moved between the plan and the lock only makes another plan: the person confirmed it for then."""
    for _ in range(2):
        try:
            return change_offer_status(
                workspace_id=schedule.workspace_id, wish=wish_of(schedule), digest=digest,
                key=f"schedule-{schedule.pk}", by=_person(schedule), at=at,
                creator_reason=schedule.creator_reason,
            )  # fmt: skip
        except PlanOutOfDate as moved:
            digest, last = moved.plan.digest, moved
    raise last


def _take_back(schedule: ScheduledChange, *, at: datetime) -> None:
    """Exactly the undo of what was changed: what somebody changed since stays as they left it."""
    assert schedule.change is not None and schedule.return_at is not None  # noqa: S101, PT018  it is returning
    try:
        applied = undo_bulk_change(
            workspace_id=schedule.workspace_id, change=schedule.change, by=_person(schedule), at=at
        )
    except NothingToUndo:
        told = f"Nothing was changed back: all {schedule.part} of the change were changed again since."
        _record(schedule, "scheduled_change_returned", at=at)
        _keep(schedule, ScheduleState.DONE, told, at=at)
        return
    except KeyReused as refused:
        _end(schedule, ScheduleState.FAILED, _key_taken(refused), at=at)
        return
    schedule.return_change = applied.change
    _record(schedule, "scheduled_change_returned", at=at)
    late = _told_late(at - schedule.return_at)
    already = f"{applied.change.actor_name} had undone it before." if applied.was_replayed else ""
    _keep(schedule, ScheduleState.DONE, already or late, at=at)


def _key_taken(refused: KeyReused) -> str:
    return (
        f"Another change took this one’s key (change {refused.change.pk}), so nothing was done. "
        "Make the change by hand if it is still wanted."
    )


def _told_late(late: timedelta) -> str:
    if late < LATE_WORTH_TELLING:
        return ""
    return f"This happened {how_long(late)} late: no worker was running, or it could not get to it."


def _why_missed(schedule: ScheduledChange, at: datetime) -> str:
    late = how_long(at - next_moment(schedule))
    cause = "it failed again and again" if schedule.attempts else "no worker was running"
    if schedule.state == ScheduleState.RETURNING:
        return (
            f"The change back came up {late} late, because {cause}. The {schedule.part} stay as they are: "
            f"undo change {schedule.change_id} if you want them back."
        )
    if at - schedule.run_at <= LATE_LIMIT:
        return f"Its time passed because {cause}, and so did the time to change back. Nothing was changed."
    return (
        f"It came up {late} late, because {cause}. Nothing was changed: make the change by hand if it is still wanted."
    )


def _keep(schedule: ScheduledChange, state: ScheduleState, told: str, *, at: datetime) -> None:
    is_open = state == ScheduleState.RETURNING
    schedule.state, schedule.reason, schedule.attempts = state, told, 0
    schedule.due_at, schedule.ended_at = (schedule.return_at, None) if is_open else (None, at)
    schedule.save(update_fields=["state", "reason", "attempts", "due_at", "ended_at", "change", "return_change"])


def _end(schedule: ScheduledChange, state: ScheduleState, reason: str, *, at: datetime) -> None:
    """It will not happen: failed or missed."""
    record_event(
        workspace_id=schedule.workspace_id, kind=f"scheduled_change_{state}", subject=f"scheduled_change:{schedule.pk}",
        facts={"was_made": schedule.change_id is not None, "reason": reason}, by=_OFFERWELL, at=at,
    )  # fmt: skip
    _keep(schedule, state, reason, at=at)


def _record(schedule: ScheduledChange, kind: str, *, at: datetime) -> None:
    """With what differs from the plan that the person saw when it was scheduled."""
    made = schedule.return_change if kind == "scheduled_change_returned" else schedule.change
    found = {} if made is None else {
        "selected": made.selected, "will_change": made.changed, "already_so": made.already_so,
        "excluded": made.excluded, "excluded_reasons": made.excluded_reasons,
    }  # fmt: skip
    record_event(
        workspace_id=schedule.workspace_id, kind=kind, subject=f"scheduled_change:{schedule.pk}",
        facts={
            "change": schedule.change_id, "return_change": schedule.return_change_id, "planned": schedule.planned,
            "found": found, "late_seconds": int((at - next_moment(schedule)).total_seconds()),
        },
        by=_person(schedule), at=at,
    )  # fmt: skip


def _put_off(schedule: ScheduledChange, *, at: datetime) -> None:
    """An error of ours: say so, and look again soon. Nobody else's schedule waits for it."""
    attempts = schedule.attempts + 1
    pause = min(_FIRST_PAUSE * 2 ** min(attempts - 1, 10), _LONGEST_PAUSE)
    ScheduledChange.objects.filter(pk=schedule.pk, state=schedule.state, due_at=schedule.due_at).update(
        attempts=attempts, due_at=at + pause,
        reason="Offerwell met an error of its own when it was time. Its log has the details. It tries again by itself.",
    )  # fmt: skip
