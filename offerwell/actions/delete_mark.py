"""Delete a group or tag. Its members stay; saved views that filter by it go, because they would show nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.actions.rename_mark import existing_mark, refuse_if_scheduled
from offerwell.models import SavedView, lock_workspace
from offerwell.models.mark import mark_tables
from offerwell.queries.marks import use_of

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.marks import MarkKind
    from offerwell.rules.permissions import Actor


def delete_mark(*, workspace_id: int, kind: MarkKind, mark_id: int, by: Actor, at: datetime) -> int:
    """Delete it; gives how many members carried it. Raises MarkRefused; nothing is deleted then."""
    tables = mark_tables(kind)
    with transaction.atomic():
        lock_workspace(workspace_id)
        mark = existing_mark(kind, mark_id)
        use = use_of(kind, mark)
        refuse_if_scheduled(kind, use)
        SavedView.objects.filter(pk__in=[view.pk for view in use.views]).delete()
        tables.links.objects.filter(**{tables.column: mark}).delete()
        tables.marks.objects.filter(pk=mark.pk).delete()
        facts = {"name": mark.name, "members": use.members, "views": [view.name for view in use.views]}
        record_event(
            workspace_id=workspace_id, kind=f"{kind}_deleted", subject=f"{kind}:{mark_id}", facts=facts, by=by, at=at
        )
    return use.members
