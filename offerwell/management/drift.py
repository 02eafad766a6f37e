"""`offerwell drift`: what differs in a store; adopt the store's state, or restore ours."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import click

from offerwell.management.answer import answer, answer_json, answer_table
from offerwell.management.answering import answering_options, listing_options
from offerwell.management.confirming import ask_or_refuse
from offerwell.management.opened import acting_person, find_offer, find_store, now, opened_workspace
from offerwell.management.refusal import ExitCode, Refused
from offerwell.rules.permissions import Action

if TYPE_CHECKING:
    from offerwell.models import Workspace
    from offerwell.queries.drift import DriftRow
    from offerwell.queries.drift_plan import DriftPlan
    from offerwell.rules.drift import DriftFilter

_REASONS = {
    "by_hand": "that only a person can put right in the store, as `offerwell drift list` says",
    "extra_codes": "whose discount holds other codes too: remove those in the store",
    "renamed": "renamed in the store: restore ours instead",
    "stores_disagree": "whose stores show different states: choose one with --store",
    "archived": "of an archived offer: set it active first, or adopt",
}


@click.group()
def drift() -> None:
    """Codes that somebody changed in a store: list, adopt, restore."""


_listing = listing_options(
    click.option("--store", "store_text", metavar="STORE", help="Only this store (its label or number).")
)
_answering = answering_options(_listing)


@drift.command("list")
@_listing
def list_drifts(**typed: Any) -> None:
    """What differs now."""
    with opened_workspace(typed["workspace_slug"], Action.VIEW):
        from django.conf import settings

        from offerwell.queries.drift import every_drift

        rows = every_drift(_wanted(typed), at=now(), most_restores=settings.OFFERWELL_DRIFT_RESTORES)
        if typed["as_json"]:
            answer_json([_json(row) for row in rows])
            return
        head = ("Member", "Code", "Offer", "Store", "We want", "The store shows", "Found (UTC)")
        answer_table(head, [_cells(row) for row in rows])


@drift.command()
@_answering
def adopt(**typed: Any) -> ExitCode:
    """Take over what the store shows."""
    return _answer("adopt", typed)


@drift.command()
@_answering
def restore(**typed: Any) -> ExitCode:
    """Set what we want in the store again."""
    return _answer("restore", typed)


def _wanted(typed: dict[str, Any]) -> DriftFilter:
    from offerwell.rules.drift import DriftFilter

    return DriftFilter(
        offer=find_offer(typed["offer_text"]).pk if typed["offer_text"] else None,
        store=find_store(typed["store_text"]).pk if typed["store_text"] else None,
    )


def _answer(verb: str, typed: dict[str, Any]) -> ExitCode:
    with opened_workspace(typed["workspace_slug"], Action.CHANGE_OFFER_STATUS) as workspace:
        from offerwell.queries.drift_plan import DriftWish, plan_drifts
        from offerwell.rules.drift import DriftSelection, Verb

        plan = plan_drifts(DriftWish(Verb(verb), DriftSelection(filter=_wanted(typed))))
        if typed["plan_only"] or not plan.will_change:
            _show(plan, as_json=typed["as_json"])
            return ExitCode.DONE
        if not typed["yes"]:
            ask_or_refuse("Nothing was done: this needs a confirmation.", _lines(plan), {"plan": plan.to_json()})
        return _applied(workspace, plan, as_json=typed["as_json"])


def _applied(workspace: Workspace, plan: DriftPlan, *, as_json: bool) -> ExitCode:
    from offerwell.actions.answer_drifts import DriftPlanOutOfDate, answer_drifts
    from offerwell.queries.change_progress import progress_of_all

    try:
        done = answer_drifts(
            workspace_id=workspace.pk, wish=plan.wish, digest=plan.digest, key=f"cli-{secrets.token_hex(16)}",
            by=acting_person(), at=now(),
        )  # fmt: skip
    except DriftPlanOutOfDate as refused:
        raise Refused(
            "The plan is out of date: codes changed here or in a store. Nothing was done.",
            "Look at the new plan and confirm again.",
            code=ExitCode.OUT_OF_DATE, lines=_lines(refused.plan), facts={"plan": refused.plan.to_json()},
        ) from refused  # fmt: skip
    if as_json:
        answer_json([progress.to_json() for progress in progress_of_all(done.changes)])
    for change in () if as_json else done.changes:
        answer(f"Change {change.pk}: {change.changed:,} codes of “{change.offer.name}”. See `offerwell changes show`.")
    return ExitCode.DONE


def _show(plan: DriftPlan, *, as_json: bool) -> None:
    if as_json:
        answer_json(plan.to_json())
        return
    for line in _lines(plan):
        answer(line)


def _lines(plan: DriftPlan) -> tuple[str, ...]:
    lines = [f"{str(plan.wish.verb).capitalize()}: {plan.will_change:,} codes of {plan.selected:,} differences"]
    for group in plan.groups:
        what = "become" if plan.wish.verb == "adopt" else "stay"
        target = "Active" if group.course.to_active else "Deactivated"
        about = f"{what} {target}" if group.course.what == "status" else f"{group.course.what} set"
        lines.append(f"  {group.codes:>9,} codes of “{group.offer.name}”: {about}")
    lines += [f"  {count:>9,} left out, {_REASONS[str(reason)]}" for reason, count in plan.reasons]
    lines += [f"  These codes follow in {', '.join(plan.elsewhere)} too"] if plan.elsewhere else []
    return tuple(lines)


def _json(row: DriftRow) -> dict[str, Any]:
    drift = row.drift
    return {
        "id": row.row.pk, "member": row.code.enrollment.member.name, "code": row.code.text,
        "offer": row.code.offer.name, "store": row.row.store.label,
        "wanted": "active" if row.code.is_active else "deactivated", "wanted_ends_at": _time(row.ends_at),
        "difference": str(row.kind), "shown": drift.status, "shown_code": drift.text,
        "shown_ends_at": _time(drift.ends_at), "found_at": _time(drift.found_at), "seen_at": _time(drift.seen_at),
    }  # fmt: skip


def _time(moment: Any) -> str | None:
    return moment.isoformat() if moment else None


def _cells(row: DriftRow) -> list[object]:
    wanted = "Active" if row.code.is_active else "Deactivated"
    shown = str(row.kind).replace("_", " ")
    return [
        row.code.enrollment.member.name, row.code.text, row.code.offer.name, row.row.store.label, wanted, shown,
        f"{row.drift.found_at:%Y-%m-%d %H:%M}",
    ]  # fmt: skip
