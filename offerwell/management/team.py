"""`offerwell team`: who works in a workspace, and with which role."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

from offerwell.management.answer import answer, answer_json, answer_table, json_option, note
from offerwell.management.opened import acting_person, now, opened_workspace, workspace_option
from offerwell.management.refusal import Refused
from offerwell.management.workspaces import sign_in_line
from offerwell.rules.permissions import Action

if TYPE_CHECKING:
    from collections.abc import Callable

    from offerwell.models import TeamMember, Workspace

T = TypeVar("T")
_ROLES = ("owner", "manager", "operator", "analyst")


@click.group()
def team() -> None:
    """The team of a workspace: invite, add, role, remove, list."""


@team.command()
@click.argument("email")
@click.option("--role", required=True, type=click.Choice(_ROLES), help="What the person may do.")
@click.option("--name", default="", help="The person's name.")
@workspace_option
@json_option
def add(email: str, role: str, name: str, workspace_slug: str | None, as_json: bool) -> None:
    """Add the person with EMAIL to the team. A new login's password is shown once."""
    with opened_workspace(workspace_slug, Action.EDIT_TEAM) as workspace:
        from offerwell.actions.add_team_member import add_team_member

        joined = _refusing(
            "Nobody was added to the team.",
            lambda: add_team_member(
                workspace_id=workspace.pk, email=email, name=name, role=role, by=acting_person(), at=now()
            ),
        )
    login = joined.login
    if as_json:
        answer_json({
            "workspace": workspace.slug, "email": login.user.email, "role": role, "password": login.password,
        })  # fmt: skip
        return
    answer(f"{login.user.email} is {role} of “{workspace.name}”.")
    answer(sign_in_line(login.user.email, login.password))


@team.command()
@click.argument("email")
@click.option("--role", required=True, type=click.Choice(_ROLES), help="What the person may do.")
@click.option("--address", metavar="URL", help="Where people reach the pages; default OFFERWELL_PUBLIC_URL.")
@workspace_option
@json_option
def invite(email: str, role: str, address: str | None, workspace_slug: str | None, as_json: bool) -> None:
    """Invite the person with EMAIL: a letter with a link, good once and for seven days. The link is shown, too."""
    with opened_workspace(workspace_slug, Action.EDIT_TEAM) as workspace:
        from offerwell.actions.invite_person import invite_person

        links: list[str] = []
        invitation = _refusing(
            "Nobody was invited.",
            lambda: invite_person(
                workspace_id=workspace.pk, email=email, role=role, join_address=_join_address(address, links),
                by=acting_person(), at=now(),
            ),
        )  # fmt: skip
    if as_json:
        answer_json({
            "workspace": workspace.slug, "email": invitation.email, "role": role, "link": links[0],
            "sent": invitation.sent_at is not None, "mail_problem": invitation.mail_problem,
        })  # fmt: skip
        return
    if invitation.sent_at is None:
        note(f"The letter was not sent. {invitation.mail_problem}")
    answer(f"{invitation.email} is invited to “{workspace.name}” as {role}, until {invitation.expires_at:%Y-%m-%d}:")
    answer(links[0])


@team.command("role")
@click.argument("email")
@click.argument("role", type=click.Choice(_ROLES))
@workspace_option
@json_option
def change_role_command(email: str, role: str, workspace_slug: str | None, as_json: bool) -> None:
    """Give the person with EMAIL another ROLE."""
    with opened_workspace(workspace_slug, Action.EDIT_TEAM) as workspace:
        from offerwell.actions.change_role import change_role

        place = _place(workspace, email)
        changed = _refusing(
            "The role was not changed.",
            lambda: change_role(workspace_id=workspace.pk, place_id=place.pk, role=role, by=acting_person(), at=now()),
        )
    if as_json:
        answer_json({"workspace": workspace.slug, "email": place.user.email, "role": role, "changed": changed})
    else:
        answer(f"{place.user.email} is {role} of “{workspace.name}” {'now' if changed else 'already'}.")


@team.command()
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask.")
@workspace_option
@json_option
def remove(email: str, yes: bool, workspace_slug: str | None, as_json: bool) -> None:
    """Remove the person with EMAIL from the team and end their sessions in it. What they did stays on record."""
    with opened_workspace(workspace_slug, Action.EDIT_TEAM) as workspace:
        from offerwell.actions.remove_team_member import remove_team_member

        place = _place(workspace, email)
        if not yes:
            click.confirm(f"Remove {place.user.email} from “{workspace.name}”?", abort=True, err=True)
        _refusing(
            "Nobody was removed.",
            lambda: remove_team_member(workspace_id=workspace.pk, place_id=place.pk, by=acting_person(), at=now()),
        )
    if as_json:
        answer_json({"workspace": workspace.slug, "email": place.user.email, "removed": True})
    else:
        answer(f"{place.user.email} is not in the team of “{workspace.name}” any more.")


def _place(workspace: Workspace, email: str) -> TeamMember:
    from offerwell.models import TeamMember

    places = TeamMember.objects.select_related("user").filter(workspace=workspace)
    found = places.filter(user__email=email.strip().lower()).first()
    if found is None:
        raise Refused(f"{email} is not in the team of “{workspace.name}”.", "See `offerwell team list`.")
    return found


def _join_address(address: str | None, links: list[str]) -> Callable[[str], str]:
    """Gives the link of a token, and keeps it in `links`."""
    from django.conf import settings
    from django.urls import reverse

    base = (address or settings.OFFERWELL_PUBLIC_URL).rstrip("/")
    if not base.startswith(("https://", "http://")):
        raise Refused("Nobody was invited: where do people reach the pages?", "Say it with --address https://….")

    def link(token: str) -> str:
        links.append(f"{base}{reverse('join', args=[token])}")
        return links[-1]

    return link


def _refusing(sentence: str, run: Callable[[], T]) -> T:
    from offerwell.actions.add_team_member import TeamRefused

    try:
        return run()
    except TeamRefused as refused:
        raise Refused(
            sentence, "Correct this and run the command again.", lines=tuple(refused.problems.values()),
            facts={"problems": refused.problems},
        ) from refused  # fmt: skip


@team.command("list")
@workspace_option
@json_option
def list_team(workspace_slug: str | None, as_json: bool) -> None:
    """Everybody in the team."""
    with opened_workspace(workspace_slug, Action.VIEW) as workspace:
        from offerwell.models import TeamMember

        places = TeamMember.objects.filter(workspace=workspace).select_related("user").order_by("user__email")
        found = [
            {"email": place.user.email, "name": place.user.name, "role": place.role, "is_active": place.user.is_active}
            for place in places
        ]
    if as_json:
        answer_json(found)
        return
    answer_table(
        ("E-mail", "Name", "Role", ""),
        [(o["email"], o["name"], o["role"], "" if o["is_active"] else "switched off") for o in found],
    )
