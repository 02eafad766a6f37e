"""`offerwell offers refresh`: propose new texts for codes, show them, apply exactly these."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from offerwell.management.answer import answer, answer_json, note
from offerwell.management.choosing import Chosen, choosing_options, selection_of
from offerwell.management.offer_status import (
    Ask,
    applied_once,
    change_made_before,
    confirm,
    confirming_options,
    plan_lines,
    told,
)
from offerwell.management.opened import acting_person, find_offer, now, opened_workspace
from offerwell.management.refusal import ExitCode, Refused
from offerwell.rules.permissions import Action

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from offerwell.models import Offer, ProposalBatch, Workspace
    from offerwell.queries.planned_change import Plan, Wish
    from offerwell.rules.selection import MemberSelection

_PROPOSALS_SHOWN = 50


def _refresh_options(command: Any) -> Any:
    for option in (
        click.option("--key", metavar="K", help="A repeat with the same key gives the same change."),
        click.option("--random", "has_random_suffix", is_flag=True, help="End each code with eight random letters."),
        click.option(
            "--pattern", default="", help="Names of codes, such as GLOW{first_name}; the offer's unless given."
        ),
    ):
        command = option(command)
    return click.argument("offer")(choosing_options(confirming_options(command)))


@click.command()
@_refresh_options
def refresh(**typed: Any) -> ExitCode:
    """Give the codes of members in OFFER new texts. Orders by an old text still belong to its member."""
    chosen = Chosen(*(typed[name] for name in ("named", "members_file", "everybody", "conditions", "except_file")))
    chosen.check()
    ask = Ask(*(typed[name] for name in ("plan_only", "yes", "wait", "timeout", "as_json", "key")))
    with opened_workspace(typed["workspace_slug"], Action.CHANGE_OFFER_STATUS) as workspace:
        offer = find_offer(typed["offer"])
        if not offer.has_codes:
            raise Refused(f"“{offer.name}” has no codes.", "Choose an offer with promo codes.")
        selection = selection_of(offer, chosen)
        earlier = change_made_before(ask, "refresh", offer, selection)
        if earlier is not None:
            return told(earlier, ask)
        return _refreshed(workspace, offer, selection, typed, ask)


def _refreshed(
    workspace: Workspace, offer: Offer, selection: MemberSelection, typed: dict[str, Any], ask: Ask
) -> ExitCode:
    from offerwell.queries.planned_change import plan_change

    with refresh_wishes(workspace, [(offer, selection)], typed) as wishes:
        plan = plan_change(wishes[0], at=now())
        if not plan.selected:
            raise Refused(f"No members of “{offer.name}” match.", "Choose others, or leave --where away.")
        if ask.plan_only:
            _show(plan, as_json=ask.as_json)
            return ExitCode.DONE
        if not ask.yes:
            for line in proposal_lines(plan):
                note(line)
        confirm(plan, ask)
        return told(applied_once(workspace, plan, ask), ask)


@contextmanager
def refresh_wishes(
    workspace: Workspace, chosen: Sequence[tuple[Offer, MemberSelection]], typed: dict[str, Any]
) -> Iterator[list[Wish]]:
    """A wish with proposals for each offer. The proposals are gone afterwards, whatever came of them."""
    from offerwell.models import CodeProposal, ProposalBatch

    wishes: list[Wish] = []
    try:
        for offer, selection in chosen:
            wishes.append(_wish(offer, selection, _proposed(workspace, offer, selection, typed)))
        yield wishes
    finally:
        batches = [wish.batch.pk for wish in wishes if wish.batch]
        CodeProposal.objects.filter(batch__in=batches).delete()
        if typed["plan_only"]:
            ProposalBatch.objects.filter(pk__in=batches).delete()


def _proposed(workspace: Workspace, offer: Offer, selection: MemberSelection, typed: dict[str, Any]) -> ProposalBatch:
    from offerwell.actions.look_up_proposals import look_up_proposals
    from offerwell.actions.propose_texts import NameWish, propose_texts
    from offerwell.rules.code_names import InvalidPattern

    names = NameWish(typed["pattern"], has_random_suffix=typed["has_random_suffix"])
    try:
        batch = propose_texts(
            workspace_id=workspace.pk, offer=offer, selection=selection, names=names, by=acting_person(), at=now()
        )
    except InvalidPattern as refused:
        raise Refused(str(refused), "Nothing was done. Correct the pattern and run the command again.") from refused
    for trouble in look_up_proposals(batch=batch):
        note(f"{trouble} Texts that exist there will be told as conflicts.")
    return batch


def _wish(offer: Offer, selection: MemberSelection, batch: ProposalBatch) -> Wish:
    from offerwell.models import ChangeKind, OfferPart
    from offerwell.queries.planned_change import Wish

    return Wish(offer, OfferPart.CODES, to_active=False, selection=selection, kind=ChangeKind.REFRESH, batch=batch)


def _show(plan: Plan, *, as_json: bool) -> None:
    if as_json:
        answer_json(refresh_json(plan))
        return
    for line in (*plan_lines(plan), *proposal_lines(plan)):
        answer(line)


def refresh_json(plan: Plan) -> dict[str, Any]:
    """The documented JSON of a plan to refresh, with its first proposals."""
    listed = [{"code": old, "new": new, "member": name} for old, new, name in _proposals(plan)]
    return {**plan.to_json(), "proposals": listed}


def proposal_lines(plan: Plan) -> tuple[str, ...]:
    """The first proposals for a person, and how many more there are."""
    assert plan.wish.batch is not None  # noqa: S101  a refresh has proposals
    lines = [f"  {old:24} {new:24} {name}" for old, new, name in _proposals(plan)]
    rest = plan.wish.batch.codes - len(lines)
    return (*lines, f"  … and {rest:,} more") if rest > 0 else tuple(lines)


def _proposals(plan: Plan) -> list[tuple[str, str, str]]:
    from offerwell.models import CodeProposal

    rows = CodeProposal.objects.filter(batch=plan.wish.batch)
    rows = rows.select_related("code__enrollment__member").order_by("code_id")
    return [(row.code.text, row.text, row.code.enrollment.member.name) for row in rows[:_PROPOSALS_SHOWN]]
