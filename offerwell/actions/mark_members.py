"""Put members into a group, or a tag on them. The database writes the rows, however many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import BigIntegerField, Exists, OuterRef, Value
from django.db.models.functions import Cast

from offerwell.actions.record_event import record_event
from offerwell.models import lock_workspace
from offerwell.models.insert_select import insert_select
from offerwell.models.mark import mark_tables
from offerwell.queries.members import selected_members
from offerwell.rules.marks import MarkKind, mark_name

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Group, Tag
    from offerwell.rules.permissions import Actor
    from offerwell.rules.selection import MemberSelection

_EVENTS = {MarkKind.GROUP: "members_grouped", MarkKind.TAG: "members_tagged"}


@dataclass(frozen=True, slots=True)
class Marked:
    """The group or tag, and how many members got it or had it already."""

    mark: Group | Tag
    added: int
    already: int


def mark_members(
    *, workspace_id: int, kind: MarkKind, name: str, selection: MemberSelection, by: Actor, at: datetime
) -> Marked:
    """Give every selected member the group or tag of this name, made if there is none. Names differ without case.

    Members of other workspaces never match. Raises MarkRefused, InvalidSelection.
    """
    name, tables = mark_name(name, kind), mark_tables(kind)
    with transaction.atomic():
        lock_workspace(workspace_id)
        mark, is_new = tables.marks.objects.get_or_create(
            workspace_id=workspace_id, key=name.lower(), defaults={"name": name}
        )
        carries = tables.links.objects.filter(**{tables.column: mark, "member": OuterRef("pk")})
        selected = selected_members(selection)
        already = selected.filter(Exists(carries)).count()
        added = insert_select(
            tables.links,
            ("workspace_id", f"{tables.column}_id", "member_id"),
            selected.filter(~Exists(carries)).order_by("pk").values_list(
                "workspace_id", Cast(Value(mark.pk), BigIntegerField()), "pk"
            ),
        )  # fmt: skip
        if added or is_new:
            facts = {"name": mark.name, "added": added, "already": already, "is_new": is_new}
            record_event(
                workspace_id=workspace_id, kind=_EVENTS[kind], subject=f"{kind}:{mark.pk}", facts=facts, by=by, at=at
            )
    return Marked(mark, added, already)
