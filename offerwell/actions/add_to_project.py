"""Add members to a project, into one of its stages. The database writes the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import BigIntegerField, BooleanField, DateTimeField, Value
from django.db.models.functions import Cast

from offerwell.actions.project_state import open_project, stage_now
from offerwell.actions.record_move import MoveWish, begin_move, list_members, tell_move
from offerwell.models import MoveKind, Placement, lock_workspace
from offerwell.models.insert_select import insert_select
from offerwell.queries.project_joining import in_project, not_yet_in_project

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Stage, StageMove
    from offerwell.rules.permissions import Actor
    from offerwell.rules.selection import MemberSelection

_COLUMNS = (
    "workspace_id", "project_id", "stage_id", "member_id", "name_key", "added_at", "entered_at", "entered_move_id",
    "is_skipped",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Added:
    """How many came in, and how many were in the project before, in whatever stage. No move when nobody came."""

    added: int
    already: int
    move: StageMove | None = None


def add_to_project(
    *, workspace_id: int, stage: Stage, selection: MemberSelection, by: Actor, at: datetime
) -> Added:  # fmt: skip
    """The selected members come into the stage; who is in the project already stays in its own stage.

    Members of other workspaces never match. A repeat adds nobody. Raises ProjectArchived, StageGone.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        project = open_project(stage.project)
        stage_now(project, stage)
        already = in_project(project, selection).count()
        coming = not_yet_in_project(project, selection)
        if not coming.exists():
            return Added(0, already)
        move = begin_move(MoveWish(project, MoveKind.ADDED, None, stage, selection), by=by, at=at)
        number, moment = _number, Cast(Value(at), DateTimeField())
        insert_select(
            Placement, _COLUMNS,
            coming.order_by("pk").values_list(
                "workspace_id", number(project.pk), number(stage.pk), "pk", "name_key", moment, moment,
                number(move.pk), Value(False, output_field=BooleanField()),
            ),
        )  # fmt: skip
        list_members(move, Placement.objects.filter(project=project, entered_move_id=move.pk))
        tell_move(move, by=by)
    return Added(move.members, already, move)


def _number(value: int) -> Cast:
    return Cast(Value(value), BigIntegerField())
