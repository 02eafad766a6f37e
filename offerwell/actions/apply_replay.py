"""Apply other attribution rules to past orders, as a preview showed. A worker does it; the rows say how far it is.

The former rules are replayed the same way, which moves everything back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.jobs import wake
from offerwell.models import AttributionReplay, ReplayState, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


class ReplayRefused(Exception):
    """Nothing was done. The sentence says why and what to do."""


def apply_replay(*, workspace_id: int, replay_id: int, by: Actor, at: datetime) -> bool:
    """Have the replay applied. False when it is already. Raises ReplayRefused."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        replay = AttributionReplay.objects.get(pk=replay_id)
        if replay.state in {ReplayState.APPLYING, ReplayState.APPLIED}:
            return False
        _check(replay)
        AttributionReplay.objects.filter(pk=replay.pk).update(
            state=ReplayState.APPLYING, done_orders=0, last_id=0, beat_at=None, confirmed_by=by.name, confirmed_at=at
        )
        facts = {
            "first": replay.first, "window_days": replay.window_days, "since": replay.since.date().isoformat(),
            "orders": replay.total_orders, "preview": replay.preview and _counts(replay.preview),
        }  # fmt: skip
        record_event(
            workspace_id=workspace_id, kind="replay_confirmed", subject=f"replay:{replay.pk}", facts=facts, by=by, at=at
        )
        wake("run_replay", replay.pk)
    return True


def _check(replay: AttributionReplay) -> None:
    if replay.state != ReplayState.READY:
        raise ReplayRefused("This replay is still being computed. Apply it when you have seen what it moves.")
    if AttributionReplay.objects.filter(state=ReplayState.APPLYING).exists():
        raise ReplayRefused("Other rules are being applied to past orders now. Preview again when that is done.")
    if AttributionReplay.objects.filter(applied_at__gte=replay.ready_at).exists():
        raise ReplayRefused("Other rules were applied to past orders since this preview. Preview again.")


def _counts(figures: dict[str, object]) -> dict[str, object]:
    """For the record: without the list of members, which only grows it."""
    return {name: value for name, value in figures.items() if name not in {"members", "examples"}}
