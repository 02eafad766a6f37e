"""`offerwell changes`: the bulk changes made so far; undo one, retry what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from offerwell.management.answer import answer, answer_json, answer_table, json_option
from offerwell.management.offer_status import Ask, confirm, confirming_options, refusing, show_plan
from offerwell.management.opened import (
    acting_person,
    find_change,
    find_offer,
    find_store,
    now,
    opened_workspace,
    require,
    workspace_option,
)
from offerwell.management.refusal import ExitCode, Refused
from offerwell.management.scheduling import cancel, scheduled
from offerwell.management.waiting import exit_code_of, follow, told_change, waiting_options
from offerwell.rules.permissions import Action

if TYPE_CHECKING:
    from offerwell.models import BulkChange
    from offerwell.queries.change_progress import Progress

_number = click.argument("number", metavar="ID", type=click.IntRange(min=1, max=2**63 - 1))
_REASONS_SHOWN = 50


@click.group()
def changes() -> None:
    """Bulk changes: list, show, undo, retry; and those for later."""


changes.add_command(scheduled)
changes.add_command(cancel)


@changes.command("list")
@click.option("--offer", "offer_text", metavar="OFFER", help="Only changes of this offer.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many, newest first.")
@workspace_option
@json_option
def list_changes(offer_text: str | None, limit: int, workspace_slug: str | None, as_json: bool) -> None:
    """The newest changes."""
    with opened_workspace(workspace_slug, Action.VIEW):
        from offerwell.models import BulkChange
        from offerwell.queries.change_progress import progress_of_all

        found = BulkChange.objects.select_related("offer", "payout_option").order_by("-pk")
        if offer_text:
            found = found.filter(offer=find_offer(offer_text))
        listed = progress_of_all(found[:limit])
        if as_json:
            answer_json([progress.to_json() for progress in listed])
            return
        answer_table(("ID", "When (UTC)", "Offer", "Change", "Changed", "State", "By"), map(_row, listed))


def _row(progress: Progress) -> list[object]:
    from offerwell.ui.change_words import NOUNS, words_of_change

    change = progress.change
    done = words_of_change(change).done
    what = f"{NOUNS[change.part][1]} {done}" + (f" (undoes {change.undoes_id})" if change.undoes_id else "")
    state = progress.state.replace("_", " ")
    when = f"{change.at:%Y-%m-%d %H:%M}"
    return [change.pk, when, change.offer.name, what, f"{change.changed:,}", state, change.actor_name]


@changes.command()
@_number
@workspace_option
@json_option
def show(number: int, workspace_slug: str | None, as_json: bool) -> ExitCode:
    """One change, store by store, with the reasons of what failed. Exits 3 when it ended with failures."""
    with opened_workspace(workspace_slug, Action.VIEW):
        change = find_change(number)
        progress = told_change(change, as_json=as_json)
        if not as_json and progress.bad:
            _show_reasons(change)
        return exit_code_of(progress)


def _show_reasons(change: BulkChange) -> None:
    from offerwell.models import PromoCode
    from offerwell.queries.change_progress import bad_outcomes

    outcomes = list(bad_outcomes(change)[:_REASONS_SHOWN])
    texts = dict(PromoCode.objects.filter(pk__in=[row.code_id for row in outcomes]).values_list("pk", "text"))
    for row in outcomes:
        answer(f"  {texts.get(row.code_id, row.code_id)}: {row.get_result_display()}: {row.reason}")


@changes.command()
@_number
@confirming_options
def undo(number: int, **typed: Any) -> ExitCode:
    """Put back what a change changed, except what someone changed since."""
    ask = Ask(*(typed[name] for name in ("plan_only", "yes", "wait", "timeout", "as_json")))
    with opened_workspace(typed["workspace_slug"], Action.CHANGE_OFFER_STATUS) as workspace:
        change = find_change(number)
        if change.kind == "payout":
            require(Action.EDIT_PAYOUTS, workspace)
        return _undone(workspace.pk, change, ask)


def _undone(workspace_id: int, change: BulkChange, ask: Ask) -> ExitCode:
    from offerwell.actions.undo_bulk_change import NothingToUndo, plan_undo, undo_bulk_change

    plan = plan_undo(change, at=now())
    if ask.plan_only:
        show_plan(plan, as_json=ask.as_json)
        return ExitCode.DONE
    if plan.will_change:
        confirm(plan, ask)
    try:
        undone = refusing(
            lambda: undo_bulk_change(
                workspace_id=workspace_id, change=change, by=acting_person(), at=now(), digest=plan.digest
            )
        ).change
    except NothingToUndo as refused:
        raise Refused(str(refused), "See `offerwell changes list` for the later changes.") from refused
    if ask.wait:
        return follow(undone, timeout=ask.timeout, as_json=ask.as_json)
    told_change(undone, as_json=ask.as_json)
    return ExitCode.DONE


def _retry_options(command: Any) -> Any:
    store = click.option("--store", "label", metavar="LABEL", help="Only in this store.")
    for option in (json_option, *waiting_options, store, workspace_option):
        command = option(command)
    return command


@changes.command()
@_number
@_retry_options
def retry(number: int, wait: bool, timeout: float | None, as_json: bool, **typed: str | None) -> ExitCode:
    """Ask the stores again for what failed."""
    with opened_workspace(typed["workspace_slug"], Action.CHANGE_OFFER_STATUS) as workspace:
        from offerwell.actions.retry_failed_items import retry_failed_items

        change = find_change(number)
        store = find_store(typed["label"]) if typed["label"] else None
        count = retry_failed_items(workspace_id=workspace.pk, change=change, by=acting_person(), at=now(), store=store)
        if not count:
            raise Refused(f"Change {number} has nothing to retry.", f"See `offerwell changes show {number}`.")
        if wait:
            return follow(change, timeout=timeout, as_json=as_json)
        if as_json:
            answer_json({"id": number, "retried": count})
        else:
            answer(f"{count:,} items are tried again.")
        return ExitCode.DONE
