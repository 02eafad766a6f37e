"""Draw up a payout: a statement for each member and currency, of orders placed up to a day. Nothing is promised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.draw_statements import draw_statements, drop_statements
from offerwell.actions.record_event import record_event
from offerwell.actions.set_payout_policy import payout_policy
from offerwell.models import PayoutRun, PayoutTotal, RunState, Workspace, lock_workspace
from offerwell.rules.statements import InvalidPayout, end_of

if TYPE_CHECKING:
    from datetime import date, datetime

    from offerwell.rules.permissions import Actor


def draft_payout(*, workspace_id: int, last_day: date, by: Actor, at: datetime) -> PayoutRun:
    """Draw up the draft, or draw it up anew with this day: a workspace has one at a time. Raises InvalidPayout."""
    workspace = Workspace.objects.get(pk=workspace_id)
    until = end_of(last_day, workspace.timezone, now=at)
    with transaction.atomic():
        lock_workspace(workspace_id)
        run = _open_run() or PayoutRun(workspace_id=workspace_id)
        run.last_day, run.until, run.minimums = last_day, until, payout_policy().minimums
        run.drawn_at, run.drawn_by, run.drawn_by_id, run.problem = at, by.name, by.user_id, ""
        run.save()
        draw_statements(run)
        record_event(
            workspace_id=workspace_id, kind="payout_drafted", subject=f"payout:{run.pk}",
            facts={"payout": run.pk, "last_day": last_day.isoformat(), **statement_facts(run)}, by=by, at=at,
        )  # fmt: skip
    return run


def _open_run() -> PayoutRun | None:
    """The draft. What is being approved has first to be settled: the next payout begins where it ends."""
    run: PayoutRun | None = PayoutRun.objects.filter(state__in=[RunState.DRAFT, RunState.APPROVING]).first()
    if run is not None and run.is_approving:
        raise InvalidPayout(f"{run} is being approved. Draw up the next one when that is done.")
    return run


def statement_facts(run: PayoutRun) -> dict[str, object]:
    """How many statements there are and what they pay, for the records."""
    totals = PayoutTotal.objects.filter(run=run).order_by("currency")
    rows = list(totals.values_list("currency", "statements", "payable", "pays"))
    return {
        "statements": sum(statements for _, statements, _, _ in rows),
        "payable": sum(payable for _, _, payable, _ in rows),
        "pays": {currency: pays for currency, _, _, pays in rows},
    }


def cancel_payout(*, workspace_id: int, run_id: int, by: Actor, at: datetime) -> PayoutRun:
    """Drop a draft: everything in it is due again. Raises InvalidPayout for one that is no draft."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        run: PayoutRun = PayoutRun.objects.get(pk=run_id)
        if not run.is_draft:
            state = "being approved" if run.is_approving else run.state
            raise InvalidPayout(f"{run} is {state}: only a draft can be cancelled. Nothing was done.")
        drop_statements(run)
        run.state = RunState.CANCELLED
        run.save(update_fields=["state"])
        record_event(
            workspace_id=workspace_id, kind="payout_cancelled", subject=f"payout:{run.pk}", facts={"payout": run.pk},
            by=by, at=at,
        )  # fmt: skip
    return run
