"""`offerwell offers payout`: the options of an offer, and which of them members have."""

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

if TYPE_CHECKING:
    from offerwell.models import Offer, PayoutOption
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
    with opened_workspace(workspace_slug):
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
    with opened_workspace(workspace_slug) as workspace:
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
    with opened_workspace(typed["workspace_slug"]) as workspace:
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
