"""The dialog's sentences: what will happen, what happened, what differs. Consequences, not mechanisms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import ngettext

from offerwell.queries.offer_member_page_selected import TROUBLED_UP_TO
from offerwell.rules.offer_status import Exclusion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offerwell.queries.activity import Interference
    from offerwell.queries.planned_change import Plan

_NOUNS = {"codes": ("code", "codes"), "links": ("link", "links")}


def counted(count: int, part: str) -> str:
    """Say "1 code", "5 codes", "0 links"."""
    one, many = _NOUNS[str(part)]
    return f"{count:,} {one if count == 1 else many}"


def done_word(*, to_active: bool) -> str:
    """The participle of a target."""
    return "activated" if to_active else "deactivated"


def verb(*, to_active: bool) -> str:
    """The imperative of a target."""
    return "Activate" if to_active else "Deactivate"


def will_happen(plan: Plan) -> str:
    """Say "5 codes will be deactivated."."""
    return f"{counted(plan.will_change, plan.wish.part)} will be {done_word(to_active=plan.wish.to_active)}."


def nothing_to_change(plan: Plan) -> str:
    """Why Update Offer is disabled."""
    part, noun = plan.wish.part, _NOUNS[str(plan.wish.part)][0]
    word = "active" if plan.wish.to_active else "deactivated"
    if plan.already_so and not plan.excluded:
        return f"Nothing to change: every selected {noun} is already {word}."
    if plan.already_so:
        return f"Nothing to change: {counted(plan.already_so, part)} already {word}, the others are excluded."
    done = done_word(to_active=plan.wish.to_active)
    return f"Nothing to change: the selected members have no {noun} that can be {done}."


def already_so(plan: Plan) -> str:
    """Say "1 already deactivated, skipped."; empty without one."""
    if not plan.already_so:
        return ""
    return f"{plan.already_so:,} already {'active' if plan.wish.to_active else 'deactivated'}, skipped."


def exclusions(reasons: Iterable[tuple[str, int]], part: str) -> list[str]:
    """One sentence for each reason something selected is left out."""
    return [_exclusion(Exclusion(reason), count, part) for reason, count in reasons]


def _exclusion(reason: Exclusion, count: int, part: str) -> str:
    if reason == Exclusion.NOT_IN_OFFER:
        return ngettext(
            "%(n)s member is not in this offer, excluded.",
            "%(n)s members are not in this offer, excluded.",
            count,
        ) % {"n": f"{count:,}"}
    if reason == Exclusion.NO_CODE:
        noun = _NOUNS[str(part)][0]
        return f"{count:,} {'member has' if count == 1 else 'members have'} no {noun} in this offer, excluded."
    if reason == Exclusion.ENDED:
        return f"{counted(count, part)} past the end date, excluded. Move the end date first to activate."
    return f"{counted(count, part)} changed again since, left alone."


def troubled(count: int) -> str:
    """Codes that a store refused before; empty without one."""
    if not count:
        return ""
    told = f"More than {TROUBLED_UP_TO:,} codes" if count > TROUBLED_UP_TO else counted(count, "codes")
    return f"{told} had a problem in the store before and may fail again."


def repaired(count: int, *, to_active: bool) -> str:
    """Codes that have the status already, but not in a store; empty without one."""
    if not count:
        return ""
    told = f"More than {TROUBLED_UP_TO:,} codes" if count > TROUBLED_UP_TO else counted(count, "codes")
    differ = "differs" if count == 1 else "differ"
    return f"{told} {differ} in the store and will be {done_word(to_active=to_active)} there again."


def question(plan: Plan, *, repairs: int) -> str:
    """The heading of the confirm step."""
    word = verb(to_active=plan.wish.to_active)
    if plan.will_change or not repairs:
        return f"{word} {counted(plan.will_change, plan.wish.part)}?"
    return f"{word} {counted(repairs, plan.wish.part)} in the store again?"


def consequence(*, part: str, to_active: bool) -> str:
    """What it means for shoppers and members."""
    if str(part) == "codes":
        if to_active:
            return "Shoppers can use these codes at checkout again."
        return "Shoppers can’t use these codes at checkout until you activate them again."
    if to_active:
        return "These links are Active again."
    return "These links are Deactivated until you activate them again."


def what_differs(plan: Plan, *, shown_count: int, between: Iterable[Interference]) -> str:
    """Why a confirmation was not taken, with who changed what in between."""
    word = done_word(to_active=plan.wish.to_active)
    now = f"{counted(plan.will_change, plan.wish.part)} will be {word}"
    first = f"{now} instead of {shown_count:,}" if plan.will_change != shown_count else f"{now}, but not the same ones"
    if not plan.will_change:
        first = f"Nothing is left to be {word}"
    by = [
        f"{found.codes:,} {'was' if found.codes == 1 else 'were'} changed by {found.who} at {_clock(found)}"
        for found in between
    ]
    if not by:
        return f"{first}: codes or links of these members changed since you looked."
    return f"{first}; {', '.join(by)}."


def _clock(found: Interference) -> str:
    return f"{timezone.localtime(found.at):%H:%M}"
