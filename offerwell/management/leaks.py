"""`offerwell leaks`: the codes that the leak radar flags, and their answer: deactivated, or given new texts."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from offerwell.management.answer import answer, answer_json, answer_table
from offerwell.management.answering import answering_options, listing_options
from offerwell.management.confirming import ask_or_refuse
from offerwell.management.offer_status import plan_lines, refusing
from offerwell.management.opened import acting_person, find_offer, now, opened_workspace
from offerwell.management.refreshing import proposal_lines, refresh_json, refresh_wishes
from offerwell.management.refusal import ExitCode, Refused
from offerwell.rules.leak_score import LISTED
from offerwell.rules.permissions import Action

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offerwell.models import BulkChange, CodeLeak, Offer, Workspace
    from offerwell.queries.planned_change import Plan, Wish
    from offerwell.rules.selection import MemberSelection


@click.group()
def leaks() -> None:
    """Codes whose orders do not look like their creator's reach: list, answer."""


_listing = listing_options(
    click.option(
        "--least", type=click.IntRange(LISTED, 100), default=LISTED, show_default=True,
        help="Only codes with this score or more.",
    )
)  # fmt: skip
_answering = answering_options(
    _listing,
    click.option("--random", "has_random_suffix", is_flag=True, help="New texts end with eight random letters."),
    click.option("--pattern", default="", help="Names of new texts, such as GLOW{first_name}; else the offer's."),
    click.option("--all", "everything", is_flag=True, help="All flagged codes."),
    click.option("--code", "texts", multiple=True, metavar="CODE", help="A flagged code; repeatable."),
    click.option("--deactivate/--refresh", "deactivates", default=None, help="Switch off, or give new texts."),
)


@leaks.command("list")
@click.option("--dismissed", is_flag=True, help="Those that somebody said are fine.")
@_listing
def list_leaks(**typed: Any) -> None:
    """The flagged codes with their evidence, the highest score first."""
    with opened_workspace(typed["workspace_slug"], Action.VIEW):
        rows = _flagged(typed, is_dismissed=typed["dismissed"])
        if typed["as_json"]:
            answer_json([_json(row) for row in rows])
            return
        answer_table(("Member", "Code", "Offer", "Orders", "Score", "Evidence"), [_cells(row) for row in rows])


@leaks.command("answer")
@_answering
def answer_flagged(**typed: Any) -> ExitCode:
    """Deactivate or refresh flagged codes: all codes that their members have in the same offer, as on the screen."""
    _check(typed)
    with opened_workspace(typed["workspace_slug"], Action.CHANGE_OFFER_STATUS) as workspace:
        chosen = _by_offer(_chosen(typed))
        with _wishes(workspace, chosen, typed) as wishes:
            return _answered(workspace, wishes, typed)


def _check(typed: dict[str, Any]) -> None:
    if typed["deactivates"] is None:
        raise click.UsageError("Say what to do: --deactivate or --refresh.")
    if bool(typed["texts"]) == typed["everything"]:
        raise click.UsageError("Choose codes in one way: --code, or --all.")
    if typed["deactivates"] and (typed["pattern"] or typed["has_random_suffix"]):
        raise click.UsageError("--pattern and --random go with --refresh.")


def _flagged(typed: dict[str, Any], *, is_dismissed: bool = False) -> list[CodeLeak]:
    from offerwell.queries.leaks import every_leak

    offer_id = find_offer(typed["offer_text"]).pk if typed["offer_text"] else 0
    return every_leak(offer_id=offer_id, is_dismissed=is_dismissed, least=typed["least"])


def _chosen(typed: dict[str, Any]) -> list[CodeLeak]:
    """Refuses a code that is not flagged: a typing error must not be passed over."""
    rows = _flagged(typed)
    if typed["everything"]:
        return rows
    wanted = {text.strip().upper() for text in typed["texts"]}
    found = [row for row in rows if row.text_key in wanted]
    missing = sorted(wanted - {row.text_key for row in found})
    if missing:
        raise Refused(f"Not flagged: {', '.join(missing)}. Nothing was done.", "See `offerwell leaks list`.")
    return found


def _by_offer(rows: list[CodeLeak]) -> list[tuple[Offer, MemberSelection]]:
    """The members of the codes, offer by offer: what Manage Offer would be given."""
    from offerwell.queries.offer_member_page import newest_enrollment
    from offerwell.rules.selection import MemberSelection

    offers = {row.code.offer_id: row.code.offer for row in rows}
    members: dict[int, dict[int, None]] = {pk: {} for pk in offers}
    for row in rows:
        members[row.code.offer_id][row.code.enrollment.member_id] = None
    ordered = sorted(offers.values(), key=lambda offer: (offer.name_key, offer.pk))
    return [(offer, MemberSelection(ids=tuple(members[offer.pk]), up_to=newest_enrollment(offer))) for offer in ordered]


@contextmanager
def _wishes(
    workspace: Workspace, chosen: list[tuple[Offer, MemberSelection]], typed: dict[str, Any]
) -> Iterator[list[Wish]]:
    from offerwell.models import OfferPart
    from offerwell.queries.planned_change import Wish

    if typed["deactivates"]:
        yield [Wish(offer, OfferPart.CODES, to_active=False, selection=selection) for offer, selection in chosen]
        return
    with refresh_wishes(workspace, chosen, typed) as wishes:
        yield wishes


def _answered(workspace: Workspace, wishes: list[Wish], typed: dict[str, Any]) -> ExitCode:
    from offerwell.queries.planned_change import plan_change

    plans = [plan_change(wish, at=now()) for wish in wishes]
    if typed["plan_only"] or not plans:
        _show(plans, as_json=typed["as_json"])
        return ExitCode.DONE
    if not typed["yes"]:
        facts = {"plans": [_plan_json(plan) for plan in plans]}
        ask_or_refuse("Nothing was done: a change needs a confirmation.", _lines(plans), facts)
    _tell(_applied(workspace, plans), as_json=typed["as_json"])
    return ExitCode.DONE


def _applied(workspace: Workspace, plans: list[Plan]) -> tuple[BulkChange, ...]:
    from offerwell.actions.answer_leaks import answer_leaks

    key = f"cli-{secrets.token_hex(16)}"
    changes: tuple[BulkChange, ...] = refusing(
        lambda: answer_leaks(workspace_id=workspace.pk, plans=plans, key=key, by=acting_person(), at=now())
    )
    return changes


def _tell(changes: tuple[BulkChange, ...], *, as_json: bool) -> None:
    from offerwell.queries.change_progress import progress_of_all

    if as_json:
        answer_json([progress.to_json() for progress in progress_of_all(changes)])
        return
    for change in changes:
        answer(f"Change {change.pk}: {change.changed:,} codes of “{change.offer.name}”. See `offerwell changes show`.")


def _show(plans: list[Plan], *, as_json: bool) -> None:
    if as_json:
        answer_json([_plan_json(plan) for plan in plans])
        return
    for line in _lines(plans) or ["No code is flagged."]:
        answer(line)


def _plan_json(plan: Plan) -> dict[str, Any]:
    return refresh_json(plan) if plan.wish.batch else plan.to_json()


def _lines(plans: list[Plan]) -> list[str]:
    return [line for plan in plans for line in (*plan_lines(plan), *(proposal_lines(plan) if plan.wish.batch else ()))]


def _json(row: CodeLeak) -> dict[str, Any]:
    from offerwell.ui.leak_words import evidence_text

    return {
        "code": row.code.text, "member": row.code.enrollment.member.name, "offer": row.code.offer.name,
        "score": row.score, "orders": row.orders, "signs": row.parts,
        "evidence": [evidence_text(part) for part in row.parts], "scored_at": row.scored_at.isoformat(),
        "dismissed_reason": row.dismissed_reason or None,
    }  # fmt: skip


def _cells(row: CodeLeak) -> list[object]:
    from offerwell.ui.leak_words import evidence_text

    code = row.code
    evidence = " ".join(evidence_text(part) for part in row.parts)
    return [code.enrollment.member.name, code.text, code.offer.name, f"{row.orders:,}", row.score, evidence]
