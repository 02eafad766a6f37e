"""The planned dates of some codes moved: every store that has them must show the new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offerwell.jobs import wake
from offerwell.models import PromoCode, StoreCode, StoreProblem

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet


def follow_dates(codes: QuerySet[PromoCode], *, at: datetime) -> int:
    """Make the stores' rows of `codes` due. Call inside a transaction, after the dates. Gives how many rows.

    A look that is asked for here is not lost to a pass under way: `check_at` outlives its confirmation.
    Where somebody changed the store meanwhile, that is for a person to decide first: it is only looked at.
    """
    rows = StoreCode.objects.filter(code__in=codes.order_by().values("pk"))
    stores = list(rows.order_by("store_id").values_list("store_id", flat=True).distinct())
    rows.exclude(problem=StoreProblem.DRIFTED).update(is_redated=True)
    moved = rows.update(check_at=at, due_at=at)
    for store_id in stores:
        wake("sync_store", store_id)
    return moved
