"""`offerwell reports`: make the rollups anew, choose the reporting currency. `offerwell rates`: import them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from offerwell.management.answer import answer, answer_import, answer_json, json_option
from offerwell.management.opened import acting_person, now, opened_workspace, workspace_option
from offerwell.management.refusal import ExitCode, Refused
from offerwell.rules.permissions import Action

if TYPE_CHECKING:
    from offerwell.actions.import_rates import RateImport


@click.group()
def reports() -> None:
    """Reports: make their rollups anew, choose the currency of totals."""


@reports.command()
@workspace_option
@json_option
def rebuild(workspace_slug: str | None, as_json: bool) -> None:
    """Make every rollup anew from orders, ledger and counted clicks, day by day. Everything goes on meanwhile."""
    with opened_workspace(workspace_slug, Action.EDIT_SETTINGS) as workspace:
        from offerwell.actions.rebuild_reports import rebuild_reports

        rebuilt = rebuild_reports(workspace=workspace)
        if as_json:
            facts = {"days_with_sales": rebuilt.days_with_sales, "days_with_clicks": rebuilt.days_with_clicks}
            answer_json({"workspace": workspace.slug, **facts})
        else:
            answer(f"Made anew: {rebuilt.days_with_sales:,} days with sales, {rebuilt.days_with_clicks:,} with clicks.")


@reports.command()
@click.argument("code", metavar="CURRENCY|none")
@workspace_option
@json_option
def currency(code: str, workspace_slug: str | None, as_json: bool) -> None:
    """Show totals of several currencies in CURRENCY, by the rates of `offerwell rates import`; none: each apart."""
    with opened_workspace(workspace_slug, Action.EDIT_SETTINGS) as workspace:
        from offerwell.actions.set_reporting_currency import CurrencyRefused, set_reporting_currency

        wanted = "" if code.lower() == "none" else code
        try:
            set_reporting_currency(workspace_id=workspace.pk, currency=wanted, by=acting_person(), at=now())
        except CurrencyRefused as refused:
            raise Refused(str(refused), "Nothing was changed.") from refused
        if as_json:
            answer_json({"workspace": workspace.slug, "currency": wanted.upper() or None})
        else:
            answer(f"Totals are shown in {wanted.upper()}." if wanted else "Each currency stands apart.")


@click.group()
def rates() -> None:
    """Exchange rates that totals are shown by."""


@rates.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@workspace_option
@json_option
def import_rates_command(file: Path, workspace_slug: str | None, as_json: bool) -> ExitCode:
    """Take in a CSV file of rates: day,currency,rate. One of the currency is worth so much from that day on.

    A second import changes nothing. Exits 3 when some rows were rejected; the good ones are in.
    """
    with opened_workspace(workspace_slug, Action.EDIT_SETTINGS) as workspace:
        from offerwell.actions.import_rates import import_rates
        from offerwell.rules.import_columns import ImportRefused

        try:
            report = import_rates(workspace_id=workspace.pk, file=file, by=acting_person(), at=now())
        except ImportRefused as refused:
            raise Refused(str(refused), "Nothing was imported. See `offerwell reports currency --help`.") from refused
        _tell(report, as_json=as_json)
        return ExitCode.FAILURES if report.rejected_count else ExitCode.DONE


def _tell(report: RateImport, *, as_json: bool) -> None:
    told = (
        f"{report.rates:,} rates into {report.into}: {report.changed:,} new or changed,"
        f" {report.rejected_count:,} rows rejected."
    )
    facts = {
        "into": report.into, "rates": report.rates, "changed": report.changed, "rejected": report.rejected_count,
    }  # fmt: skip
    answer_import(told, facts, report.rejected, as_json=as_json)
