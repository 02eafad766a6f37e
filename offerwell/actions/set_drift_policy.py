"""Choose what happens when a store differs from what the brand wants: flag it, or put it right by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.models import Workspace, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


def set_drift_policy(*, workspace_id: int, enforces: bool, by: Actor, at: datetime) -> bool:
    """Enforce from now on, or flag. Gives whether that changed anything. What is flagged already stays flagged."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        rows = Workspace.objects.filter(pk=workspace_id, enforces_since__isnull=enforces)
        changed = bool(rows.update(enforces_since=at if enforces else None))
        if changed:
            record_event(
                workspace_id=workspace_id, kind="drift_policy_set", subject=f"workspace:{workspace_id}",
                facts={"policy": "enforce" if enforces else "flag"}, by=by, at=at,
            )  # fmt: skip
    return changed
