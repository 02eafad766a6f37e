"""`offerwell members import` and `offerwell codes import`: CSV files as people have them."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from offerwell.management.answer import answer, answer_json, json_option, note, some_of
from offerwell.management.code_dates import code_dates
from offerwell.management.opened import acting_person, find_offer, now, opened_workspace, workspace_option
from offerwell.management.refusal import ExitCode, Refused
from offerwell.rules.permissions import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from offerwell.actions.import_report import ImportReport
    from offerwell.models import Offer

_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


def _import_options(command: Any) -> Any:
    for option in (
        json_option,
        click.option("--rejected", type=click.Path(dir_okay=False, writable=True, path_type=Path), metavar="FILE",
                     help="Write the bad rows, with their reasons, into this CSV file."),
        click.option("--dry-run", is_flag=True, help="Say what would happen, and do nothing."),
        workspace_option,
    ):  # fmt: skip
        command = option(command)
    return click.argument("file", type=_FILE)(command)


@click.group()
def members() -> None:
    """Members of the workspace: import."""


@members.command("import")
@_import_options
def import_members_command(
    file: Path, workspace_slug: str | None, dry_run: bool, rejected: Path | None, as_json: bool
) -> ExitCode:
    """Import members from a CSV file: a Shopify customer export, an affiliate tool's export, your own.

    Known members get what the file says and they lack or differ in; a second import changes nothing. Exits 3
    when some rows were rejected; the good ones are in.
    """
    with opened_workspace(workspace_slug, Action.EDIT_MEMBERS) as workspace:
        from offerwell.actions.import_members import import_members

        report = _refusing(
            lambda: import_members(workspace_id=workspace.pk, file=file, by=acting_person(), at=now(), dry_run=dry_run)
        )
        return _told(report, "members", rejected, as_json=as_json)


@click.group()
def codes() -> None:
    """Promo codes: import, dates."""


codes.add_command(code_dates)


@codes.command("import")
@click.argument("offer_text", metavar="OFFER")
@_import_options
def import_codes_command(
    *,
    offer_text: str,
    file: Path,
    workspace_slug: str | None,
    dry_run: bool,
    rejected: Path | None,
    as_json: bool,
) -> ExitCode:
    """Give members of OFFER the codes of a CSV file: e-mail or handle, and code.

    Codes that exist in the store are adopted after a check; the others are created there. A second import
    changes nothing. Exits 3 when some rows were rejected; the good ones are in.
    """
    with opened_workspace(workspace_slug, Action.EDIT_OFFERS) as workspace:
        from offerwell.actions.import_codes import import_codes

        offer = find_offer(offer_text)
        with _progress_bar() as advance:
            report = _refusing(
                lambda: import_codes(
                    workspace_id=workspace.pk, offer=offer, file=file, connectors=_connectors(offer),
                    by=acting_person(), at=now(), dry_run=dry_run, on_progress=advance,
                )
            )  # fmt: skip
        return _told(report, "codes", rejected, as_json=as_json)


def _connectors(offer: Offer) -> dict[int, Any]:
    from offerwell.actions.store_connection import open_store
    from offerwell.models import Store

    return {store.pk: open_store(store) for store in Store.objects.filter(offer_links__offer=offer)}


def _refusing(run: Callable[[], ImportReport]) -> ImportReport:
    from offerwell.integrations.store import StoreError
    from offerwell.rules.import_columns import ImportRefused

    try:
        return run()
    except ImportRefused as refused:
        raise Refused(str(refused), "Nothing was imported. Correct that and import the file again.") from refused
    except StoreError as refused:
        raise Refused(refused.reason, "Nothing was imported. Correct that and import the file again.") from refused


@contextmanager
def _progress_bar() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on a terminal; elsewhere None, so that the file need not be counted first."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1, label="Looking codes up", file=sys.stderr, show_pos=True) as bar:

        def advance(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield advance


def _told(report: ImportReport, what: str, rejected: Path | None, *, as_json: bool) -> ExitCode:
    if rejected is not None and report.rejected_count:
        with rejected.open("wb") as out:
            out.writelines(report.rejected_csv())
    if as_json:
        answer_json(report.to_json())
    else:
        _show(report, what)
    for line in some_of([*report.warnings, *(f"Line {row.line}: {row.reason}" for row in report.rejected)]):
        note(line)
    if report.rejected_count:
        note(_next_step(rejected))
    return ExitCode.FAILURES if report.rejected_count else ExitCode.DONE


def _next_step(rejected: Path | None) -> str:
    where = f"{rejected} has the rejected rows" if rejected else "--rejected FILE writes the rejected rows to a file"
    return f"Next: {where}; correct them there and import that file."


def _show(report: ImportReport, what: str) -> None:
    if report.is_dry_run:
        answer("Dry run: nothing was written. It would be:")
    answer(
        f"{report.rows:,} rows: {report.added:,} {what} added, {report.updated:,} updated,"
        f" {report.unchanged:,} unchanged, {report.rejected_count:,} rejected."
    )
    if what == "codes":
        answer(
            f"{report.adopted:,} codes adopted from the store, {report.to_create:,} to be created there,"
            f" {report.enrolled:,} members joined the offer."
        )
