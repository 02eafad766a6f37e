"""Add a stage to a project: the last one, or the one before *Completed*."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.project_state import open_project, store_workflow, workflow_of
from offerwell.actions.record_event import record_event
from offerwell.models import lock_workspace
from offerwell.rules.workflow import Step, with_added

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Project, Stage
    from offerwell.rules.permissions import Actor
    from offerwell.rules.workflow import StageKind


def add_stage(*, workspace_id: int, project: Project, name: str, kind: StageKind, by: Actor, at: datetime) -> Stage:
    """Store the stage. Raises WorkflowRefused, ProjectArchived; nothing is stored then."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        project = open_project(project)
        before = {step.pk for step in workflow_of(project)}
        stages = store_workflow(project, with_added(workflow_of(project), Step(name, kind)))
        (made,) = (stage for stage in stages if stage.pk not in before)
        facts = {"stage": made.name, "kind": str(made.kind)}
        record_event(
            workspace_id=workspace_id, kind="stage_added", subject=f"project:{project.pk}", facts=facts, by=by, at=at
        )
    return made
