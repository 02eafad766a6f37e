"""Who is signed in to the portal, and which members they are now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django_scopes import scopes_disabled

from offerwell.models import Member, PortalSession
from offerwell.models.portal import secret_hash
from offerwell.rules.sign_in import IDLE_FOR, SEEN_EVERY, SESSION_LIVES

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Creator, Workspace


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session, its creator, and the members with the creator's e-mail today: one a workspace, by the brand's name.

    A member whose e-mail the brand changed is not among them any more, from the next request on.
    """

    session: PortalSession
    members: tuple[Member, ...]

    @property
    def creator(self) -> Creator:
        """Who it is."""
        return self.session.creator

    @property
    def member_ids(self) -> list[int]:
        """The only members whose things may be shown."""
        return [member.pk for member in self.members]

    @property
    def workspaces(self) -> list[Workspace]:
        """The brands, for the scope of every query."""
        return [member.workspace for member in self.members]

    @property
    def brands(self) -> list[str]:
        """Their names."""
        return [member.workspace.name for member in self.members]

    @property
    def first_name(self) -> str:
        """How to greet: the first name that some brand knows."""
        return next((member.first_name for member in self.members if member.first_name), "")

    @property
    def name(self) -> str:
        """The full name that some brand knows; else the e-mail."""
        return next((member.name for member in self.members), self.creator.email_key)


def signed_in(key: str, *, at: datetime) -> SignedIn | None:
    """The session of a cookie, while it lives. Two statements."""
    sessions = PortalSession.objects.select_related("creator").filter(key_hash=secret_hash("session", key))
    session = sessions.filter(seen_at__gt=at - IDLE_FOR, started_at__gt=at - SESSION_LIVES).first() if key else None
    if session is None:
        return None
    with scopes_disabled():  # the person's own members, of whichever brand
        members = Member.objects.filter(email_key=session.creator.email_key).select_related("workspace")
        return SignedIn(session, tuple(members.order_by("workspace__name", "pk")))


def is_worth_noting(session: PortalSession, *, at: datetime) -> bool:
    """Whether so much time passed that the session's last use should be kept."""
    return at - session.seen_at > SEEN_EVERY
