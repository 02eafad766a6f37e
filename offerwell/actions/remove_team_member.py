"""Take a person out of the team, or leave it oneself. What they did stays on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.change_role import place_in_team, refuse_without_owner
from offerwell.actions.record_event import record_event
from offerwell.models import lock_workspace
from offerwell.queries.team import sessions_here

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


def remove_team_member(*, workspace_id: int, place_id: int, by: Actor, at: datetime) -> str:
    """Remove the place and end the person's sessions in this workspace at once. Gives the person's name.

    The login and its places elsewhere stay. Raises TeamRefused: nobody with this place, or the last owner.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        place = place_in_team(workspace_id, place_id)
        refuse_without_owner(place, becomes=None)
        sessions = sessions_here(place, at=at)
        for session in sessions:
            session.end()
        person, left = place.user, place.user_id == by.user_id
        place.delete()
        record_event(
            workspace_id=workspace_id, kind="team_member_left" if left else "team_member_removed",
            subject=f"user:{person.pk}", by=by, at=at,
            facts={"email": person.email, "role": place.role, "sessions_ended": len(sessions)},
        )  # fmt: skip
    return str(person)
