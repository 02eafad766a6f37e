"""Give a saved view another name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.models import SavedView, lock_workspace
from offerwell.rules.saved_views import ViewRefused, view_name

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


def rename_view(*, workspace_id: int, view: SavedView, name: str, by: Actor, at: datetime) -> SavedView:
    """Store the name. Raises ViewRefused; nothing changes then."""
    name = view_name(name)
    with transaction.atomic():
        lock_workspace(workspace_id)
        if SavedView.objects.filter(key=name.lower()).exclude(pk=view.pk).exists():
            raise ViewRefused(f"There is a view named {name} already. Choose another name.")
        if not SavedView.objects.filter(pk=view.pk).update(name=name, key=name.lower()):
            raise ViewRefused("This view is not there any more. Nothing was done.")
        if name != view.name:
            record_event(
                workspace_id=workspace_id, kind="view_renamed", subject=f"view:{view.pk}",
                facts={"before": view.name, "name": name}, by=by, at=at,
            )  # fmt: skip
    view.refresh_from_db()
    return view
