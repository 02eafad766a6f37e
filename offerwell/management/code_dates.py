"""`offerwell codes dates`: own dates for the codes of some members, or the offer's again."""

from __future__ import annotations

from typing import Any

import click

from offerwell.management.answer import answer, answer_json, json_option
from offerwell.management.choosing import Chosen, choosing_options, selection_of
from offerwell.management.offers import MOMENT, aware
from offerwell.management.opened import acting_person, find_offer, now, opened_workspace, workspace_option
from offerwell.management.refusal import Refused
from offerwell.rules.permissions import Action


@click.command("dates")
@click.argument("offer_text", metavar="OFFER")
@choosing_options
@click.option("--starts", type=MOMENT, help="Own start, UTC unless it says otherwise.")
@click.option("--ends", type=MOMENT, help="Own end.")
@click.option("--as-offer", is_flag=True, help="No own dates any more: those of the offer.")
@workspace_option
@json_option
def code_dates(offer_text: str, workspace_slug: str | None, as_json: bool, **typed: Any) -> None:
    """Give the codes of members of OFFER dates of their own. The stores follow; what is not given stays as it is."""
    chosen = Chosen(*(typed[name] for name in ("named", "members_file", "everybody", "conditions", "except_file")))
    chosen.check()
    starts, ends, as_offer = typed["starts"], typed["ends"], typed["as_offer"]
    if bool(starts or ends) == as_offer:
        raise click.UsageError("Give --starts, --ends or both; or --as-offer.")
    with opened_workspace(workspace_slug, Action.EDIT_OFFERS) as workspace:
        from offerwell.actions.set_code_dates import DatesRefused, OwnDates, set_code_dates

        offer = find_offer(offer_text)
        dates = OwnDates(
            aware(starts), aware(ends), sets_start=bool(starts) or as_offer, sets_end=bool(ends) or as_offer
        )
        try:
            changed = set_code_dates(
                workspace_id=workspace.pk, offer=offer, selection=selection_of(offer, chosen), dates=dates,
                by=acting_person(), at=now(),
            )  # fmt: skip
        except DatesRefused as refused:
            raise Refused(str(refused), "Nothing was changed.") from refused
        if as_json:
            answer_json({"offer": offer.name, "changed": changed})
            return
        answer(f"{changed:,} codes of “{offer.name}” have other dates now. Their stores follow.")
