"""Create a project with the stages of a template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.project_state import store_workflow
from offerwell.actions.record_event import record_event
from offerwell.models import Project, lock_workspace
from offerwell.rules.workflow import LONGEST_PROJECT_NAME

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor
    from offerwell.rules.workflow import Workflow


class ProjectRefused(ValueError):
    """The name cannot be used. Nothing was stored. The text is for a person."""


def create_project(
    *, workspace_id: int, name: str, workflow: Workflow, by: Actor, at: datetime, description: str = ""
) -> Project:
    """Store the project and its stages. Raises ProjectRefused."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        name = accepted_name(name, other_than=None)
        project: Project = Project.objects.create(
            workspace_id=workspace_id, name=name, name_key=name.lower(), description=tidy(description), created_at=at
        )
        stages = store_workflow(project, workflow)
        facts = {"name": project.name, "stages": [stage.name for stage in stages]}
        record_event(
            workspace_id=workspace_id, kind="project_created", subject=f"project:{project.pk}", facts=facts,
            by=by, at=at,
        )  # fmt: skip
    return project


def accepted_name(name: str, *, other_than: Project | None) -> str:
    """The tidied name. Raises ProjectRefused; `other_than` is the project that may keep its own."""
    name = " ".join(tidy(name).split())
    if not name:
        raise ProjectRefused("Give the project a name.")
    if len(name) > LONGEST_PROJECT_NAME:
        raise ProjectRefused(f"A name has at most {LONGEST_PROJECT_NAME} characters.")
    same = Project.objects.filter(name_key=name.lower())
    if other_than is not None:
        same = same.exclude(pk=other_than.pk)
    if taken := same.first():
        raise ProjectRefused(f"There is a project named {taken.name} already. Choose another name.")
    return name


def tidy(text: str) -> str:
    """What was typed without what no column takes."""
    return text.replace("\x00", "").strip()
