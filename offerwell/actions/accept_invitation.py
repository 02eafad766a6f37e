"""Join a team by an invitation: with a login made just now, or with the one the invited person has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django_scopes import scope

from offerwell.actions.add_team_member import TeamRefused, login_problems
from offerwell.actions.record_event import record_event
from offerwell.models import Invitation, TeamMember, User, lock_workspace
from offerwell.rules.permissions import Actor

if TYPE_CHECKING:
    from datetime import datetime

# No workspace has this id: who makes a login from an invitation stands in line here, so that no e-mail gets two.
_NEW_LOGINS = 0


@dataclass(frozen=True, slots=True)
class NewLogin:
    """What a person without a login typed."""

    name: str
    password: str = field(repr=False)


class InvitationGone(Exception):
    """It was accepted, taken back or ran out meanwhile. Nothing was stored."""


def accept_invitation(*, invitation: Invitation, who: User | NewLogin, door: str, at: datetime) -> TeamMember:
    """Store the place in the team, and the login when it is new. The invitation is used up.

    The record names the person who joins: nobody else acts here. Raises InvitationGone; TeamRefused for a name or
    password that will not do (fields name, password), or a login of another e-mail (field email).
    """
    if isinstance(who, NewLogin):
        who = _checked(who, invitation.email)
    elif who.email != invitation.email:
        raise TeamRefused({"email": f"This invitation is for {invitation.email}, and you are {who.email}."})
    with transaction.atomic(), scope(workspace=invitation.workspace):
        if isinstance(who, NewLogin):
            lock_workspace(_NEW_LOGINS)
        lock_workspace(invitation.workspace_id)
        _use_up(invitation, at)
        user = who if isinstance(who, User) else _stored(who, invitation.email)
        place, is_new = TeamMember.objects.get_or_create(
            workspace_id=invitation.workspace_id, user=user, defaults={"role": invitation.role}
        )
        Invitation.objects.filter(pk=invitation.pk).update(accepted_by=place.user)
        record_event(
            workspace_id=invitation.workspace_id, kind="team_member_joined", subject=f"user:{place.user_id}",
            facts={"email": invitation.email, "role": place.role, "invitation": invitation.pk, "was_in": not is_new},
            by=Actor(name=str(place.user), door=door, user_id=place.user_id), at=at,
        )  # fmt: skip
    return place


def _checked(new: NewLogin, email: str) -> NewLogin:
    new = NewLogin(" ".join(new.name.split()), new.password)
    problems = login_problems(email, new.name)
    if not new.name:
        problems["name"] = "Enter your name, as your team knows it."
    try:
        validate_password(new.password, User(email=email, name=new.name))
    except ValidationError as wrong:
        problems["password"] = " ".join(wrong.messages)
    if problems:
        raise TeamRefused(problems)
    return new


def _use_up(invitation: Invitation, at: datetime) -> None:
    """One UPDATE decides who was first. The token's hash too: a letter sent again has another."""
    still_open = Invitation.objects.filter(
        pk=invitation.pk, token_hash=invitation.token_hash, accepted_at=None, revoked_at=None, expires_at__gt=at
    )
    if not still_open.update(accepted_at=at):
        raise InvitationGone


def _stored(new: NewLogin, email: str) -> User:
    if User.objects.filter(email=email).exists():
        raise TeamRefused({"email": f"There is a login for {email} already. Sign in to accept."})
    return User.objects.create_user(email, new.password, name=new.name)
