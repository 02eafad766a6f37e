"""Who works for the brand, who is invited, and what an invitation's link opens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef
from django_scopes import scopes_disabled

from offerwell.models import Invitation, TeamMember, User
from offerwell.models.invitation import token_hash

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the team."""

    place: TeamMember
    has_second_factor: bool

    @property
    def user(self) -> User:
        """The login."""
        return self.place.user


def team_seen(workspace_id: int) -> list[Person]:
    """Everybody in the team by name. One statement."""
    second = Authenticator.objects.filter(user_id=OuterRef("user_id")).exclude(type=Authenticator.Type.RECOVERY_CODES)
    places = TeamMember.objects.filter(workspace_id=workspace_id).select_related("user", "workspace")
    found = places.annotate(has_second_factor=Exists(second)).order_by("user__name", "user__email")
    return [Person(place, place.has_second_factor) for place in found]


def sessions_here(place: TeamMember, *, at: datetime) -> list[UserSession]:
    """Where the person is signed in and looks at this workspace, newest first. Three statements.

    One in another workspace of the same login is none of this one's business.
    """
    places = TeamMember.objects.filter(user_id=place.user_id).order_by("pk")
    workspaces = list(places.values_list("workspace_id", flat=True))
    found = list(UserSession.objects.filter(user_id=place.user_id).order_by("-created_at", "-pk"))
    rows = Session.objects.filter(session_key__in=[one.session_key for one in found], expire_date__gt=at)
    chosen = {row.session_key: row.get_decoded().get("workspace") for row in rows}
    looks_at = {key: one if one in workspaces else workspaces[0] for key, one in chosen.items()}
    return [one for one in found if looks_at.get(one.session_key) == place.workspace_id]


def open_invitations() -> QuerySet[Invitation]:
    """Those nobody accepted or took back, newest first; some may have run out."""
    found: QuerySet[Invitation] = Invitation.objects.filter(accepted_at=None, revoked_at=None).order_by("-pk")
    return found


def places_of(user: User) -> QuerySet[TeamMember]:
    """The workspaces a login belongs to, by name."""
    return TeamMember.objects.filter(user=user).select_related("workspace").order_by("workspace__name", "pk")


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link opens. `why_not` says in a sentence why it does not work; empty when it does."""

    invitation: Invitation
    has_login: bool
    why_not: str


def invitation_of(token: str, *, at: datetime) -> Opened | None:
    """The invitation of a link, in whatever workspace; None when there is none."""
    with scopes_disabled():  # a stranger has no workspace yet; 256 random bits find at most one row
        found = Invitation.objects.select_related("workspace").filter(token_hash=token_hash(token)).first()
    if found is None:
        return None
    return Opened(found, User.objects.filter(email=found.email).exists(), _why_not(found, at))


def _why_not(invitation: Invitation, at: datetime) -> str:
    if invitation.accepted_at:
        return "This invitation was used already. Sign in instead."
    if invitation.revoked_at:
        return "This invitation was taken back. Ask who invited you."
    if invitation.expires_at <= at:
        return "This invitation has run out. Ask who invited you to send it again."
    return ""
