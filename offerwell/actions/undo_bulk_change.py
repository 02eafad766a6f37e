"""Put back what a bulk change changed, and nothing that someone changed since. Itself a bulk change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offerwell.actions.change_offer_status import Applied, KeyReused, change_offer_status
from offerwell.models import BulkChange, ChangeKind, OfferPart
from offerwell.queries.planned_change import Plan, Wish, plan_change
from offerwell.rules.bulk_changes import What

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


class NothingToUndo(Exception):
    """Everything the change did was undone or changed since. Nothing was done."""


def undo_wish(change: BulkChange) -> Wish:
    """The inverse of a change, for exactly its items. One that moved only dates leaves the status alone."""
    is_status, keeps_status = change.kind == ChangeKind.STATUS, change.what in {What.DATES, What.NAMES}
    return Wish(
        offer=change.offer, part=OfferPart(change.part), selection=None, undoes=change, kind=ChangeKind(change.kind),
        to_active=is_status and change.to_active == keeps_status, keeps_status=keeps_status,
    )  # fmt: skip


def plan_undo(change: BulkChange, *, at: datetime) -> Plan:
    """What undoing would do now."""
    return plan_change(undo_wish(change), at=at)


def undo_bulk_change(
    *, workspace_id: int, change: BulkChange, by: Actor, at: datetime, digest: str | None = None
) -> Applied:
    """Undo `change` as planned now, or as planned with `digest`.

    Pressing Undo twice, even at the same moment, gives the same bulk change (its key is made of the change).
    Raises NothingToUndo, PlanOutOfDate, KeyReused (somebody gave another change this key).
    """
    if change.what == What.NAMES:
        raise NothingToUndo("Nothing to undo: the codes have their own name in the store again.")
    key = f"undo-{change.pk}"
    plan = plan_undo(change, at=at)
    earlier = BulkChange.objects.filter(key=key).first()  # after the plan: what emptied it may be our own twin
    if earlier is not None and earlier.undoes_id != change.pk:
        raise KeyReused(earlier)
    if earlier is not None:
        return Applied(earlier, was_replayed=True)
    if not plan.will_change:
        what = "payout" if change.kind == ChangeKind.PAYOUT else "code or link"
        raise NothingToUndo(f"Nothing to undo: every {what} of this change was changed again since.")
    return change_offer_status(
        workspace_id=workspace_id, wish=plan.wish, digest=digest or plan.digest, key=key, by=by, at=at
    )
