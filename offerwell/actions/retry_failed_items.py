"""Ask the stores again for the items of a bulk change that failed. The intent stays the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.ask_again import ask_again
from offerwell.actions.record_event import record_event
from offerwell.models import BulkChange, Store, StoreCode, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


@transaction.atomic
def retry_failed_items(
    *, workspace_id: int, change: BulkChange, by: Actor, at: datetime, store: Store | None = None
) -> int:
    """Make the failed and the backed-off items of `change` due now, in one `store` or in all. Gives how many.

    Items that a later change replaced are left alone: that change has its own.
    """
    lock_workspace(workspace_id)
    rows = StoreCode.objects.filter(generation=change.pk)
    count = ask_again(rows if store is None else rows.filter(store=store), at=at)
    if count:
        record_event(
            workspace_id=workspace_id, kind="failed_items_retried", subject=f"bulk_change:{change.pk}",
            facts={"items": count, "store": store and store.pk}, by=by, at=at,
        )  # fmt: skip
    return count
