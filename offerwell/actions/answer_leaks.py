"""Apply the plans of several offers as one answer: a bulk change for each, all of them or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.change_offer_status import change_offer_status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from offerwell.models import BulkChange
    from offerwell.queries.planned_change import Plan
    from offerwell.rules.permissions import Actor


@transaction.atomic
def answer_leaks(
    *, workspace_id: int, plans: Sequence[Plan], key: str, by: Actor, at: datetime
) -> tuple[BulkChange, ...]:
    """The bulk changes, in the order of the plans. Raises KeyReused, PlanOutOfDate; each leaves all as it was."""
    return tuple(
        change_offer_status(
            workspace_id=workspace_id, wish=plan.wish, digest=plan.digest, key=f"{key}/{plan.wish.offer.pk}",
            by=by, at=at,
        ).change
        for plan in plans
    )  # fmt: skip
