"""Delete a stage. Its members move to the stage that was named, in the same transaction: nobody is ever lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.project_state import open_project, stage_now, store_workflow, workflow_of
from offerwell.actions.record_event import record_event
from offerwell.actions.record_move import MoveWish, begin_move, follow_move, list_members, tell_move
from offerwell.models import MoveKind, Placement, Stage, lock_workspace
from offerwell.rules.workflow import refuse_heir, without

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


def delete_stage(*, workspace_id: int, stage: Stage, to_stage: Stage | None, by: Actor, at: datetime) -> int:
    """Gives how many members moved. `to_stage` may be None only where nobody is in the stage.

    Raises WorkflowRefused, ProjectArchived, StageGone.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        project = open_project(stage.project)
        stage = stage_now(project, stage)
        workflow = workflow_of(project)
        places = Placement.objects.filter(stage=stage)
        members = places.count()
        refuse_heir(workflow, stage.pk, to=to_stage.pk if to_stage else None, members=members)
        if members:
            move = begin_move(MoveWish(project, MoveKind.STAGE_DELETED, stage, to_stage, None), by=by, at=at)
            list_members(move, places)
            follow_move(move)
            tell_move(move, by=by)
        Stage.objects.filter(pk=stage.pk).delete()
        store_workflow(project, without(workflow, stage.pk))
        record_event(
            workspace_id=workspace_id, kind="stage_deleted", subject=f"project:{project.pk}",
            facts={"stage": stage.name, "members": members}, by=by, at=at,
        )  # fmt: skip
    return members
