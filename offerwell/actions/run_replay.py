"""Compute a replay that waits, or apply one that was confirmed. In a worker; little ones while the page waits.

Computing reads only and begins again after a crash. Applying is one transaction for each batch, which also holds how
far it is and what it moved: a crash costs a batch at most, and nothing is applied twice.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from offerwell.actions.attribute_again import attribute_again, keep_under
from offerwell.actions.record_event import record_event
from offerwell.models import AttributionReplay, ReplayState, lock_workspace
from offerwell.models.statistics import keep_statistics
from offerwell.queries.attribution_replay import ReplayScope, next_orders, replay_batch, replayed
from offerwell.rules.attribution import AttributionPolicy, First
from offerwell.rules.attribution_replay import ReplayFigures, agree
from offerwell.rules.permissions import Actor

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

# Without a sign of life for so long a replay lost its worker.
LOST_AFTER = timedelta(minutes=2)


def replays_due(*, at: datetime) -> list[int]:
    """Replays that wait for a worker, or whose worker died. For the sweep; looks into every workspace."""
    with scopes_disabled():
        return list(AttributionReplay.objects.filter(_due(at)).order_by("pk").values_list("pk", flat=True)[:100])


def run_replay(*, replay_id: int, should_stop: Callable[[], bool] = lambda: False) -> None:
    """Compute or apply one replay; one that another worker has, or that is done, is left alone.

    The clock is read here: the job's door has only the id.
    """
    at = timezone.now()
    with scopes_disabled():
        if not AttributionReplay.objects.filter(_due(at), pk=replay_id).update(beat_at=at):
            return
        replay = AttributionReplay.objects.select_related("workspace").get(pk=replay_id)
    keep_statistics()  # of what came in a minute ago too
    with scope(workspace=replay.workspace):
        if replay.state == ReplayState.WAITING:
            _compute(replay)
        else:
            _apply(replay, should_stop)


def _due(at: datetime) -> Q:
    is_open = Q(state__in=[ReplayState.WAITING, ReplayState.APPLYING])
    return is_open & (Q(beat_at=None) | Q(beat_at__lt=at - LOST_AFTER))


def _compute(replay: AttributionReplay) -> None:
    rows = AttributionReplay.objects.filter(pk=replay.pk, state=ReplayState.WAITING)
    figures = replayed(
        _scope(replay), _policy(replay),
        on_progress=lambda done: rows.update(done_orders=done, beat_at=timezone.now()),
    )  # fmt: skip
    rows.update(
        state=ReplayState.READY, preview=figures.to_json(), total_orders=figures.orders + figures.stay, beat_at=None,
        ready_at=timezone.now(),
    )  # fmt: skip


def _apply(replay: AttributionReplay, should_stop: Callable[[], bool]) -> None:
    while not should_stop():
        if not _apply_batch(replay.pk, timezone.now()):
            return
    AttributionReplay.objects.filter(pk=replay.pk, state=ReplayState.APPLYING).update(beat_at=None)


def _apply_batch(replay_id: int, at: datetime) -> bool:
    """One batch and its place, together. False when there was none left: then it is done."""
    with transaction.atomic():
        replay = AttributionReplay.objects.get(pk=replay_id)
        lock_workspace(replay.workspace_id)
        replay.refresh_from_db()
        if replay.state != ReplayState.APPLYING:
            return False
        ids = next_orders(_scope(replay), after=replay.last_id)
        figures = ReplayFigures.from_json(replay.result or {})
        if ids:
            rules = _policy(replay)
            batch = replay_batch(ids, rules, figures)
            attribute_again(workspace_id=replay.workspace_id, order_ids=batch.decided, at=at, rules=rules)
            keep_under(rules, batch.certain)
            replay.last_id, replay.done_orders = ids[-1], replay.done_orders + len(ids)
        replay.result, replay.beat_at = figures.to_json(), at
        if not ids:
            _finish(replay, at)
        replay.save()
    return bool(ids)


def _finish(replay: AttributionReplay, at: datetime) -> None:
    replay.state, replay.applied_at, replay.beat_at = ReplayState.APPLIED, at, None
    result = replay.result or {}
    facts = {
        "orders": result["orders"], "moved": result["moved"], "taken": result["taken"], "given": result["given"],
        "as_previewed": agree(replay.preview or {}, result),
    }  # fmt: skip
    record_event(
        workspace_id=replay.workspace_id, kind="replay_applied", subject=f"replay:{replay.pk}", facts=facts,
        by=Actor(name=replay.confirmed_by, door="worker"), at=at,
    )  # fmt: skip


def _scope(replay: AttributionReplay) -> ReplayScope:
    return ReplayScope(replay.since, replay.top_id)


def _policy(replay: AttributionReplay) -> AttributionPolicy:
    return AttributionPolicy(First(replay.first), replay.window_days)
