"""Put a stage earlier or later in its project. Members stay in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.project_state import open_project, stage_now, store_workflow, workflow_of
from offerwell.actions.record_event import record_event
from offerwell.models import lock_workspace
from offerwell.rules.workflow import with_shifted

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Stage
    from offerwell.rules.permissions import Actor


def shift_stage(*, workspace_id: int, stage: Stage, places: int, by: Actor, at: datetime) -> bool:
    """So many places later (negative: earlier). Gives whether anything changed. Raises ProjectArchived, StageGone."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        project = open_project(stage.project)
        found = stage_now(project, stage)
        before = workflow_of(project)
        after = with_shifted(before, found.pk, by=places)
        if before == after:
            return False
        store_workflow(project, after)
        facts = {"stage": found.name, "order": [step.name for step in after]}
        record_event(
            workspace_id=workspace_id, kind="stages_reordered", subject=f"project:{project.pk}", facts=facts,
            by=by, at=at,
        )  # fmt: skip
    return True
