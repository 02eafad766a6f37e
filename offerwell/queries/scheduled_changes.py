"""Changes for later: what waits, what became of the others, and which of them touch the same codes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import F, Q
from django.db.models.functions import Coalesce

from offerwell.models import OfferPart, ScheduledChange, ScheduleState
from offerwell.queries.planned_change import Wish, planned_rows
from offerwell.rules.schedule import local_time
from offerwell.rules.selection import selection_from_json

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.models import BulkChange, Offer
    from offerwell.rules.schedule import Span

PAGE_SIZE = 50
# What failed or was missed is told where people work for so long; then it is history.
TOLD_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class SchedulePage:
    """A page of schedules. `next` and `previous` are places (time and id) to go on from."""

    rows: tuple[ScheduledChange, ...]
    next: tuple[datetime, int] | None
    is_first: bool


@dataclass(frozen=True, slots=True)
class Overlap:
    """Another schedule that touches some of the same codes or links, and how many."""

    schedule: ScheduledChange
    codes: int


@dataclass(frozen=True, slots=True)
class Overlaps:
    """The first few, in time; `unseen` others of this offer were not counted."""

    rows: tuple[Overlap, ...]
    unseen: int


def wish_of(schedule: ScheduledChange) -> Wish:
    """What it will do next: the change itself, or its return, which is the undo of what it changed."""
    part = OfferPart(schedule.part)
    if schedule.state == ScheduleState.RETURNING and schedule.change is not None:
        return Wish(schedule.offer, part, not schedule.to_active, None, undoes=schedule.change)
    return Wish(schedule.offer, part, schedule.to_active, selection_from_json(schedule.selection))


def next_moment(schedule: ScheduledChange) -> datetime:
    """When it does that."""
    is_returning = schedule.state == ScheduleState.RETURNING and schedule.return_at is not None
    return schedule.return_at if is_returning else schedule.run_at  # type: ignore[return-value]


def open_page(*, after: tuple[datetime, int] | None = None, size: int = PAGE_SIZE) -> SchedulePage:
    """What waits, soonest first."""
    rows = _rows().filter(due_at__isnull=False).order_by("due_at", "pk")
    if after is not None:
        rows = rows.filter(Q(due_at__gt=after[0]) | Q(due_at=after[0], pk__gt=after[1]))
    return _page(rows, "due_at", is_first=after is None, size=size)


def past_page(*, after: tuple[datetime, int] | None = None, size: int = PAGE_SIZE) -> SchedulePage:
    """What is over, newest end first."""
    rows = _rows().filter(due_at=None).order_by("-ended_at", "-pk")
    if after is not None:
        rows = rows.filter(Q(ended_at__lt=after[0]) | Q(ended_at=after[0], pk__lt=after[1]))
    return _page(rows, "ended_at", is_first=after is None, size=size)


def _page(rows: QuerySet[ScheduledChange], place: str, *, is_first: bool, size: int) -> SchedulePage:
    found = list(rows[: size + 1])
    has_more, found = len(found) > size, found[:size]
    following = (getattr(found[-1], place), found[-1].pk) if has_more else None
    return SchedulePage(tuple(found), following, is_first)


def _rows() -> QuerySet[ScheduledChange]:
    """For showing: without the selections, which may name twenty thousand members each."""
    return _whole().defer("selection")


def _whole() -> QuerySet[ScheduledChange]:
    rows = ScheduledChange.objects.select_related("offer", "change", "return_change")
    return rows.defer("change__selection", "return_change__selection")


def open_count() -> int:
    """How many wait."""
    return int(ScheduledChange.objects.filter(due_at__isnull=False).count())


def found_schedule(schedule_id: int) -> ScheduledChange | None:
    """One of this workspace."""
    return _rows().filter(pk=schedule_id).first()


def schedule_of(change: BulkChange) -> ScheduledChange | None:
    """The schedule that made this change, or took one back by it."""
    return _rows().filter(Q(change=change) | Q(return_change=change)).first()


def troubled(*, at: datetime, most: int = 3) -> list[ScheduledChange]:
    """What failed or was missed lately, newest first: nobody was there when it happened."""
    return list(_rows().filter(_lately_bad(at)).order_by("-ended_at", "-pk")[:most])


def told_of_offer(offer: Offer, *, at: datetime, most: int = 3) -> tuple[list[ScheduledChange], list[ScheduledChange]]:
    """What waits for this offer, soonest first, and what failed or was missed lately. One statement."""
    # A union, not OR: each half has its own partial index, so that a long history costs the page nothing.
    ids = ScheduledChange.objects.filter(offer=offer, due_at__isnull=False).values("pk")
    told = ids.union(ScheduledChange.objects.filter(_lately_bad(at), offer=offer).values("pk"), all=True)
    rows = _rows().filter(pk__in=told)
    found = list(rows.order_by(F("due_at").asc(nulls_first=True), "-ended_at", "pk")[: 4 * most])
    waiting, bad = [row for row in found if row.is_open], [row for row in found if not row.is_open]
    return waiting[:most], bad[:most]


def _lately_bad(at: datetime) -> Q:
    bad = [ScheduleState.FAILED, ScheduleState.MISSED]
    return Q(due_at=None, ended_at__gt=at - TOLD_FOR, state__in=bad)


def overlaps(wish: Wish, span: Span, *, at: datetime, most: int = 5) -> Overlaps:
    """The open schedules within `span` that mean some of what `wish` means. One count each, for the first `most`."""
    near = _whole().filter(offer=wish.offer, part=wish.part, due_at__isnull=False).order_by("due_at", "pk")
    near = near.alias(ends=Coalesce("return_at", "run_at")).filter(ends__gte=span.since)
    if span.until is not None:
        near = near.filter(run_at__lte=span.until)
    found = list(near[:most])
    unseen = near.count() - most if len(found) == most else 0
    meant = planned_rows(wish, at=at).order_by()
    counted = [
        Overlap(one, meant.filter(pk__in=planned_rows(wish_of(one), at=at).order_by().values("pk")).count())
        for one in found
    ]
    return Overlaps(tuple(row for row in counted if row.codes), unseen)


def schedule_json(schedule: ScheduledChange) -> dict[str, Any]:
    """The documented JSON of a schedule. Times in UTC, and as the clocks of its zone show them."""
    back = schedule.return_at
    return {
        "id": schedule.pk,
        "state": schedule.state,
        "offer": schedule.offer.name,
        "part": schedule.part,
        "target": "active" if schedule.to_active else "deactivated",
        "zone": schedule.zone,
        "run_at": _utc(schedule.run_at),
        "run_at_local": local_time(schedule.run_at, schedule.zone),
        "return_at": back and _utc(back),
        "return_at_local": back and local_time(back, schedule.zone),
        "planned": schedule.planned,
        "by": schedule.actor_name,
        "scheduled_at": _utc(schedule.scheduled_at),
        "change": schedule.change_id,
        "return_change": schedule.return_change_id,
        "late_seconds": late_seconds(schedule),
        "reason": schedule.reason,
        "cancelled_by": schedule.cancelled_by or None,
    }


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def late_seconds(schedule: ScheduledChange) -> int | None:
    """How long after its time the change was made; None before."""
    return None if schedule.change is None else int((schedule.change.at - schedule.run_at).total_seconds())
