"""Ask the stores again for the items of a bulk change that failed. The intent stays the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, F, Q

from offerwell.actions.change_offer_status import forget_outcomes
from offerwell.actions.record_event import record_event
from offerwell.jobs import wake
from offerwell.models import BulkChange, StoreCode, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


@transaction.atomic
def retry_failed_items(*, workspace_id: int, change: BulkChange, by: Actor, at: datetime) -> int:
    """Make the failed and the backed-off items of `change` due now. Gives how many.

    Items that a later change replaced are left alone: that change has its own.
    """
    lock_workspace(workspace_id)
    rows = StoreCode.objects.filter(generation=change.pk, observed_generation__lt=F("generation")).filter(
        ~Q(problem="") | Q(next_attempt_at__gt=at)
    )
    retried = list(rows.values("generation", "store_id").annotate(n=Count("pk")))
    # They wait for their store again: whoever watches must not read the old result as the new one.
    forget_outcomes(retried, rows)
    # check_at: a pass that holds the row now leaves it due, whatever it met before.
    count = rows.update(problem="", attempts=0, next_attempt_at=None, check_at=at, due_at=at)
    if count:
        record_event(
            workspace_id=workspace_id, kind="failed_items_retried", subject=f"bulk_change:{change.pk}",
            facts={"items": count}, by=by, at=at,
        )  # fmt: skip
    for row in retried:
        wake("sync_store", row["store_id"])
    return count
