"""`offerwell offers activate|deactivate`: plan, confirm, apply, wait."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from offerwell.management.answer import answer, answer_json, json_option, note
from offerwell.management.answering import plan_option, yes_option
from offerwell.management.choosing import Chosen, choosing_options, selection_of
from offerwell.management.confirming import ask_or_refuse
from offerwell.management.opened import acting_person, find_offer, now, opened_workspace, workspace_option
from offerwell.management.refusal import ExitCode, Refused
from offerwell.management.scheduling import (
    Later,
    check_ahead,
    found_overlaps,
    kept,
    later_options,
    made_before,
    overlap_lines,
    times_lines,
    told_schedule,
)
from offerwell.management.waiting import follow, told_change, waiting_options
from offerwell.rules.permissions import Action

if TYPE_CHECKING:
    from offerwell.actions.change_offer_status import Applied
    from offerwell.models import Offer, OfferPart, Workspace
    from offerwell.queries.planned_change import Plan, Wish
    from offerwell.rules.selection import MemberSelection

REASONS = {
    "not_in_offer": "not in this offer",
    "no_code": "without a code or link",
    "ended": "past the end date",
    "changed_since": "changed again since",
    "taken": "whose new text somebody else has or had",
}


@dataclass(frozen=True, slots=True)
class Ask:
    """How the person wants to be asked and told."""

    plan_only: bool
    yes: bool
    wait: bool
    timeout: float | None
    as_json: bool
    key: str | None = None
    digest: str | None = None


def confirming_options(command: Any) -> Any:
    """Options of every command that changes codes or links."""
    for option in (
        json_option,
        *waiting_options,
        yes_option,
        plan_option,
        workspace_option,
    ):
        command = option(command)
    return command


def _status_options(command: Any) -> Any:
    for option in (
        click.option("--digest", metavar="D", help="Apply only if the plan still has this digest (from --plan)."),
        click.option("--key", metavar="K", help="A repeat with the same key gives the same change."),
        click.option("--codes/--links", "codes", default=None, help="Which part, when the offer has both."),
    ):
        command = option(command)
    return click.argument("offer")(choosing_options(confirming_options(later_options(command))))


@click.command()
@_status_options
def activate(**typed: Any) -> ExitCode:
    """Activate codes or links of members in OFFER (its name or number)."""
    return _change(to_active=True, typed=typed)


@click.command()
@_status_options
def deactivate(**typed: Any) -> ExitCode:
    """Deactivate codes or links of members in OFFER (its name or number)."""
    return _change(to_active=False, typed=typed)


def _change(*, to_active: bool, typed: dict[str, Any]) -> ExitCode:
    chosen = Chosen(*(typed[name] for name in ("named", "members_file", "everybody", "conditions", "except_file")))
    chosen.check()
    ask = Ask(*(typed[name] for name in ("plan_only", "yes", "wait", "timeout", "as_json", "key", "digest")))
    later = Later(typed["start"], typed["back"], typed["zone"])
    later.check(wait=ask.wait)
    with opened_workspace(typed["workspace_slug"], Action.CHANGE_OFFER_STATUS) as workspace:
        from offerwell.queries.planned_change import Wish

        offer = find_offer(typed["offer"])
        part = _part_of(offer, codes=typed["codes"])
        wish = Wish(offer=offer, part=part, to_active=to_active, selection=selection_of(offer, chosen))
        if later.is_asked:
            return _planned_and_scheduled(workspace, wish, later, ask)
        return _planned_and_applied(workspace, wish, ask)


def _part_of(offer: Offer, *, codes: bool | None) -> OfferPart:
    from offerwell.models import OfferPart

    if codes is None and offer.has_codes and offer.has_links:
        raise Refused(f"“{offer.name}” has codes and links.", "Say which part with --codes or --links.")
    part = OfferPart.CODES if (offer.has_codes if codes is None else codes) else OfferPart.LINKS
    if not (offer.has_codes if part == OfferPart.CODES else offer.has_links):
        other = "--links" if part == OfferPart.CODES else "--codes"
        raise Refused(f"“{offer.name}” has no {part}.", f"Leave the option away, or use {other}.")
    return part


def _planned_and_applied(workspace: Workspace, wish: Wish, ask: Ask) -> ExitCode:
    replayed = _made_before(workspace, wish, ask)
    if replayed is not None:
        return told(replayed, ask)
    plan = plan_of_somebody(wish)
    others = overlap_lines(plan, found_overlaps(plan, None))
    if ask.plan_only:
        show_plan(plan, as_json=ask.as_json)
        for line in others:
            note(line)
        return ExitCode.DONE
    confirm(plan, ask, more=others)
    return told(applied_once(workspace, plan, ask), ask)


def applied_once(workspace: Workspace, plan: Plan, ask: Ask) -> Applied:
    """Apply the plan, or what `--digest` asked for; refusals in the words of this door."""
    from offerwell.actions.change_offer_status import change_offer_status

    applied: Applied = refusing(
        lambda: change_offer_status(
            workspace_id=workspace.pk, wish=plan.wish, digest=ask.digest or plan.digest,
            key=ask.key or f"cli-{secrets.token_hex(16)}", by=acting_person(), at=now(),
        )
    )  # fmt: skip
    return applied


def change_made_before(
    ask: Ask, kind: str, offer: Offer, selection: MemberSelection, *, option_id: int | None = None
) -> Applied | None:
    """The change that the key made, of a refresh or a payout. Refuses a key that stands for something else.

    New texts are proposed anew each time, so of a refresh the kind, the offer and the members must be the same.
    """
    from offerwell.actions.change_offer_status import Applied
    from offerwell.models import BulkChange

    if ask.plan_only or ask.key is None:
        return None
    earlier = BulkChange.objects.select_related("offer").filter(key=ask.key).first()
    if earlier is None:
        return None
    asked = json.loads(json.dumps(selection.to_json()))  # as the database gave it back
    same = (earlier.kind, earlier.offer_id, earlier.selection, earlier.payout_option_id)
    if same != (kind, offer.pk, asked, option_id):
        raise Refused(
            f"The key was used for another change, number {earlier.pk}. Nothing was done.",
            "Use a new key, or leave --key away.",
        )
    return Applied(earlier, was_replayed=True)


def _planned_and_scheduled(workspace: Workspace, wish: Wish, later: Later, ask: Ask) -> ExitCode:
    times = later.times_for(wish.offer, workspace)
    earlier = None if ask.plan_only else made_before(workspace, wish, times, ask.key)
    if earlier is not None:
        note(f"This was asked before with the same key: it is scheduled change {earlier.pk}. Nothing was done again.")
        return told_schedule(earlier, as_json=ask.as_json)
    check_ahead(times)
    plan = plan_of_somebody(wish)
    if ask.plan_only:
        show_plan(plan, as_json=ask.as_json)
        for line in times_lines(plan, times):
            note(line)
        return ExitCode.DONE
    confirm(plan, ask, more=times_lines(plan, times))
    digest = ask.digest or plan.digest
    return told_schedule(
        refusing(lambda: kept(workspace, wish, times, digest=digest, key=ask.key)), as_json=ask.as_json
    )


def plan_of_somebody(wish: Wish) -> Plan:
    """The plan now. Refuses one that means nobody."""
    from offerwell.queries.planned_change import plan_change

    plan = plan_change(wish, at=now())
    if not plan.selected:
        raise Refused(f"No members of “{wish.offer.name}” match.", "Choose others, or leave --where away.")
    return plan


def _made_before(workspace: Workspace, wish: Wish, ask: Ask) -> Applied | None:
    """A repeat under a known key needs no plan and no question: nothing will be done."""
    from offerwell.actions.change_offer_status import change_offer_status
    from offerwell.models import BulkChange

    if ask.plan_only or ask.key is None or not BulkChange.objects.filter(key=ask.key).exists():
        return None
    return refusing(
        lambda: change_offer_status(
            workspace_id=workspace.pk, wish=wish, digest="", key=ask.key or "", by=acting_person(), at=now()
        )
    )


def refusing(apply: Any) -> Any:
    """What `apply` gives; its refusals in the words of this door."""
    from offerwell.actions.change_offer_status import KeyReused, PlanOutOfDate

    try:
        return apply()
    except PlanOutOfDate as refused:
        raise Refused(
            "The plan is out of date: codes or links changed since. Nothing was done.",
            "Look at the new plan and confirm again.",
            code=ExitCode.OUT_OF_DATE, lines=plan_lines(refused.plan), facts={"plan": refused.plan.to_json()},
        ) from refused  # fmt: skip
    except KeyReused as refused:
        raise Refused(
            f"The key was used for another change, number {refused.change.pk}. Nothing was done.",
            "Use a new key, or leave --key away.",
        ) from refused


def told(applied: Applied, ask: Ask) -> ExitCode:
    """The change as the answer, now or once the stores have followed."""
    if applied.was_replayed:
        note(f"This was asked before with the same key: it is change {applied.change.pk}. Nothing was done again.")
    if ask.wait:
        return follow(applied.change, timeout=ask.timeout, as_json=ask.as_json)
    told_change(applied.change, as_json=ask.as_json)
    return ExitCode.DONE


def confirm(plan: Plan, ask: Ask, *, more: list[str] | None = None) -> None:
    """Show the plan, with what `more` there is to know, and ask, unless --yes. Where nobody can answer, refuse."""
    more = more or []
    if ask.yes:
        for line in more:
            note(line.strip())
        return
    lines = (*plan_lines(plan), *more)
    ask_or_refuse("Nothing was done: a change needs a confirmation.", lines, {"plan": plan.to_json()})


def show_plan(plan: Plan, *, as_json: bool) -> None:
    """The plan as the answer."""
    if as_json:
        answer_json(plan.to_json())
        return
    for line in plan_lines(plan):
        answer(line)


def plan_lines(plan: Plan) -> tuple[str, ...]:
    """The plan for a person."""
    from offerwell.ui.change_words import NOUNS, words_of

    wish = plan.wish
    verb, nouns = words_of(wish.what, to_active=wish.to_active).verb, NOUNS[str(wish.part)][1]
    to_option = "" if wish.payout_option is None else f" to {wish.payout_option.name}"
    lines = [
        f"{verb} {nouns} of “{wish.offer.name}”{to_option}",
        f"  Members selected  {plan.selected:>9,}",
        f"  Will change       {plan.will_change:>9,} {nouns}",
        f"  Already so        {plan.already_so:>9,} {nouns}",
        f"  Left out          {plan.excluded:>9,}",
    ]
    lines += [f"    {count:,} {REASONS[str(reason)]}" for reason, count in plan.reasons]
    return tuple(lines)
