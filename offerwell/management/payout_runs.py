"""`offerwell payouts`: statements up to a day; draw up, approve, files for payment providers, note payments."""

from __future__ import annotations

import csv
import sys
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any

import click

from offerwell.management.answer import answer, answer_json, answer_table, json_option, note
from offerwell.management.opened import acting_person, now, opened_workspace, workspace_option
from offerwell.management.refusal import ExitCode, Refused
from offerwell.rules.payment_files import PaymentFile
from offerwell.rules.permissions import Action

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from offerwell.actions.pay_statements import Proof
    from offerwell.models import PayoutRun, Statement
    from offerwell.queries.payout_runs import RunRow
    from offerwell.rules.payment_files import Payee

_number = click.argument("number", metavar="ID", type=click.IntRange(min=1, max=2**63 - 1))
_day = click.DateTime(["%Y-%m-%d"])
_LOOK_EVERY = 0.5


@click.group()
def payouts() -> None:
    """Payouts: list, draft, approve, export, paid."""


@contextmanager
def _refusing(next_step: str = "Nothing was done.") -> Iterator[None]:
    """What a payout cannot be, as a command says it."""
    from offerwell.rules.statements import InvalidPayout

    try:
        yield
    except InvalidPayout as refused:
        raise Refused(str(refused), next_step) from refused


@payouts.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many, newest first.")
@workspace_option
@json_option
def list_payouts(limit: int, workspace_slug: str | None, as_json: bool) -> None:
    """The newest payouts, how far they are and what they pay."""
    with opened_workspace(workspace_slug, Action.MAKE_PAYOUTS):
        from offerwell.queries.payout_runs import run_list

        rows = run_list(size=limit).rows
        if as_json:
            answer_json([_to_json(row) for row in rows])
            return
        answer_table(("ID", "Up to", "State", "Statements", "Payments", "Pays"), map(_row, rows))


def _to_json(row: RunRow) -> dict[str, Any]:
    """The documented JSON of a payout."""
    run = row.run
    totals = [
        {
            "currency": one.currency, "statements": one.statements, "payments": one.payable, "pays": one.pays,
            "carries": one.carries, "paid_payments": one.paid_count, "paid": one.paid,
        }
        for one in row.totals
    ]  # fmt: skip
    return {
        "id": run.pk, "last_day": run.last_day.isoformat(), "state": str(row.standing), "totals": totals,
        "drawn_by": run.drawn_by, "approved_by": run.approved_by or None,
        "done_statements": run.done_statements if run.is_approving else None, "problem": run.problem or None,
    }  # fmt: skip


def _row(row: RunRow) -> tuple[str, ...]:
    return (
        str(row.run.pk), row.run.last_day.isoformat(), _state(row), f"{row.statements:,}", f"{row.payable:,}",
        _pays(row),
    )  # fmt: skip


def _state(row: RunRow) -> str:
    """How far it is: “partly paid”, “approving, 4,000 done”."""
    state = row.standing.replace("_", " ")
    return f"{state}, {row.run.done_statements:,} done" if row.run.is_approving else state


def _pays(row: RunRow) -> str:
    from offerwell.rules.money import money_text

    return " + ".join(money_text(one.pays, one.currency) for one in row.totals if one.pays) or "–"


@payouts.command()
@click.option("--until", "last_day", type=_day, required=True, help="The last day of orders, as 2026-11-30.")
@workspace_option
@json_option
def draft(last_day: datetime, workspace_slug: str | None, as_json: bool) -> None:
    """Draw up the draft, or draw it up anew: all that is due of orders placed up to that day, in statements."""
    with opened_workspace(workspace_slug, Action.MAKE_PAYOUTS) as workspace, _refusing():
        from offerwell.actions.draft_payout import draft_payout

        run = draft_payout(workspace_id=workspace.pk, last_day=last_day.date(), by=acting_person(), at=now())
        _tell(run, as_json=as_json, next_step=f"Look at it, then `offerwell payouts approve {run.pk}`.")


@payouts.command()
@_number
@click.option("--digest", metavar="D", help="Approve only if the draft still has this digest (from draft --json).")
@click.option("--yes", is_flag=True, help="Do not ask.")
@workspace_option
@json_option
def approve(number: int, digest: str | None, yes: bool, workspace_slug: str | None, as_json: bool) -> None:
    """Approve the draft ID: its statements never change again. No money moves by itself.

    Many statements take a while. Interrupted, a worker goes on, or the same command for this ID.
    """
    with opened_workspace(workspace_slug, Action.MAKE_PAYOUTS) as workspace, _refusing("Nothing was approved."):
        from offerwell.actions.approve_payout import DraftOutOfDate, approve_payout
        from offerwell.queries.payout_runs import run_row

        run = _found(number)
        if not (yes or digest or run.is_approving):
            _asked(run_row(run))
        try:
            if not run.is_approving:
                approve_payout(
                    workspace_id=workspace.pk, run_id=run.pk, digest=digest or run.digest, by=acting_person(), at=now()
                )
            done = _approved(run)
        except DraftOutOfDate as changed:
            run.refresh_from_db()
            sentence = "Orders changed since the draft was shown. It was drawn up anew; nothing was approved."
            next_step = "Look at it again, then repeat the command."
            raise Refused(sentence, next_step, code=ExitCode.OUT_OF_DATE, facts=_to_json(run_row(run))) from changed
        _tell(done, as_json=as_json, next_step=f"Next: `offerwell payouts export {run.pk} paypal`, pay, then `paid`.")


def _approved(run: PayoutRun) -> PayoutRun:
    """Go on until it is approved: here, or beside a worker that was faster. Raises DraftOutOfDate."""
    from offerwell.actions.approve_payout import DraftOutOfDate
    from offerwell.actions.finish_approval import finish_approval

    run.refresh_from_db()
    while run.is_approving:
        finish_approval(run_id=run.pk)
        run.refresh_from_db()
        if run.is_approving:
            sleep(_LOOK_EVERY)
    if run.is_draft:
        raise DraftOutOfDate
    return run


def _asked(row: RunRow) -> None:
    text = f"Payout up to {row.run.last_day.isoformat()}: {row.payable:,} payments, {_pays(row)}."
    if not sys.stdin.isatty():
        raise Refused("Nothing was approved: this needs a confirmation.", "Run it again with --yes.", lines=(text,))
    note(text)
    click.confirm("Approve this?", abort=True, err=True)


@payouts.command()
@_number
@workspace_option
@json_option
def cancel(number: int, workspace_slug: str | None, as_json: bool) -> None:
    """Drop the draft ID. Everything in it is due as before."""
    with opened_workspace(workspace_slug, Action.MAKE_PAYOUTS) as workspace, _refusing():
        from offerwell.actions.draft_payout import cancel_payout

        run = cancel_payout(workspace_id=workspace.pk, run_id=_found(number).pk, by=acting_person(), at=now())
        _tell(run, as_json=as_json, next_step="")


def _paying(command: Any) -> Any:
    for option in (
        json_option,
        workspace_option,
        click.option("--statement", "statement_id", type=click.IntRange(1, 2**63 - 1), help="Only this statement."),
        click.option("--reference", default="", help="Of the bank or provider; at most 120 characters."),
        click.option("--on", "sent_on", type=_day, help="The day, as 2026-12-03. Without it, today (UTC)."),
        _number,
    ):
        command = option(command)
    return command


@payouts.command()
@click.option("--currency", default="", metavar="CODE", help="Only payments in this currency.")
@click.option("--file", type=click.Choice([file.value for file in PaymentFile]), help="Only what its files have.")
@_paying
def paid(
    number: int, currency: str, file: str | None, statement_id: int | None, workspace_slug: str | None, **typed: Any
) -> None:
    """Note the payments of payout ID as made: all to members with an address, or one statement."""
    with opened_workspace(workspace_slug, Action.MAKE_PAYOUTS) as workspace, _refusing():
        from offerwell.actions.pay_statements import pay_run, pay_statement

        run, said = _found(number), {"workspace_id": workspace.pk, "by": acting_person(), "at": now()}
        proof = _proof(**typed)
        if statement_id is not None:
            pay_statement(statement_id=_statement(run, statement_id).pk, proof=proof, **said)
        else:
            only = PaymentFile(file) if file else None
            pay_run(run_id=run.pk, currency=currency.upper(), file=only, proof=proof, **said)
        _tell(run, as_json=typed["as_json"], next_step="")


@payouts.command()
@_paying
def returned(number: int, statement_id: int | None, workspace_slug: str | None, **typed: Any) -> None:
    """Note that the payment of a statement of payout ID came back: it is to be paid again."""
    if statement_id is None:
        raise click.UsageError("Say which with --statement.")
    with opened_workspace(workspace_slug, Action.MAKE_PAYOUTS) as workspace, _refusing():
        from offerwell.actions.pay_statements import return_payment

        run = _found(number)
        return_payment(
            workspace_id=workspace.pk, statement_id=_statement(run, statement_id).pk, proof=_proof(**typed),
            by=acting_person(), at=now(),
        )  # fmt: skip
        _tell(run, as_json=typed["as_json"], next_step="")


def _proof(*, sent_on: datetime | None, reference: str, **_: Any) -> Proof:
    from offerwell.actions.pay_statements import Proof

    day: date = (sent_on or now()).date()
    return Proof(day, reference)


@payouts.command()
@_number
@click.argument("provider", type=click.Choice([file.value for file in PaymentFile]))
@click.option("--currency", required=True, metavar="CODE", help="One currency for each file.")
@click.option("--part", type=click.IntRange(1, 100_000), default=1, show_default=True, help="Which file of several.")
@click.option("--to", "path", type=click.Path(dir_okay=False, path_type=Path), help="Instead of standard output.")
@workspace_option
def export(**typed: Any) -> None:
    """Write the payment file of payout ID for PROVIDER. Who is paid already or has no address is not in it."""
    file, currency, part = PaymentFile(typed["provider"]), typed["currency"].upper(), typed["part"]
    with opened_workspace(typed["workspace_slug"], Action.MAKE_PAYOUTS):
        from offerwell.queries.payment_file import payees
        from offerwell.queries.payout_runs import left_out, run_row
        from offerwell.rules.payment_files import parts_of

        run = _found(typed["number"])
        if run.state != "approved":
            raise Refused(f"{run} is {run.state}: only an approved payout can be paid.", "Nothing was written.")
        rows = payees(run, file, currency, part)
        if not rows:
            raise Refused(
                "This file has nothing to pay: what is paid, has no address or decimals PayPal refuses is left out.",
                "`offerwell payouts list --json` tells what is left.",
            )
        _write(file, rows, typed["path"])
        row = run_row(run)
        parts = sum(parts_of(file, one.payable) for one in row.totals if one.currency == currency)
        note(f"{len(rows):,} payments, file {part} of {parts}.")
        missing = left_out(row)
        if missing.no_address:
            note(
                f"{missing.no_address:,} members cannot be paid by file: no usable payout e-mail. See {run} on screen."
            )
        if missing.not_whole and file.coarse:
            note(f"{missing.not_whole:,} payments have decimals that {file.label} refuses. See {run} on screen.")


def _write(file: PaymentFile, rows: tuple[Payee, ...], path: Path | None) -> None:
    from offerwell.rules.payment_files import payment_line

    lines = [*([file.headings] if file.headings else []), *(payment_line(file, one) for one in rows)]
    written = StringIO()
    csv.writer(written).writerows(lines)
    if path is None:
        click.echo(written.getvalue(), nl=False)
    else:
        path.write_text(written.getvalue(), encoding="utf-8", newline="")


def _found(number: int) -> PayoutRun:
    from offerwell.models import PayoutRun

    run = PayoutRun.objects.filter(pk=number).first()
    if run is None:
        raise Refused(f"There is no payout {number} in this workspace.", "See `offerwell payouts list`.")
    return run


def _statement(run: PayoutRun, statement_id: int) -> Statement:
    from offerwell.models import Statement

    found = Statement.objects.filter(run=run, pk=statement_id).first()
    if found is None:
        raise Refused(
            f"{run} has no statement {statement_id}.", "Its number stands on the statement, and in the export."
        )
    return found


def _tell(run: PayoutRun, *, as_json: bool, next_step: str) -> None:
    from offerwell.queries.payout_runs import run_row

    run.refresh_from_db()
    row = run_row(run)
    if as_json:
        answer_json(_to_json(row) | ({"digest": run.digest} if run.is_draft else {}))
        return
    answer(f"Payout {run.pk} up to {run.last_day.isoformat()}: {_state(row)}, {row.payable:,} payments, {_pays(row)}.")
    if next_step:
        note(next_step)
