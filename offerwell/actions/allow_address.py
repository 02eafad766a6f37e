"""An address gets messages again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.models import Suppression, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


def allow_address(*, workspace_id: int, suppression_id: int, why: str, by: Actor, at: datetime) -> str:
    """Take it off the list; `why` is kept in the record. Gives the address. Raises Suppression.DoesNotExist."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        row = Suppression.objects.get(pk=suppression_id)
        row.delete()
        record_event(
            workspace_id=workspace_id, kind="address_allowed", subject="suppressions",
            facts={"address": row.address, "was": row.reason, "why": why[:300]}, by=by, at=at,
        )  # fmt: skip
    return row.address
