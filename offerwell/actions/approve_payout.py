"""Approve a draft: its statements are frozen, and every entry on them is settled for ever (trust G12).

What is confirmed is fixed in one short transaction. Freezing it takes minutes where it is much, and a worker does it
(`finish_approval.py`); a little is done at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, Max, Sum
from django.utils import timezone

from offerwell.actions.draft_payout import statement_facts
from offerwell.actions.draw_statements import draw_statements
from offerwell.actions.finish_approval import go_on
from offerwell.actions.record_event import record_event
from offerwell.actions.set_payout_policy import payout_policy
from offerwell.jobs import wake
from offerwell.models import PayoutRun, RunState, Statement, lock_workspace
from offerwell.queries.due_entries import due_entries
from offerwell.rules.statements import InvalidPayout, Signer, why_not_approve

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor

AT_ONCE = 5_000
"""So many statements and lines are frozen while the page waits; more of them by a worker."""


class DraftOutOfDate(Exception):
    """Orders changed since the draft was shown. It was drawn up anew; nothing was approved. Look again."""


def approve_payout(*, workspace_id: int, run_id: int, digest: str, by: Actor, at: datetime) -> PayoutRun:
    """Approve exactly what was shown under `digest`. Gives it approved, or `approving` where a worker goes on with it.

    Raises DraftOutOfDate, InvalidPayout.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        run: PayoutRun = PayoutRun.objects.get(pk=run_id)
        _refuse(run, by)
        is_as_shown = _confirm(run, digest, by, at)
        if not is_as_shown:
            draw_statements(run)
    if run.beat_at is not None:
        go_on(run, by=by, at=at)
    if not is_as_shown or run.is_draft:
        raise DraftOutOfDate
    return run


def _refuse(run: PayoutRun, by: Actor) -> None:
    if run.is_approving:
        raise InvalidPayout(f"{run} is being approved already, confirmed by {run.approved_by}.")
    if run.state == RunState.APPROVED:
        raise InvalidPayout(f"{run} is approved already, by {run.approved_by}. It does not change any more.")
    if run.state == RunState.CANCELLED:
        raise InvalidPayout(f"{run} was cancelled. Draw up a new one.")
    approver = Signer(by.user_id, by.name)
    why = why_not_approve(drawn_by=run.drawer, approver=approver, needs_second=payout_policy().needs_second)
    if why:
        raise InvalidPayout(why)


def _confirm(run: PayoutRun, digest: str, by: Actor, at: datetime) -> bool:
    """Fix what is approved, by whom and when. False where something else is due than was shown.

    An order that was moved into or out of the days of the payout is noticed when its member's statement is frozen.
    """
    drawn = Statement.objects.filter(run=run).aggregate(n=Count("pk"), lines=Sum("lines"), top=Max("last_entry"))
    top_entry = drawn["top"] or 0
    if not digest or digest != run.digest or due_entries(until=run.until).filter(pk__gt=top_entry).exists():
        return False
    if not drawn["n"]:
        raise InvalidPayout("There is nothing to pay up to this day. Choose a later one, or cancel the draft.")
    run.state, run.approved_at, run.approved_by, run.approved_by_id = RunState.APPROVING, at, by.name, by.user_id
    run.top_entry, run.last_member, run.done_statements, run.problem = top_entry, 0, 0, ""
    is_little = drawn["n"] + drawn["lines"] <= AT_ONCE
    # A lease of our own: no worker takes from us what is done at once.
    run.beat_at = timezone.now() if is_little else None
    run.save()
    if not is_little:
        _hand_over(run, by, at)
    return True


def _hand_over(run: PayoutRun, by: Actor, at: datetime) -> None:
    record_event(
        workspace_id=run.workspace_id, kind="payout_confirmed", subject=f"payout:{run.pk}",
        facts={"payout": run.pk, **statement_facts(run)}, by=by, at=at,
    )  # fmt: skip
    wake("finish_approval", run.pk)
