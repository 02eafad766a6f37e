"""Archive a project, or bring it back. Members, stages, offers and history stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.models import Project, ProjectStatus, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


def archive_project(*, workspace_id: int, project: Project, is_archived: bool, by: Actor, at: datetime) -> bool:
    """Gives whether anything changed."""
    status = ProjectStatus.ARCHIVED if is_archived else ProjectStatus.ACTIVE
    with transaction.atomic():
        lock_workspace(workspace_id)
        changed: int = Project.objects.filter(pk=project.pk).exclude(status=status).update(status=status)
        if changed:
            kind = "project_archived" if is_archived else "project_brought_back"
            record_event(
                workspace_id=workspace_id, kind=kind, subject=f"project:{project.pk}", facts={"name": project.name},
                by=by, at=at,
            )  # fmt: skip
    return bool(changed)
