"""Delete a saved view. It was only a filter: no member is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.models import SavedView, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


def delete_view(*, workspace_id: int, view: SavedView, by: Actor, at: datetime) -> None:
    """Delete it; once more does nothing."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        deleted, _ = SavedView.objects.filter(pk=view.pk).delete()
        if deleted:
            record_event(
                workspace_id=workspace_id, kind="view_deleted", subject=f"view:{view.pk}", facts={"name": view.name},
                by=by, at=at,
            )  # fmt: skip
