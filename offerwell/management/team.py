"""`offerwell team`: who works in a workspace, and with which role."""

from __future__ import annotations

import click

from offerwell.management.answer import answer, answer_json, answer_table, json_option
from offerwell.management.opened import acting_person, now, opened_workspace, workspace_option
from offerwell.management.refusal import Refused
from offerwell.management.workspaces import sign_in_line

_ROLES = ("owner", "manager", "operator", "analyst")


@click.group()
def team() -> None:
    """The team of a workspace: add, list."""


@team.command()
@click.argument("email")
@click.option("--role", required=True, type=click.Choice(_ROLES), help="What the person may do.")
@click.option("--name", default="", help="The person's name.")
@workspace_option
@json_option
def add(email: str, role: str, name: str, workspace_slug: str | None, as_json: bool) -> None:
    """Add the person with EMAIL to the team. A new login's password is shown once."""
    with opened_workspace(workspace_slug) as workspace:
        from offerwell.actions.add_team_member import TeamRefused, add_team_member

        try:
            joined = add_team_member(
                workspace_id=workspace.pk, email=email, name=name, role=role, by=acting_person(), at=now()
            )
        except TeamRefused as refused:
            raise Refused(
                "Nobody was added to the team.", "Correct this and run the command again.",
                lines=tuple(refused.problems.values()), facts={"problems": refused.problems},
            ) from refused  # fmt: skip
    login = joined.login
    if as_json:
        answer_json({
            "workspace": workspace.slug, "email": login.user.email, "role": role, "password": login.password,
        })  # fmt: skip
        return
    answer(f"{login.user.email} is {role} of “{workspace.name}”.")
    answer(sign_in_line(login.user.email, login.password))


@team.command("list")
@workspace_option
@json_option
def list_team(workspace_slug: str | None, as_json: bool) -> None:
    """Everybody in the team."""
    with opened_workspace(workspace_slug) as workspace:
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
