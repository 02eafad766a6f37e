"""Keep what a store showed of codes that somebody else changed there, and record that it was found."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from offerwell.actions.record_event import record_event
from offerwell.models import Drift
from offerwell.models.id_list import id_rows
from offerwell.rules.drift import COURSES, Verb
from offerwell.rules.permissions import Actor
from offerwell.rules.store_sync import Difference, difference

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from offerwell.actions.sync_ports import Drifted
    from offerwell.models import Store

SYNC = Actor(name="Offerwell", door="worker")
_SHOWN = ("kind", "status", "starts_at", "ends_at", "text", "codes_count", "adopts")
_KEPT = (*_SHOWN, "found_at", "seen_at", "version")


def keep_drifts(store: Store, drifted: Sequence[Drifted], *, at: datetime) -> None:
    """One row per code on the store. Inside the transaction that flags them.

    A difference that was known keeps the time it was found at; the version rises when it looks another way.
    """
    known = {
        row.store_code_id: row
        for row in Drift.objects.filter(store_code_id__in=id_rows(one.code.id for one in drifted))
    }
    rows = [_row(store, one, known.get(one.code.id), at=at) for one in drifted]
    Drift.objects.bulk_create(
        rows, batch_size=500, update_conflicts=True, unique_fields=["store_code"], update_fields=list(_KEPT)
    )
    found = Counter(row.kind for row in rows if row.found_at == at)
    if found:
        record_event(
            workspace_id=store.workspace_id, kind="drift_found", subject=f"store:{store.pk}",
            facts={"codes": sum(found.values()), "kinds": dict(found)}, by=SYNC, at=at,
        )  # fmt: skip


def _row(store: Store, one: Drifted, before: Drift | None, *, at: datetime) -> Drift:
    row = Drift(workspace_id=store.workspace_id, store_code_id=one.code.id, found_at=at, seen_at=at)
    row.kind = str(difference(one.code, one.seen, at) or Difference.DATES)
    row.status = "missing" if one.seen is None else one.seen.status
    if one.seen is not None:
        row.starts_at, row.ends_at = one.seen.starts_at, one.seen.ends_at
        row.text, row.codes_count = one.seen.text[:255], one.seen.codes_count
    row.adopts = _adopts(row)
    if before is not None:
        is_same = all(getattr(row, name) == getattr(before, name) for name in _SHOWN)
        row.version = before.version + (not is_same)
        if one.code.problem == "drifted":
            row.found_at = before.found_at
        else:
            row.version = before.version + 1
    return row


def _adopts(row: Drift) -> str:
    """What adopting would come to: two stores that agree on it can be adopted together."""
    course = COURSES[Verb.ADOPT].get(Difference(row.kind))
    if course is None:
        return row.kind
    return f"{row.status}/{row.ends_at and row.ends_at.isoformat()}" if course.to_active else "off"
