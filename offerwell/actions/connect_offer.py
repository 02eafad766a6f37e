"""Connect an offer to a project. Earlier connections stay as history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.project_state import open_project
from offerwell.actions.record_event import record_event
from offerwell.models import OfferStatus, ProjectOffer, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Offer, Project
    from offerwell.rules.permissions import Actor


class CannotConnect(Exception):
    """The offer cannot be connected. Nothing was done."""


def connect_offer(*, workspace_id: int, project: Project, offer: Offer, by: Actor, at: datetime) -> bool:
    """Gives whether it was connected now; False: it was already. Raises CannotConnect, ProjectArchived."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        project = open_project(project)
        if ProjectOffer.objects.filter(project=project, offer=offer, disconnected_at=None).exists():
            return False
        if offer.status == OfferStatus.ARCHIVED:
            raise CannotConnect(f"{offer.name} is archived. Set it to active, then connect it.")
        ProjectOffer.objects.create(
            workspace_id=workspace_id, project=project, offer=offer, connected_at=at, connected_by=by.name
        )
        record_event(
            workspace_id=workspace_id, kind="offer_connected", subject=f"project:{project.pk}",
            facts={"offer": offer.pk, "name": offer.name}, by=by, at=at,
        )  # fmt: skip
    return True
