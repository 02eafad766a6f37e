"""Make rows of store codes due now, as if nothing had gone wrong before. The intent stays the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count, F, Q

from offerwell.actions.change_offer_status import forget_outcomes
from offerwell.jobs import wake

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.models import StoreCode


def stuck(rows: QuerySet[StoreCode], *, at: datetime) -> QuerySet[StoreCode]:
    """Those of `rows` whose store has not followed and that wait for a person or for a later try.

    A row that waits for a later try is due: said here, so that two small indexes find both.
    """
    behind = rows.filter(observed_generation__lt=F("generation"))
    return behind.filter(~Q(problem="") | Q(next_attempt_at__gt=at, due_at__isnull=False))


def ask_again(rows: QuerySet[StoreCode], *, at: datetime) -> int:
    """Let the stores be asked for the stuck ones of `rows` now. Gives how many. Call under the workspace's lock.

    Their changes wait again: whoever watches must not read the old result as the new one.
    """
    again = stuck(rows, at=at)
    asked = list(again.order_by().values("generation", "store_id").annotate(n=Count("pk")))
    forget_outcomes([row for row in asked if row["generation"]], again)
    count = again.update(problem="", attempts=0, next_attempt_at=None, due_at=at)
    for store_id in sorted({row["store_id"] for row in asked}):
        wake("sync_store", store_id)
    return count
