"""`offerwell offers payout`: the options of an offer with their rules and tiers, and which of them members have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from offerwell.management.answer import answer, answer_json, answer_table, json_option
from offerwell.management.choosing import Chosen, choosing_options, selection_of
from offerwell.management.offer_status import (
    Ask,
    applied_once,
    change_made_before,
    confirm,
    confirming_options,
    show_plan,
    told,
)
from offerwell.management.opened import acting_person, find_offer, now, opened_workspace, workspace_option
from offerwell.management.refusal import ExitCode, Refused
from offerwell.rules.pay_collections import products_text
from offerwell.rules.permissions import Action

if TYPE_CHECKING:
    from offerwell.models import Offer, PayoutOption, Workspace
    from offerwell.queries.collections import PartSeen
    from offerwell.queries.payout_rules import RuleSet
    from offerwell.queries.payouts import OptionRow

_OPTION_HELP = "[NAME=]cps:10, cpa:5USD, cpa+cps:5USD+3 or cpc:0.20USD"


@click.group()
def payout() -> None:
    """Payout options of an offer: list, add, set for members."""


@payout.command("list")
@click.argument("offer_text", metavar="OFFER")
@workspace_option
@json_option
def list_options(offer_text: str, workspace_slug: str | None, as_json: bool) -> None:
    """The options with how many members have each."""
    with opened_workspace(workspace_slug, Action.VIEW):
        from offerwell.queries.payouts import counted_options

        rows = counted_options(find_offer(offer_text))
        if as_json:
            answer_json([option_json(row) for row in rows])
            return
        head = ("ID", "Option", "Pays", "Members", "Default")
        answer_table(head, [
            [row.option.pk, row.option.name, row.terms, f"{row.members:,}", "yes" if row.option.is_default else ""]
            for row in rows
        ])  # fmt: skip


def option_json(row: OptionRow) -> dict[str, Any]:
    """The documented JSON of an option."""
    option = row.option
    return {
        "id": option.pk, "name": option.name, "kind": option.kind, "basis_points": option.basis_points,
        "amount": option.amount, "currency": option.currency, "is_default": option.is_default, "members": row.members,
    }  # fmt: skip


@payout.command()
@click.argument("offer_text", metavar="OFFER")
@click.argument("option_text", metavar="OPTION")
@click.option("--default", "is_default", is_flag=True, help="New members get it.")
@workspace_option
@json_option
def add(offer_text: str, option_text: str, is_default: bool, workspace_slug: str | None, as_json: bool) -> None:
    """Add an option: [NAME=]cps:10, cpa:5USD, cpa+cps:5USD+3 or cpc:0.20USD."""
    with opened_workspace(workspace_slug, Action.EDIT_PAYOUTS) as workspace:
        from offerwell.actions.add_payout_option import add_payout_option
        from offerwell.queries.payouts import OptionRow, option_terms
        from offerwell.rules.payouts import PayoutRefused, written_option

        offer = find_offer(offer_text)
        try:
            option = add_payout_option(
                workspace_id=workspace.pk, offer=offer, draft=written_option(option_text), is_default=is_default,
                by=acting_person(), at=now(),
            )  # fmt: skip
        except PayoutRefused as refused:
            raise refusal_of(refused.problems) from refused
        if as_json:
            answer_json(option_json(OptionRow(option, option_terms(option))))
        else:
            answer(f"“{option.name}” ({option_terms(option)}) is an option of “{offer.name}”.")


def refusal_of(problems: dict[str, str]) -> Refused:
    """What is wrong with a payout option."""
    return Refused(
        "The payout option was not stored.", f"Write it as {_OPTION_HELP}.", lines=tuple(problems.values()),
        facts={"problems": problems},
    )  # fmt: skip


@payout.command()
@click.argument("offer_text", metavar="OFFER")
@click.argument("option_text", metavar="OPTION")
@click.option("--add", "added", metavar="RULE", multiple=True, help="15: collection=Summer; value=5000USD; buyer=new")
@click.option("--remove", "removed", metavar="N", type=int, multiple=True, help="Take the rule of this number away.")
@click.option("--read-again", is_flag=True, help="Read the products of its collections now.")
@click.option("--tiers", "tiers_text", metavar="TIERS", help="sales/month:1000USD=12,5000USD=15, or none.")
@workspace_option
@json_option
def rules(**typed: Any) -> None:
    """List the rules and tiers of an OPTION, or change them for orders placed from now on."""
    is_change = bool(typed["added"] or typed["removed"] or typed["tiers_text"] or typed["read_again"])
    with opened_workspace(typed["workspace_slug"], Action.EDIT_PAYOUTS if is_change else Action.VIEW) as workspace:
        from offerwell.queries.payout_rules import rules_now
        from offerwell.rules.pay_rules import RulesRefused

        option = _find_option(find_offer(typed["offer_text"]), typed["option_text"])
        found = rules_now(option.pk)
        if typed["read_again"]:
            found = _read_again(workspace, option)
        if is_change:
            try:
                found = _changed_rules(workspace, option, found, typed)
            except RulesRefused as refused:
                raise Refused(
                    "The rules were not stored.", "Correct what is named, and try again.",
                    lines=tuple(refused.problems.values()), facts={"problems": refused.problems},
                ) from refused  # fmt: skip
        _tell_rules(option, found, as_json=typed["as_json"])


def _read_again(workspace: Workspace, option: PayoutOption) -> RuleSet:
    """The rules with the products that their collections have now; refused where one could not be read."""
    from offerwell.actions.follow_collections import follow_collections
    from offerwell.queries.payout_rules import rules_now

    done = follow_collections(workspace_id=workspace.pk, option_id=option.pk, at=now())
    if done.problems:
        step = "The rules keep the products they have. See to it in the store, and try again."
        raise Refused("Not every collection could be read.", step, lines=done.problems)
    return rules_now(option.pk)


def _changed_rules(workspace: Workspace, option: PayoutOption, before: RuleSet, typed: dict[str, Any]) -> RuleSet:
    from offerwell.actions.set_payout_rules import set_payout_rules
    from offerwell.rules.pay_rules import RulesRefused, written_rule
    from offerwell.rules.pay_tiers import written_tiers

    missing = [str(number) for number in typed["removed"] if not 0 < number <= len(before.rules)]
    if missing:
        raise RulesRefused({"remove": f"There is no rule {', '.join(missing)}; there are {len(before.rules)}."})
    kept = [rule for number, rule in enumerate(before.rules, start=1) if number not in typed["removed"]]
    kind, currency, tiers = option.kind, option.currency, before.tiers
    fresh = [written_rule(text, kind=kind, currency=currency, zone=workspace.timezone) for text in typed["added"]]
    if typed["tiers_text"]:
        tiers = written_tiers(typed["tiers_text"], kind=kind, currency=currency)
    return set_payout_rules(
        workspace_id=workspace.pk, option=option, rules=[*kept, *fresh], tiers=tiers, seen=before.pk,
        by=acting_person(), at=now(),
    )  # fmt: skip


def _tell_rules(option: PayoutOption, found: RuleSet, *, as_json: bool) -> None:
    from offerwell.queries.collections import collections_seen
    from offerwell.queries.payouts import option_terms
    from offerwell.rules.pay_rules import rule_json, rule_text
    from offerwell.rules.pay_tiers import tiers_json, tiers_text

    if as_json:
        answer_json({
            "id": found.pk or None, "option": option.pk, "terms": option_terms(option, found),
            "rules": [rule_json(rule) for rule in found.rules], "tiers": tiers_json(found.tiers),
        })  # fmt: skip
        return
    answer(f"Everything else: {option_terms(option)}.")
    for number, (rule, seen) in enumerate(zip(found.rules, collections_seen(found), strict=True), start=1):
        answer(f"{number}. {rule_text(rule, option.currency)}")
        for one in seen:
            answer(f"   Collection {one.title}: {'; '.join(_part_text(part) for part in one.parts)}.")
    if found.tiers is not None:
        answer(f"Tiers: {tiers_text(found.tiers, option.currency)}.")


def _part_text(part: PartSeen) -> str:
    read = f", read {part.read_at.isoformat()}" if part.read_at else ""
    trouble = ""
    if part.trouble_since:
        trouble = f", not read since {part.trouble_since.isoformat()}: {part.trouble.removesuffix('.')}"
    return f"{products_text(part.count)} at {part.store}{read}{trouble}"


def _set_options(command: Any) -> Any:
    for option in (
        click.option("--digest", metavar="D", help="Apply only if the plan still has this digest (from --plan)."),
        click.option("--key", metavar="K", help="A repeat with the same key gives the same change."),
    ):
        command = option(command)
    return click.argument("offer")(
        click.argument("option_text", metavar="OPTION")(choosing_options(confirming_options(command)))
    )


@payout.command("set")
@_set_options
def set_option(**typed: Any) -> ExitCode:
    """Give members in OFFER the payout OPTION (its name or number)."""
    chosen = Chosen(*(typed[name] for name in ("named", "members_file", "everybody", "conditions", "except_file")))
    chosen.check()
    ask = Ask(*(typed[name] for name in ("plan_only", "yes", "wait", "timeout", "as_json", "key", "digest")))
    with opened_workspace(typed["workspace_slug"], Action.EDIT_PAYOUTS) as workspace:
        from offerwell.models import ChangeKind, OfferPart
        from offerwell.queries.planned_change import Wish, plan_change

        offer = find_offer(typed["offer"])
        option = _find_option(offer, typed["option_text"])
        selection = selection_of(offer, chosen)
        wish = Wish(
            offer, OfferPart.MEMBERS, to_active=False, selection=selection, kind=ChangeKind.PAYOUT,
            payout_option=option,
        )  # fmt: skip
        earlier = change_made_before(ask, "payout", offer, selection, option_id=option.pk)
        if earlier is not None:
            return told(earlier, ask)
        plan = plan_change(wish, at=now())
        if not plan.selected:
            raise Refused(f"No members of “{offer.name}” match.", "Choose others, or leave --where away.")
        if ask.plan_only:
            show_plan(plan, as_json=ask.as_json)
            return ExitCode.DONE
        confirm(plan, ask)
        return told(applied_once(workspace, plan, ask), ask)


def _find_option(offer: Offer, text: str) -> PayoutOption:
    """By name, whatever its case; else by number."""
    from offerwell.models import PayoutOption

    options = PayoutOption.objects.filter(offer=offer)
    found = options.filter(name_key=text.strip().lower()).first()
    if found is None and text.isascii() and text.isdigit() and len(text) < 19:  # noqa: PLR2004  a 64-bit id
        found = options.filter(pk=int(text)).first()
    if found is None:
        names = ", ".join(options.order_by("name_key").values_list("name", flat=True)[:10])
        step = f"Use one of: {names}." if names else f"Add one with `offerwell offers payout add {offer.pk} OPTION`."
        raise Refused(f"“{offer.name}” has no payout option “{text}”.", step)
    return found
