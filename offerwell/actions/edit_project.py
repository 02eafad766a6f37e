"""Rename a project, or say what it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.create_project import accepted_name, tidy
from offerwell.actions.record_event import record_event
from offerwell.models import Project, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


def edit_project(
    *, workspace_id: int, project: Project, name: str, description: str, by: Actor, at: datetime
) -> Project:
    """Store name and description; the same again records nothing. Raises ProjectRefused."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        found: Project = Project.objects.get(pk=project.pk)
        before = (found.name, found.description)
        found.name = accepted_name(name, other_than=found)
        found.name_key, found.description = found.name.lower(), tidy(description)
        if before == (found.name, found.description):
            return found
        found.save(update_fields=["name", "name_key", "description"])
        facts = {"name": found.name, "was": before[0]}
        record_event(
            workspace_id=workspace_id, kind="project_edited", subject=f"project:{found.pk}", facts=facts,
            by=by, at=at,
        )  # fmt: skip
    return found
