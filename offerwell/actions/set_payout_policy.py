"""Choose what payouts need: a second person, and the least that is paid in each currency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.models import PayoutPolicy, lock_workspace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from offerwell.rules.permissions import Actor


def payout_policy() -> PayoutPolicy:
    """Those of the workspace in scope; the defaults without a row."""
    return PayoutPolicy.objects.first() or PayoutPolicy()


def set_payout_policy(
    *, workspace_id: int, needs_second: bool, minimums: Mapping[str, int], by: Actor, at: datetime
) -> bool:
    """Set both. Gives whether that changed anything. A draft keeps its minimums until it is updated."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        now = payout_policy()
        if (now.needs_second, now.minimums) == (needs_second, dict(minimums)):
            return False
        PayoutPolicy.objects.update_or_create(
            workspace_id=workspace_id, defaults={"needs_second": needs_second, "minimums": dict(minimums)}
        )
        record_event(
            workspace_id=workspace_id, kind="payout_policy_set", subject=f"workspace:{workspace_id}",
            facts={"needs_second": needs_second, "minimums": dict(minimums)}, by=by, at=at,
        )  # fmt: skip
    return True
