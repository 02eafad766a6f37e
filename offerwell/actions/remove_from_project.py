"""Take members out of a project. Their offers, codes and links stay as they are, and so does their history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.move_members import NobodyToMove
from offerwell.actions.project_state import open_project, stage_now
from offerwell.actions.record_move import MoveWish, begin_move, list_members, made_before, tell_move
from offerwell.models import MoveKind, Placement, StageMoveItem, lock_workspace
from offerwell.queries.project_members import selected_places

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Stage, StageMove
    from offerwell.rules.permissions import Actor
    from offerwell.rules.selection import MemberSelection


def remove_from_project(
    *, workspace_id: int, stage: Stage, selection: MemberSelection, key: str, by: Actor, at: datetime
) -> StageMove:
    """Those of the selection that are in `stage` now leave the project. A repeat gives the same move.

    Raises NobodyToMove, ProjectArchived, StageGone, MoveKeyReused.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        wish = MoveWish(stage.project, MoveKind.REMOVED, stage, None, selection, key)
        if made := made_before(wish):
            return made
        stage_now(open_project(stage.project), stage)
        places = selected_places(stage, selection)
        if not places.exists():
            raise NobodyToMove(f"None of the selected members is in {stage.name} any more. Nobody was removed.")
        move = begin_move(wish, by=by, at=at)
        list_members(move, places)
        listed = StageMoveItem.objects.filter(move=move).values("member_id")
        Placement.objects.filter(project=stage.project_id, member_id__in=listed).delete()
        tell_move(move, by=by)
    return move
