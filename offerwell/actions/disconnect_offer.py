"""Disconnect an offer from a project. Members, codes and links stay, and a change that runs goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.project_state import open_project
from offerwell.actions.record_event import record_event
from offerwell.models import ProjectOffer, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Offer, Project
    from offerwell.rules.permissions import Actor


def disconnect_offer(*, workspace_id: int, project: Project, offer: Offer, by: Actor, at: datetime) -> bool:
    """Gives whether it was disconnected now; False: it was not connected. Raises ProjectArchived."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        project = open_project(project)
        links = ProjectOffer.objects.filter(project=project, offer=offer, disconnected_at=None)
        if not links.update(disconnected_at=at, disconnected_by=by.name):
            return False
        record_event(
            workspace_id=workspace_id, kind="offer_disconnected", subject=f"project:{project.pk}",
            facts={"offer": offer.pk, "name": offer.name}, by=by, at=at,
        )  # fmt: skip
    return True
