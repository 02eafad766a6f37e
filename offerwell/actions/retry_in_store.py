"""Ask one store again for codes it did not take: all of them, or those of one member in an offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.ask_again import ask_again
from offerwell.actions.record_event import record_event
from offerwell.models import Enrollment, Store, StoreCode, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


@transaction.atomic
def retry_in_store(
    *, workspace_id: int, store: Store, by: Actor, at: datetime, enrollment: Enrollment | None = None
) -> int:
    """Make the failed and the backed-off codes of `store` due now. Gives how many."""
    lock_workspace(workspace_id)
    rows = StoreCode.objects.filter(store=store)
    if enrollment is not None:
        rows = rows.filter(code__enrollment=enrollment)
    count = ask_again(rows, at=at)
    if count:
        record_event(
            workspace_id=workspace_id, kind="codes_retried", subject=f"store:{store.pk}",
            facts={"codes": count, "enrollment": enrollment and enrollment.pk}, by=by, at=at,
        )  # fmt: skip
    return count
