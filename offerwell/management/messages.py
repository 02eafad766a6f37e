"""`offerwell messages`: who gets none."""

from __future__ import annotations

from pathlib import Path

import click

from offerwell.management.answer import answer_import, json_option
from offerwell.management.opened import acting_person, now, opened_workspace, workspace_option
from offerwell.management.refusal import ExitCode, Refused
from offerwell.rules.permissions import Action


@click.group()
def messages() -> None:
    """Messages to members: addresses that get none."""


@messages.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@workspace_option
@json_option
def suppress(file: Path, workspace_slug: str | None, as_json: bool) -> ExitCode:
    """Let the addresses of a CSV file get no messages any more.

    A second import changes nothing. Exits 3 when some rows hold no address; the others are in.
    """
    with opened_workspace(workspace_slug, Action.EDIT_SETTINGS) as workspace:
        from offerwell.actions.import_suppressions import import_suppressions
        from offerwell.rules.import_columns import ImportRefused

        try:
            report = import_suppressions(
                workspace_id=workspace.pk, file=file, note=f"Imported from {file.name}", by=acting_person(), at=now()
            )
        except ImportRefused as refused:
            raise Refused(str(refused), "No address was added. Correct that and import the file again.") from refused
    told = f"{report.added:,} added, {report.known:,} known already, {report.rejected_count:,} rows rejected."
    facts = {"added": report.added, "known": report.known, "rejected": report.rejected_count}
    answer_import(told, facts, report.rejected, as_json=as_json)
    return ExitCode.FAILURES if report.rejected_count else ExitCode.DONE
