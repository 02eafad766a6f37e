"""`offerwell workspaces`: create a brand's workspace with its first owner, and list them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from offerwell.management.answer import answer, answer_json, answer_table, json_option
from offerwell.management.opened import acting_person, now, operators_only, set_up_django
from offerwell.management.refusal import Refused

if TYPE_CHECKING:
    from offerwell.actions.create_workspace import Created


@click.group()
def workspaces() -> None:
    """Workspaces, one for each brand: create, list."""


@workspaces.command()
@click.argument("name")
@click.option("--owner", required=True, metavar="EMAIL", help="The first owner. A login that exists is used as it is.")
@click.option("--name", "owner_name", default="", metavar="NAME", help="The owner's name, such as “Ana Lopez”.")
@click.option("--timezone", default="UTC", show_default=True, help="In which times are shown, such as Europe/Paris.")
@json_option
def create(name: str, owner: str, owner_name: str, timezone: str, as_json: bool) -> None:
    """Create the workspace NAME. A new owner's password is shown once."""
    operators_only()
    set_up_django()
    from offerwell.actions.create_workspace import WorkspaceRefused, create_workspace

    try:
        created = create_workspace(
            name=name, owner_email=owner, owner_name=owner_name, timezone=timezone, by=acting_person(), at=now()
        )
    except WorkspaceRefused as refused:
        raise Refused(
            "The workspace was not created.", "Correct these and run the command again.",
            lines=tuple(refused.problems.values()), facts={"problems": refused.problems},
        ) from refused  # fmt: skip
    _tell(created, as_json=as_json)


def _tell(created: Created, *, as_json: bool) -> None:
    workspace, owner = created.workspace, created.owner
    if as_json:
        answer_json({
            "workspace": workspace.slug, "name": workspace.name, "timezone": workspace.timezone,
            "owner": owner.user.email, "password": owner.password,
        })  # fmt: skip
        return
    answer(f"Workspace “{workspace.name}” is there: --workspace {workspace.slug}")
    answer(sign_in_line(owner.user.email, owner.password))


def sign_in_line(email: str, password: str | None) -> str:
    """How the person signs in; a password is shown this once."""
    if password is None:
        return f"{email} signs in as before."
    return f"Sign in as {email} with the password {password}  (shown only now; change it under Account)"


@workspaces.command("list")
@json_option
def list_workspaces(as_json: bool) -> None:
    """All workspaces with their owners."""
    operators_only()
    set_up_django()
    from offerwell.models import Role, TeamMember, Workspace

    owners: dict[int, list[str]] = {}
    for place in TeamMember.objects.filter(role=Role.OWNER).select_related("user").order_by("pk"):
        owners.setdefault(place.workspace_id, []).append(place.user.email)
    found = [
        {"workspace": one.slug, "name": one.name, "timezone": one.timezone, "owners": owners.get(one.pk, [])}
        for one in Workspace.objects.order_by("slug")
    ]
    if as_json:
        answer_json(found)
        return
    head = ("Slug", "Workspace", "Time zone", "Owners")
    answer_table(head, [(o["workspace"], o["name"], o["timezone"], ", ".join(o["owners"])) for o in found])
