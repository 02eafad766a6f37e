"""`offerwell orders`: what stores sold and whose it is; import a file, read a store's earlier orders."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any

import click

from offerwell.management.answer import answer, answer_import, answer_json, answer_table, json_option, note
from offerwell.management.opened import acting_person, find_store, now, opened_workspace, workspace_option
from offerwell.management.refusal import ExitCode, Refused
from offerwell.rules.permissions import Action

if TYPE_CHECKING:
    from offerwell.actions.import_orders import OrderImport
    from offerwell.models import AttributionReplay
    from offerwell.queries.orders import OrderRow

_LOOK_EVERY = 0.5


_VIEWS = ["all", "accepted", "rejected", "unconfirmed"]


@click.group()
def orders() -> None:
    """Orders of stores: list, import, read, replay."""


@orders.command("list")
@click.option("--view", type=click.Choice(_VIEWS), default="all", help="Which of them.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many, newest first.")
@workspace_option
@json_option
def list_orders(view: str, limit: int, workspace_slug: str | None, as_json: bool) -> None:
    """The newest orders, whose they are and what they earned."""
    with opened_workspace(workspace_slug, Action.VIEW):
        from offerwell.queries.orders import OrderView, order_list

        rows = order_list(OrderView(view), size=limit).rows
        if as_json:
            answer_json([_to_json(row) for row in rows])
            return
        answer_table(("ID", "Order", "Placed", "Reason", "Credited to", "Sale", "Commission"), map(_row, rows))


def _to_json(row: OrderRow) -> dict[str, Any]:
    order, conversion = row.order, row.conversion
    return {
        "id": order.pk, "store": order.store.label, "ref": order.ref, "name": order.name,
        "placed_at": order.placed_at.isoformat(), "currency": order.currency, "net": order.net,
        "refunded": order.refunded, "reason": order.decided_by, "member": conversion.member_id if conversion else None,
        "status": "unconfirmed" if row.awaits_shop else str(conversion.status) if conversion else None,
        "earned": dict(row.earned),
    }  # fmt: skip


def _row(row: OrderRow) -> tuple[str, ...]:
    from offerwell.rules.money import money_text

    order, conversion = row.order, row.conversion
    return (
        str(order.pk), str(order), f"{order.placed_at:%Y-%m-%d %H:%M}", order.decided_by,
        conversion.member.name if conversion else "–", money_text(order.net - order.refunded, order.currency),
        " + ".join(money_text(amount, currency) for currency, amount in row.earned) or "–",
    )  # fmt: skip


@orders.command("import")
@click.argument("store_text", metavar="STORE")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@workspace_option
@json_option
def import_orders_command(store_text: str, file: Path, workspace_slug: str | None, as_json: bool) -> ExitCode:
    """Take in the orders of a CSV file as orders of STORE. Shopify's order export fits as it is.

    A second import changes nothing. Exits 3 when some rows were rejected; the good ones are in.
    """
    with opened_workspace(workspace_slug, Action.EDIT_SETTINGS):
        from offerwell.actions.import_orders import import_orders
        from offerwell.rules.import_columns import ImportRefused

        try:
            report = import_orders(store=find_store(store_text), file=file, by=acting_person(), at=now())
        except ImportRefused as refused:
            raise Refused(str(refused), "Nothing was imported. Correct that and import the file again.") from refused
        _tell(report, as_json=as_json)
        return ExitCode.FAILURES if report.rejected_count else ExitCode.DONE


def _tell(report: OrderImport, *, as_json: bool) -> None:
    told = (
        f"{report.orders:,} orders: {report.newer:,} new or changed, {report.orders - report.newer:,} known already,"
        f" {report.rejected_count:,} rows rejected."
    )
    facts = {
        "rows": report.rows, "orders": report.orders, "newer": report.newer, "rejected": report.rejected_count,
    }  # fmt: skip
    answer_import(told, facts, report.rejected, as_json=as_json)
    if report.rejected_count and not as_json:
        note("Next: correct these rows in the file and import it again; what is in stays as it is.")


@orders.command()
@click.argument("store_text", metavar="STORE")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The first day, as 2026-01-31 (UTC).")
@workspace_option
@json_option
def read(store_text: str, since: datetime, workspace_slug: str | None, as_json: bool) -> None:
    """Have every order of STORE that changed since a day read from the store. The worker does it, page by page."""
    with opened_workspace(workspace_slug, Action.EDIT_SETTINGS) as workspace:
        from offerwell.actions.pull_orders import PullRefused, ask_for_orders

        store = find_store(store_text)
        try:
            pull = ask_for_orders(
                workspace_id=workspace.pk, store=store, since=since.replace(tzinfo=UTC), by=acting_person(), at=now()
            )
        except PullRefused as refused:
            raise Refused(str(refused), "Nothing was read.") from refused
        if as_json:
            answer_json({"store": store.label, "since": since.date().isoformat(), "state": "asked", "id": pull.pk})
        else:
            answer(f"Orders of {store.label} since {since:%Y-%m-%d} are read now. `offerwell orders list` shows them.")


@orders.command()
@click.option("--first", type=click.Choice(["code", "link"]), required=True, help="Which wins when an order has both.")
@click.option("--window", type=click.IntRange(1, 365), required=True, help="Days that a click counts.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The first day, as 2026-01-31 (UTC).")
@click.option("--apply", "is_applied", is_flag=True, help="Also apply the rules to these orders, then say what moved.")
@workspace_option
@json_option
def replay(
    *, first: str, window: int, since: datetime, is_applied: bool, workspace_slug: str | None, as_json: bool
) -> None:
    """What other attribution rules would move among past orders. Without --apply nothing is changed.

    Orders that come in later follow the rules of the workspace, which this leaves alone.
    """
    with opened_workspace(workspace_slug, Action.EDIT_SETTINGS) as workspace:
        from offerwell.actions.apply_replay import ReplayRefused
        from offerwell.actions.set_attribution_rules import RulesRefused

        day = since.replace(tzinfo=UTC)
        try:
            shown, done = _replayed(workspace.pk, first, window, day, is_applied=is_applied)
        except (RulesRefused, ReplayRefused) as refused:
            raise Refused(str(refused), "Nothing was changed.") from refused
        if as_json:
            answer_json({"applied": done is not None, "preview": shown, "result": done})
            return
        _tell_replay(done or shown, is_applied=done is not None)


def _replayed(
    workspace_id: int, first: str, window_days: int, since: datetime, *, is_applied: bool
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The preview; and what applying moved, if asked."""
    from offerwell.actions.apply_replay import apply_replay
    from offerwell.actions.ask_for_replay import ask_for_replay
    from offerwell.actions.set_attribution_rules import checked_rules
    from offerwell.models import ReplayState
    from offerwell.queries.attribution_replay import replay_scope, replayed

    if not is_applied:
        return replayed(replay_scope(since)[0], checked_rules(first, window_days)).to_json(), None
    by, at = acting_person(), now()
    asked = ask_for_replay(
        workspace_id=workspace_id, first=first, window_days=window_days, since=since, by=by, at=at
    )  # fmt: skip
    _run_until(asked, ReplayState.READY)
    apply_replay(workspace_id=workspace_id, replay_id=asked.pk, by=by, at=now())
    _run_until(asked, ReplayState.APPLIED)
    return asked.preview, asked.result


def _run_until(replay: AttributionReplay, state: str) -> None:
    """Here, or beside a worker that was faster."""
    from offerwell.actions.run_replay import run_replay

    run_replay(replay_id=replay.pk)
    replay.refresh_from_db()
    while replay.state != state:
        sleep(_LOOK_EVERY)
        run_replay(replay_id=replay.pk)
        replay.refresh_from_db()


def _tell_replay(figures: dict[str, Any], *, is_applied: bool) -> None:
    from offerwell.rules.money import money_text

    verb = "went" if is_applied else "would go"
    answer(
        f"{figures['orders']:,} orders decided: {figures['moved']:,} {verb} to another member"
        f" ({figures['gained']:,} had none, {figures['lost']:,} get none), {figures['repriced']:,} earn another sum,"
        f" {figures['stay']:,} stay as they are: a person judged them, or they are on an approved statement."
    )
    for currency in sorted({*figures["before"], *figures["after"]}):
        before, after = (figures[name].get(currency, 0) for name in ("before", "after"))
        sums = f"{money_text(before, currency)} before, {money_text(after, currency)} after"
        answer(f"Commission: {sums}, {money_text(after - before, currency)} difference.")
    if not is_applied:
        note("Next: nothing was changed; the same command with --apply does it.")
