"""Move to Stage and Skip: the selected members of one stage go to another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.project_state import open_project, stage_now, workflow_of
from offerwell.actions.record_move import MoveWish, begin_move, follow_move, list_members, made_before, tell_move
from offerwell.models import MoveKind, Stage, lock_workspace
from offerwell.queries.project_members import selected_places
from offerwell.rules.workflow import following

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import StageMove
    from offerwell.rules.permissions import Actor
    from offerwell.rules.selection import MemberSelection


class NobodyToMove(Exception):
    """None of the selected members is in the stage any more, or they are where they should go. Nothing was done."""


class NoStageAfter(Exception):
    """The last stage cannot be skipped. Nothing was done."""


def move_members(
    *, workspace_id: int, stage: Stage, to_stage: Stage, selection: MemberSelection, key: str, by: Actor, at: datetime
) -> StageMove:
    """Those of the selection that are in `stage` now go to `to_stage`; who left it meanwhile stays where they are.

    A repeat of the same request gives the same move. Raises NobodyToMove, ProjectArchived, StageGone, MoveKeyReused.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        wish = MoveWish(stage.project, MoveKind.MOVED, stage, to_stage, selection, key)
        return made_before(wish) or _moved(wish, by=by, at=at)


def skip_stage(
    *, workspace_id: int, stage: Stage, selection: MemberSelection, key: str, by: Actor, at: datetime
) -> StageMove:
    """The same to the next stage, marked as skipped. Raises NoStageAfter too."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        if made := made_before(MoveWish(stage.project, MoveKind.SKIPPED, stage, None, selection, key)):
            return made
        after = following(workflow_of(stage.project), stage_now(stage.project, stage).pk)
        if after is None:
            raise NoStageAfter(f"{stage.name} is the last stage: there is none to skip to. Nothing was done.")
        to_stage = Stage.objects.get(pk=after.pk)
        return _moved(MoveWish(stage.project, MoveKind.SKIPPED, stage, to_stage, selection, key), by=by, at=at)


def _moved(wish: MoveWish, *, by: Actor, at: datetime) -> StageMove:
    project = open_project(wish.project)
    assert wish.from_stage is not None  # noqa: S101  both are given
    assert wish.to_stage is not None  # noqa: S101
    assert wish.selection is not None  # noqa: S101
    stage_now(project, wish.from_stage)
    stage_now(project, wish.to_stage)
    places = selected_places(wish.from_stage, wish.selection)
    if wish.from_stage.pk == wish.to_stage.pk or not places.exists():
        raise NobodyToMove(f"None of the selected members is in {wish.from_stage.name} any more. Nothing was moved.")
    move = begin_move(wish, by=by, at=at)
    list_members(move, places)
    follow_move(move)
    tell_move(move, by=by)
    return move
