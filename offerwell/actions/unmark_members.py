"""Take members out of a group, or a tag off them. The members stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.models import lock_workspace
from offerwell.models.mark import mark_tables
from offerwell.queries.members import selected_members
from offerwell.rules.marks import MarkKind, MarkRefused

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor
    from offerwell.rules.selection import MemberSelection

_EVENTS = {MarkKind.GROUP: "members_ungrouped", MarkKind.TAG: "members_untagged"}


def unmark_members(
    *, workspace_id: int, kind: MarkKind, mark_id: int, selection: MemberSelection, by: Actor, at: datetime
) -> int:
    """Take the group or tag from every selected member that carries it; gives how many did.

    Raises MarkRefused when there is no such group or tag, InvalidSelection.
    """
    tables = mark_tables(kind)
    with transaction.atomic():
        lock_workspace(workspace_id)
        mark = tables.marks.objects.filter(pk=mark_id).first()
        if mark is None:
            raise MarkRefused(f"This {kind} is not there any more. Nothing was done.")
        links = tables.links.objects.filter(**{tables.column: mark}, member__in=selected_members(selection))
        removed: int = links.delete()[0]
        if removed:
            record_event(
                workspace_id=workspace_id, kind=_EVENTS[kind], subject=f"{kind}:{mark.pk}",
                facts={"name": mark.name, "removed": removed}, by=by, at=at,
            )  # fmt: skip
    return removed
