"""Create a brand's workspace and its first owner: how a real installation begins."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from django.db import transaction
from django.utils.text import slugify
from django_scopes import scope

from offerwell.actions.add_team_member import Login, login_of, login_problems, tidied_email
from offerwell.actions.record_event import record_event
from offerwell.models import Role, TeamMember, Workspace, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor

LONGEST_NAME = 120
_LONGEST_SLUG = 60
_ROOM_FOR_NUMBER = 8
# No workspace has this id: whoever creates one stands in line here, so that no name or slug is taken twice.
_NEW_WORKSPACES = 0


class WorkspaceRefused(Exception):
    """The workspace cannot be created so. Nothing was stored.

    `problems` maps a field (name, timezone, owner_email, owner_name) to a sentence.
    """

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Created:
    """The workspace and its owner's login."""

    workspace: Workspace
    owner: Login


def create_workspace(
    *, name: str, owner_email: str, owner_name: str, timezone: str, by: Actor, at: datetime
) -> Created:
    """Store the workspace and its owner. A login that exists becomes its owner too, unchanged.

    Raises WorkspaceRefused with every problem.
    """
    name, email, person = " ".join(name.split()), tidied_email(owner_email), " ".join(owner_name.split())
    with transaction.atomic():
        lock_workspace(_NEW_WORKSPACES)
        problems = _problems(name, timezone)
        problems |= {f"owner_{one}": why for one, why in login_problems(email, person).items()}
        if problems:
            raise WorkspaceRefused(problems)
        workspace = Workspace.objects.create(name=name, slug=_free_slug(name), timezone=timezone, created_at=at)
        owner = login_of(email, person)
        TeamMember.objects.create(workspace=workspace, user=owner.user, role=Role.OWNER)
        with scope(workspace=workspace):
            record_event(
                workspace_id=workspace.pk, kind="workspace_created", subject=f"workspace:{workspace.pk}",
                facts={"name": name, "timezone": timezone, "owner": email}, by=by, at=at,
            )  # fmt: skip
    return Created(workspace, owner)


def _problems(name: str, timezone: str) -> dict[str, str]:
    problems = {}
    if not name:
        problems["name"] = "Name the workspace, usually as the brand is called."
    elif len(name) > LONGEST_NAME:
        problems["name"] = f"The name is {len(name)} characters long. Use at most {LONGEST_NAME}."
    elif taken := _same_name(name):
        problems["name"] = f"There is a workspace named {taken} already. Choose another name."
    if timezone not in available_timezones():
        problems["timezone"] = f"There is no time zone “{timezone}”. Write it like Europe/Paris, or UTC."
    return problems


def _same_name(name: str) -> str | None:
    """Compared here, not by the database: SQLite knows upper and lower case of ASCII only."""
    names = Workspace.objects.values_list("name", flat=True)
    return next((taken for taken in names if taken.casefold() == name.casefold()), None)


def _free_slug(name: str) -> str:
    wish = slugify(name)[: _LONGEST_SLUG - _ROOM_FOR_NUMBER].strip("-_") or "workspace"
    taken = set(Workspace.objects.filter(slug__startswith=wish).values_list("slug", flat=True))
    return next(slug for n in count(1) if (slug := wish if n == 1 else f"{wish}-{n}") not in taken)
