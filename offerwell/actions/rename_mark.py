"""Give a group or tag another name. Saved views that filter by it follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.models import SavedView, lock_workspace
from offerwell.models.mark import mark_tables
from offerwell.queries.marks import MarkUse, use_of
from offerwell.rules.marks import MarkKind, MarkRefused, mark_name

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Group, Tag
    from offerwell.rules.permissions import Actor


def rename_mark(*, workspace_id: int, kind: MarkKind, mark_id: int, name: str, by: Actor, at: datetime) -> Group | Tag:
    """Store the name. Raises MarkRefused; nothing changes then.

    A scheduled change that means this group or tag would mean nobody under another name: it is refused.
    """
    name, marks = mark_name(name, kind), mark_tables(kind).marks
    with transaction.atomic():
        lock_workspace(workspace_id)
        mark = existing_mark(kind, mark_id)
        before, key = mark.name, name.lower()
        if marks.objects.filter(key=key).exclude(pk=mark.pk).exists():
            raise MarkRefused(f"There is a {kind} named {name} already. Choose another name.")
        if key != mark.key:
            use = use_of(kind, mark)
            refuse_if_scheduled(kind, use)
            _follow(kind, use, key)
        marks.objects.filter(pk=mark.pk).update(name=name, key=key)
        if name != before:
            record_event(
                workspace_id=workspace_id, kind=f"{kind}_renamed", subject=f"{kind}:{mark.pk}",
                facts={"before": before, "name": name}, by=by, at=at,
            )  # fmt: skip
    mark.refresh_from_db()
    return mark


def existing_mark(kind: MarkKind, mark_id: int) -> Group | Tag:
    """The group or tag. Raises MarkRefused when somebody deleted it meanwhile."""
    mark: Group | Tag | None = mark_tables(kind).marks.objects.filter(pk=mark_id).first()
    if mark is None:
        raise MarkRefused(f"This {kind} is not there any more. Nothing was done.")
    return mark


def refuse_if_scheduled(kind: MarkKind, use: MarkUse) -> None:
    """Raises MarkRefused while a scheduled change means the members of this group or tag."""
    if use.schedules:
        numbers = ", ".join(str(pk) for pk in use.schedules[:5])
        raise MarkRefused(
            f"A scheduled change is for the members of this {kind} (number {numbers}). "
            "Cancel it first: it would mean nobody."
        )


def _follow(kind: MarkKind, use: MarkUse, key: str) -> None:
    for view in use.views:
        SavedView.objects.filter(pk=view.pk).update(body={**view.body, str(kind): key})
