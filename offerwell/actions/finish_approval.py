"""Approve a payout that was confirmed: freeze it batch by batch, then say so. In a worker; little ones at once.

The row says how far it is: whoever dies, the next one goes on there. Nothing of it counts as approved before the last
step. Where orders changed so that something else is due than was shown, what was frozen is taken back, and the payout
is a draft again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from offerwell.actions.draft_payout import statement_facts
from offerwell.actions.draw_statements import draw_statements
from offerwell.actions.freeze_statements import (
    EntriesChanged,
    freeze_next,
    is_as_confirmed,
    still_there,
    take_back_next,
)
from offerwell.actions.record_event import record_event
from offerwell.models import PayoutRun, RunState, lock_workspace
from offerwell.rules.permissions import Actor

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

# Without a sign of life for so long it lost its worker.
LOST_AFTER = timedelta(minutes=2)
CHANGED = "Orders changed while it was being approved, so it was drawn up anew. Nothing was approved. Look again."


def approvals_due(*, at: datetime) -> list[int]:
    """Confirmed payouts that wait for a worker, or whose worker died. For the sweep; looks into every workspace."""
    with scopes_disabled():
        return list(PayoutRun.objects.filter(_due(at)).order_by("pk").values_list("pk", flat=True)[:100])


def finish_approval(*, run_id: int, should_stop: Callable[[], bool] = lambda: False) -> None:
    """Go on with one; one that another worker has, or that is done, is left alone.

    The clock is read here: the job's door has only the id.
    """
    at = timezone.now()
    with scopes_disabled():
        if not PayoutRun.objects.filter(_due(at), pk=run_id).update(beat_at=at):
            return
        run = PayoutRun.objects.select_related("workspace").get(pk=run_id)
    with scope(workspace=run.workspace):
        go_on(run, by=Actor(run.approved_by, "worker", run.approved_by_id), should_stop=should_stop)


def _due(at: datetime) -> Q:
    return Q(state=RunState.APPROVING) & (Q(beat_at=None) | Q(beat_at__lt=at - LOST_AFTER))


def go_on(
    run: PayoutRun, *, by: Actor, at: datetime | None = None, should_stop: Callable[[], bool] = lambda: False
) -> None:
    """Batch after batch until it is approved, or a draft again. `at`: the moment of the record, if not that of its end.

    For whoever holds the lease (`beat_at`).
    """
    while not should_stop():
        run.refresh_from_db()
        if not run.is_approving:
            return
        if run.problem:
            _take_back(run, by, at)
        else:
            _freeze(run, by, at)
    PayoutRun.objects.filter(pk=run.pk, state=RunState.APPROVING).update(beat_at=None)


def _freeze(run: PayoutRun, by: Actor, at: datetime | None) -> None:
    try:
        if freeze_next(run):
            return
    except EntriesChanged:
        is_right = False
    else:
        is_right = is_as_confirmed(run)
    if is_right:
        _approve(run, by, at)
    else:
        still_there(run).update(problem=CHANGED)


def _approve(run: PayoutRun, by: Actor, at: datetime | None) -> None:
    with transaction.atomic():
        lock_workspace(run.workspace_id)
        if still_there(run).update(state=RunState.APPROVED, beat_at=None):
            _record(run, "payout_approved", statement_facts(run), by, at)


def _take_back(run: PayoutRun, by: Actor, at: datetime | None) -> None:
    if take_back_next(run):
        return
    with transaction.atomic():
        lock_workspace(run.workspace_id)
        if still_there(run).update(
            state=RunState.DRAFT, approved_at=None, approved_by="", approved_by_id=None, beat_at=None, top_entry=0
        ):
            draw_statements(run)
            _record(run, "payout_not_approved", {}, by, at)


def _record(run: PayoutRun, kind: str, facts: dict[str, object], by: Actor, at: datetime | None) -> None:
    record_event(
        workspace_id=run.workspace_id, kind=kind, subject=f"payout:{run.pk}", facts={"payout": run.pk, **facts}, by=by,
        at=at or timezone.now(),
    )  # fmt: skip
