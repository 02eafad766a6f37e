"""Keep the current filter of the members list under a name, for everybody in the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.models import SavedView, lock_workspace
from offerwell.queries.saved_views import MOST_VIEWS
from offerwell.rules.saved_views import ViewRefused, view_name
from offerwell.rules.selection import MemberFilter

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


def save_view(*, workspace_id: int, name: str, wanted: MemberFilter, by: Actor, at: datetime) -> SavedView:
    """Store the view. Raises ViewRefused: the name is taken or unfit, nothing is filtered, or there are too many."""
    name = view_name(name)
    if wanted == MemberFilter():
        raise ViewRefused("Nothing is filtered. Search or choose a filter first, then save it as a view.")
    with transaction.atomic():
        lock_workspace(workspace_id)
        if SavedView.objects.filter(key=name.lower()).exists():
            raise ViewRefused(f"There is a view named {name} already. Choose another name.")
        if SavedView.objects.count() >= MOST_VIEWS:
            raise ViewRefused(f"There are {MOST_VIEWS} views. Delete one that nobody needs first.")
        view: SavedView = SavedView.objects.create(
            workspace_id=workspace_id, name=name, key=name.lower(), body=wanted.to_json(), created_at=at,
            created_by=by.name,
        )  # fmt: skip
        record_event(
            workspace_id=workspace_id, kind="view_saved", subject=f"view:{view.pk}",
            facts={"name": name, "filter": view.body}, by=by, at=at,
        )  # fmt: skip
    return view
