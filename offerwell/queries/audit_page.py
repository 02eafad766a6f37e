"""Everything that happened in the workspace, newest first, narrowed as a person asks.

Keyset pages; one index for each filter (`models/event.py`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Q

from offerwell.models import Event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.db.models import QuerySet

PAGE_SIZE = 50
AT_ONCE = 1_000
# Longer lists of persons are typed, not chosen.
NAMES_LISTED = 200


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What is wanted; empty for all. `subject` is one thing ("offer:7").

    `until` is the first moment that is not meant any more.
    """

    person: str = ""
    kind: str = ""
    subject: str = ""
    door: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the list: between two events."""

    at: datetime
    seq: int


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event with its facts read."""

    event: Event
    facts: dict[str, Any]

    @property
    def spot(self) -> Spot:
        """Where it stands."""
        return Spot(self.event.at, self.event.seq)


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A page, newest first, with the spots to go on from."""

    rows: tuple[EventRow, ...]
    older: Spot | None
    newer: Spot | None


def audit_page(
    wanted: AuditFilter, *, before: Spot | None = None, after: Spot | None = None, size: int = PAGE_SIZE
) -> AuditPage:
    """The events before a spot, or the ones just after it, or the newest. One statement."""
    events = _narrowed(wanted)
    if after is not None:
        found = list(_beyond(events, after, newer=True).order_by("at", "seq")[: size + 1])
        has_newer, has_older = len(found) > size, True
        found = found[:size][::-1]
    else:
        older = events if before is None else _beyond(events, before, newer=False)
        found = list(older.order_by("-at", "-seq")[: size + 1])
        has_newer, has_older = before is not None, len(found) > size
        found = found[:size]
    rows = tuple(_row(event) for event in found)
    return AuditPage(rows, rows[-1].spot if rows and has_older else None, rows[0].spot if rows and has_newer else None)


def every_event(wanted: AuditFilter, *, size: int = AT_ONCE) -> Iterator[tuple[EventRow, ...]]:
    """All of them, newest first, batch by batch, for an export."""
    before: Spot | None = None
    while True:
        page = audit_page(wanted, before=before, size=size)
        yield page.rows
        if page.older is None:
            return
        before = page.older


def people_on_record(workspace_id: int) -> list[str]:
    """The names that events carry, by name. One step of the index for each name, however many events there are."""
    return _distinct("actor_name", workspace_id)


def kinds_on_record(workspace_id: int) -> list[str]:
    """The kinds of events there are."""
    return _distinct("kind", workspace_id)


def doors_on_record(workspace_id: int) -> list[str]:
    """The doors that events came through."""
    return _distinct("door", workspace_id)


def _distinct(column: str, workspace_id: int) -> list[str]:
    """SELECT DISTINCT would read every event on either database: this hops from value to value."""
    least = f"SELECT MIN({column}) FROM offerwell_event WHERE workspace_id = %s"  # noqa: S608  columns of ours
    statement = (
        f"WITH RECURSIVE hop(value, n) AS (SELECT ({least}), 1 UNION ALL"  # noqa: S608
        f" SELECT ({least} AND {column} > hop.value), n + 1 FROM hop WHERE hop.value IS NOT NULL AND n < %s)"
        " SELECT value FROM hop WHERE value IS NOT NULL"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [workspace_id, workspace_id, NAMES_LISTED])
        return [row[0] for row in cursor.fetchall()]


def _narrowed(wanted: AuditFilter) -> QuerySet[Event]:
    equal = {"actor_name": wanted.person, "kind": wanted.kind, "subject": wanted.subject, "door": wanted.door}
    events: QuerySet[Event] = Event.objects.filter(**{column: value for column, value in equal.items() if value})
    if wanted.since:
        events = events.filter(at__gte=wanted.since)
    return events.filter(at__lt=wanted.until) if wanted.until else events


def _beyond(events: QuerySet[Event], spot: Spot, *, newer: bool) -> QuerySet[Event]:
    """Past the spot. The bound on the time alone is what the index is entered by."""
    if newer:
        return events.filter(Q(at__gte=spot.at) & (Q(at__gt=spot.at) | Q(seq__gt=spot.seq)))
    return events.filter(Q(at__lte=spot.at) & (Q(at__lt=spot.at) | Q(seq__lt=spot.seq)))


def _row(event: Event) -> EventRow:
    try:
        facts = json.loads(event.body)
    except ValueError:
        facts = None
    # An altered body is shown as it is: the chain says that it was altered.
    return EventRow(event, facts if isinstance(facts, dict) else {"body": event.body})
