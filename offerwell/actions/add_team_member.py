"""Give a login a role in a workspace. A login that does not exist yet is made, with a password to hand over."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.models import Role, TeamMember, User, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor

LONGEST_NAME = 120
_PASSWORD_BYTES = 18  # 24 characters


class TeamRefused(Exception):
    """Nothing was stored. `problems` maps a field (email, name, role, password, person) to a sentence."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Login:
    """A login. `password` is there only when it was made just now: nobody can read it later."""

    user: User
    password: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Joined:
    """A place in the team, and the login that has it."""

    place: TeamMember
    login: Login


def add_team_member(*, workspace_id: int, email: str, name: str, role: str, by: Actor, at: datetime) -> Joined:
    """Store the place in the team. Raises TeamRefused."""
    email, name = tidied_email(email), " ".join(name.split())
    if problems := login_problems(email, name) | role_problems(role):
        raise TeamRefused(problems)
    with transaction.atomic():
        lock_workspace(workspace_id)
        _refuse_twice(workspace_id, email)
        login = login_of(email, name)
        place = TeamMember.objects.create(workspace_id=workspace_id, user=login.user, role=role)
        record_event(
            workspace_id=workspace_id, kind="team_member_added", subject=f"user:{login.user.pk}",
            facts={"email": email, "role": role}, by=by, at=at,
        )  # fmt: skip
    return Joined(place, login)


def _refuse_twice(workspace_id: int, email: str) -> None:
    place = TeamMember.objects.filter(workspace_id=workspace_id, user__email=email).first()
    if place is not None:
        raise TeamRefused({"email": f"{email} is in the team already, as {place.role}. Nothing to do."})


def tidied_email(email: str) -> str:
    """As logins keep it."""
    return email.strip().lower()


def role_problems(role: str) -> dict[str, str]:
    """What is wrong with a role, by field."""
    if role in Role.values:
        return {}
    return {"role": f"There is no role “{role}”. Use one of: {', '.join(Role.values)}."}


def login_problems(email: str, name: str) -> dict[str, str]:
    """What is wrong with a person's e-mail and name, by field."""
    problems = {}
    try:
        validate_email(email)
    except ValidationError:
        problems["email"] = f"“{email}” is not an e-mail. Write it like ana@example.com."
    if User.objects.filter(email=email, is_active=False).exists():
        problems["email"] = f"The login {email} is switched off. Use another e-mail."
    if len(name) > LONGEST_NAME:
        problems["name"] = f"The person’s name is {len(name)} characters long. Use at most {LONGEST_NAME}."
    return problems


def login_of(email: str, name: str) -> Login:
    """The login of a tidied e-mail: the one that exists, untouched, or a new one."""
    user = User.objects.filter(email=email).first()
    if user is not None:
        return Login(user, None)
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    return Login(User.objects.create_user(email, password, name=name), password)
