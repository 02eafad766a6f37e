"""End one session: one's own anywhere, or that of somebody of the team who looks at this workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.usersessions.models import UserSession
from django.db import transaction

from offerwell.actions.change_role import place_in_team
from offerwell.actions.record_event import record_event
from offerwell.models import lock_workspace
from offerwell.queries.team import sessions_here

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


def end_own_session(*, user_id: int, session_id: int, current_key: str) -> bool:
    """End a session of the login, but for the current one, which signs out. Gives whether there was one."""
    with transaction.atomic():
        own = UserSession.objects.filter(user_id=user_id, pk=session_id)
        found = own.exclude(session_key=current_key).select_for_update().first()
        if found is not None:
            found.end()
    return found is not None


def end_team_session(
    *, workspace_id: int, place_id: int, session_id: int, current_key: str, by: Actor, at: datetime
) -> bool:
    """End a session that looks at this workspace, but for the one that asks. Gives whether there was one.

    Raises TeamRefused: nobody with this place.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        place = place_in_team(workspace_id, place_id)
        sessions = {one.pk: one for one in sessions_here(place, at=at) if one.session_key != current_key}
        if session_id not in sessions:
            return False
        sessions[session_id].end()
        record_event(
            workspace_id=workspace_id, kind="team_session_ended", subject=f"user:{place.user_id}",
            facts={"email": place.user.email}, by=by, at=at,
        )  # fmt: skip
    return True
