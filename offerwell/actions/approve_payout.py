"""Approve a draft: its statements are frozen, and every entry on them is settled for ever (trust G12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.draft_payout import statement_facts
from offerwell.actions.draw_statements import EntriesChanged, draw_statements, freeze_statements
from offerwell.actions.record_event import record_event
from offerwell.actions.set_payout_policy import payout_policy
from offerwell.models import PayoutRun, RunState, Statement, lock_workspace
from offerwell.queries.payout_digest import payout_digest
from offerwell.rules.statements import InvalidPayout, Signer, why_not_approve

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


class DraftOutOfDate(Exception):
    """Orders changed since the draft was shown. It was drawn up anew; nothing was approved. Look again."""


def approve_payout(*, workspace_id: int, run_id: int, digest: str, by: Actor, at: datetime) -> PayoutRun:
    """Approve exactly what was shown under `digest`. Raises DraftOutOfDate, InvalidPayout."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        run: PayoutRun = PayoutRun.objects.get(pk=run_id)
        _refuse(run, by)
        is_as_shown = payout_digest(run) == digest and _is_frozen(run)
        if is_as_shown:
            _approve(run, by, at)
        else:
            draw_statements(run)
    if not is_as_shown:
        raise DraftOutOfDate
    return run


def _is_frozen(run: PayoutRun) -> bool:
    """Freeze what was drawn up. False where something else is due by now: nothing was frozen then."""
    try:
        with transaction.atomic():
            freeze_statements(run)
    except EntriesChanged:
        return False
    return True


def _refuse(run: PayoutRun, by: Actor) -> None:
    if run.state == RunState.APPROVED:
        raise InvalidPayout(f"{run} is approved already, by {run.approved_by}. It does not change any more.")
    if run.state == RunState.CANCELLED:
        raise InvalidPayout(f"{run} was cancelled. Draw up a new one.")
    approver = Signer(by.user_id, by.name)
    why = why_not_approve(drawn_by=run.drawer, approver=approver, needs_second=payout_policy().needs_second)
    if why:
        raise InvalidPayout(why)


def _approve(run: PayoutRun, by: Actor, at: datetime) -> None:
    if not Statement.objects.filter(run=run).exists():
        raise InvalidPayout("There is nothing to pay up to this day. Choose a later one, or cancel the draft.")
    run.state, run.approved_at, run.approved_by, run.approved_by_id = RunState.APPROVED, at, by.name, by.user_id
    run.save(update_fields=["state", "approved_at", "approved_by", "approved_by_id"])
    record_event(
        workspace_id=run.workspace_id, kind="payout_approved", subject=f"payout:{run.pk}",
        facts={"payout": run.pk, **statement_facts(run)}, by=by, at=at,
    )  # fmt: skip
