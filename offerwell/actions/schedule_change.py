"""Keep a confirmed change for later. Nothing is changed now; a worker applies it at its time (ADR 18)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db import transaction

from offerwell.actions.change_offer_status import PlanOutOfDate, wish_hash
from offerwell.actions.record_event import record_event
from offerwell.models import ChangeKind, Enrollment, ScheduledChange, lock_workspace
from offerwell.queries.planned_change import Plan, Wish, plan_change
from offerwell.rules.schedule import InvalidSchedule, check_times

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Offer
    from offerwell.rules.permissions import Actor
    from offerwell.rules.schedule import ScheduleTimes
    from offerwell.rules.selection import MemberSelection


class ScheduleKeyReused(Exception):
    """The idempotency key belongs to another scheduled change. Nothing was done."""

    def __init__(self, schedule: ScheduledChange) -> None:
        super().__init__(f"This key was used for another scheduled change (number {schedule.pk}). Use a new key.")
        self.schedule = schedule


@dataclass(frozen=True, slots=True)
class Scheduled:
    """The schedule, and whether an earlier, equal request had made it."""

    schedule: ScheduledChange
    was_replayed: bool


def schedule_change(
    *, workspace_id: int, wish: Wish, times: ScheduleTimes, digest: str, key: str, by: Actor, at: datetime,
    creator_reason: str = "",
) -> Scheduled:  # fmt: skip
    """Keep `wish`, whose plan has `digest` now, for `times`. `creator_reason` goes into the change it makes.

    The same key, wish and times again give the same schedule. Raises InvalidSchedule, ScheduleKeyReused,
    PlanOutOfDate; each leaves everything as it was.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        body_hash = _body_hash(wish, times)
        earlier = ScheduledChange.objects.select_related("offer").filter(key=key).first()
        if earlier is not None and earlier.body_hash != body_hash:
            raise ScheduleKeyReused(earlier)
        if earlier is not None:
            return Scheduled(earlier, was_replayed=True)
        _check_kind(wish)
        check_times(times, now=at)
        plan = plan_change(_bounded(wish), at=at)
        if plan.digest != digest:
            raise PlanOutOfDate(plan)
        schedule = _record(
            workspace_id, plan, times, key=key, body_hash=body_hash, by=by, at=at, creator_reason=creator_reason
        )
        _record_event(schedule, by=by, at=at)
    return Scheduled(schedule, was_replayed=False)


def _check_kind(wish: Wish) -> None:
    """Texts are proposed, and options chosen, against what is there now; only a status can wait."""
    if wish.kind != ChangeKind.STATUS:
        raise InvalidSchedule("start", "Only activating and deactivating can wait for a later time.")


def plan_figures(plan: Plan) -> dict[str, Any]:
    """What of a plan is kept, for comparing it with the plan at its time."""
    return {
        "selected": plan.selected, "will_change": plan.will_change, "already_so": plan.already_so,
        "excluded": plan.excluded, "excluded_reasons": {str(reason): count for reason, count in plan.reasons},
    }  # fmt: skip


def _bounded(wish: Wish) -> Wish:
    """Who joins the offer until then is not meant, also where the members were chosen one by one."""
    assert wish.selection is not None  # noqa: S101  an undo is never scheduled by itself
    if wish.selection.up_to is not None:
        return wish
    return replace(wish, selection=replace(wish.selection, up_to=_newest(wish.offer)))


def _newest(offer: Offer) -> int:
    newest = Enrollment.objects.filter(offer=offer).order_by("-pk").values_list("pk", flat=True).first()
    return newest or 0


def _body_hash(wish: Wish, times: ScheduleTimes) -> str:
    back = "" if times.back is None else times.back.at.isoformat()
    body = f"{wish_hash(wish)} {times.start.at.isoformat()} {back} {times.zone}"
    return hashlib.sha256(body.encode()).hexdigest()


def _record(
    workspace_id: int, plan: Plan, times: ScheduleTimes, *, key: str, body_hash: str, by: Actor, at: datetime,
    creator_reason: str,
) -> ScheduledChange:  # fmt: skip
    wish = plan.wish
    selection: MemberSelection | None = wish.selection
    assert selection is not None  # noqa: S101  bounded above
    return ScheduledChange.objects.create(
        workspace_id=workspace_id, offer=wish.offer, part=wish.part, to_active=wish.to_active,
        selection=selection.to_json(), planned=plan_figures(plan), zone=times.zone, run_at=times.start.at,
        return_at=times.back and times.back.at, due_at=times.start.at, actor_id=by.user_id, actor_name=by.name,
        door=by.door, key=key, body_hash=body_hash, scheduled_at=at,
        creator_reason=creator_reason,
    )  # fmt: skip


def _record_event(schedule: ScheduledChange, *, by: Actor, at: datetime) -> None:
    record_event(
        workspace_id=schedule.workspace_id, kind="change_scheduled", subject=f"scheduled_change:{schedule.pk}",
        facts={
            "offer": schedule.offer_id, "part": str(schedule.part), "to_active": schedule.to_active,
            "run_at": schedule.run_at.isoformat(),
            "return_at": schedule.return_at and schedule.return_at.isoformat(),
            "zone": schedule.zone, "planned": schedule.planned,
        },
        by=by, at=at,
    )  # fmt: skip
