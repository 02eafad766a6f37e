"""Another name or kind for a stage. Members stay where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.project_state import open_project, stage_now, store_workflow, workflow_of
from offerwell.actions.record_event import record_event
from offerwell.models import lock_workspace
from offerwell.rules.workflow import Step, with_edited

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Stage
    from offerwell.rules.permissions import Actor
    from offerwell.rules.workflow import StageKind


def edit_stage(*, workspace_id: int, stage: Stage, name: str, kind: StageKind, by: Actor, at: datetime) -> bool:
    """Gives whether anything changed. Raises WorkflowRefused, ProjectArchived, StageGone."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        project = open_project(stage.project)
        before = stage_now(project, stage)
        store_workflow(project, with_edited(workflow_of(project), Step(name, kind, before.pk)))
        after = stage_now(project, stage)
        if (before.name, before.kind) == (after.name, after.kind):
            return False
        facts = {"stage": after.name, "kind": str(after.kind), "was": [before.name, str(before.kind)]}
        record_event(
            workspace_id=workspace_id, kind="stage_edited", subject=f"project:{project.pk}", facts=facts, by=by, at=at
        )
    return True
