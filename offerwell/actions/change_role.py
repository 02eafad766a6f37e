"""Give a person of the team another role. A workspace always keeps an owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.add_team_member import TeamRefused, role_problems
from offerwell.actions.record_event import record_event
from offerwell.models import Role, TeamMember, lock_workspace
from offerwell.rules.permissions import keeps_an_owner

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


def change_role(*, workspace_id: int, place_id: int, role: str, by: Actor, at: datetime) -> bool:
    """Store the role; it counts from the person's next click on. False when it is theirs already.

    Raises TeamRefused: no such role, nobody with this place, or the last owner.
    """
    if problems := role_problems(role):
        raise TeamRefused(problems)
    with transaction.atomic():
        lock_workspace(workspace_id)
        place = place_in_team(workspace_id, place_id)
        if place.role == role:
            return False
        refuse_without_owner(place, becomes=role)
        before, place.role = place.role, role
        place.save(update_fields=["role"])
        record_event(
            workspace_id=workspace_id, kind="team_role_changed", subject=f"user:{place.user_id}",
            facts={"email": place.user.email, "before": before, "after": role}, by=by, at=at,
        )  # fmt: skip
    return True


def place_in_team(workspace_id: int, place_id: int) -> TeamMember:
    """The place, read under the workspace's lock. Raises TeamRefused when it is gone."""
    found = TeamMember.objects.select_related("user").filter(workspace_id=workspace_id, pk=place_id).first()
    if found is None:
        raise TeamRefused({"person": "This person is not in the team any more."})
    return found


def refuse_without_owner(place: TeamMember, *, becomes: str | None) -> None:
    """Raise TeamRefused when nobody who can sign in would be owner. Under the workspace's lock."""
    active = TeamMember.objects.filter(workspace_id=place.workspace_id, role=Role.OWNER, user__is_active=True)
    others = active.exclude(pk=place.pk).count()
    if not keeps_an_owner(owners=others + 1, was=place.role, becomes=becomes):
        sentence = f"{place.user} is the last owner. Make somebody else owner first."
        raise TeamRefused({"role" if becomes else "person": sentence})
