"""Choose what creators are told of changes: a reason, and how long before a deactivation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.models import Workspace, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


def set_creator_notice(
    *, workspace_id: int, tells_reasons: bool, notice_hours: int | None, by: Actor, at: datetime
) -> bool:
    """Set both. Gives whether that changed anything. What is scheduled already stays as it is."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        now = Workspace.objects.get(pk=workspace_id)
        if (now.tells_reasons, now.notice_hours) == (tells_reasons, notice_hours):
            return False
        Workspace.objects.filter(pk=workspace_id).update(tells_reasons=tells_reasons, notice_hours=notice_hours)
        record_event(
            workspace_id=workspace_id, kind="creator_notice_set", subject=f"workspace:{workspace_id}",
            facts={"tells_reasons": tells_reasons, "notice_hours": notice_hours}, by=by, at=at,
        )  # fmt: skip
    return True
