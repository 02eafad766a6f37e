"""The dialog's sentences: what will happen, what happened, what differs. Consequences, not mechanisms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import ngettext

from offerwell.models import ChangeKind
from offerwell.queries.offer_member_page_selected import TROUBLED_UP_TO
from offerwell.queries.payouts import terms_now
from offerwell.rules.bulk_changes import What
from offerwell.rules.offer_status import Exclusion
from offerwell.ui.change_words import NOUNS, Words, counted, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offerwell.queries.activity import Interference
    from offerwell.queries.planned_change import Plan, Wish


def done_word(*, to_active: bool) -> str:
    """The participle of a target."""
    return words_of(What.STATUS, to_active=to_active).done


def verb(*, to_active: bool) -> str:
    """The verb of a target."""
    return words_of(What.STATUS, to_active=to_active).verb


def words_for(wish: Wish) -> Words:
    """The words of what is asked for."""
    return words_of(wish.what, to_active=wish.to_active)


def will_happen(plan: Plan) -> str:
    """Say "5 codes will be deactivated."."""
    wish = plan.wish
    told = f"{counted(plan.will_change, wish.part)} will be {words_for(wish).done}"
    if wish.payout_option is not None:
        return f"{told} to {wish.payout_option.name}: {terms_now(wish.payout_option)}."
    return f"{told}."


def nothing_to_change(plan: Plan) -> str:
    """Why Update Offer is disabled."""
    if plan.wish.kind != ChangeKind.STATUS:
        return _nothing_of_others(plan)
    part, noun = plan.wish.part, NOUNS[str(plan.wish.part)][0]
    word = "active" if plan.wish.to_active else "deactivated"
    if plan.already_so and not plan.excluded:
        return f"Nothing to change: every selected {noun} is already {word}."
    if plan.already_so:
        return f"Nothing to change: {counted(plan.already_so, part)} already {word}, the others are excluded."
    done = done_word(to_active=plan.wish.to_active)
    return f"Nothing to change: the selected members have no {noun} that can be {done}."


def _nothing_of_others(plan: Plan) -> str:
    """Why a refresh or a payout has nothing to do."""
    if plan.wish.payout_option is not None:
        name = plan.wish.payout_option.name
        if plan.already_so:
            return f"Nothing to change: every selected member of the offer has {name} already."
        return "Nothing to change: no selected member belongs to the offer."
    if plan.already_so and not plan.excluded:
        return "Nothing to change: every selected code keeps its text."
    return "Nothing to change: no code of the selected members can get the text proposed for it."


def already_so(plan: Plan) -> str:
    """Say "1 already deactivated, skipped."; empty without one."""
    if not plan.already_so:
        return ""
    if plan.wish.kind == ChangeKind.REFRESH:
        return f"{plan.already_so:,} {'keeps its text' if plan.already_so == 1 else 'keep their texts'}, skipped."
    if plan.wish.payout_option is not None:
        return f"{plan.already_so:,} already {plan.wish.payout_option.name}, skipped."
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
        noun = NOUNS[str(part)][0]
        return f"{count:,} {'member has' if count == 1 else 'members have'} no {noun} in this offer, excluded."
    if reason == Exclusion.ENDED:
        return f"{counted(count, part)} past the end date, excluded. Move the end date first to activate."
    if reason == Exclusion.TAKEN:
        return f"{counted(count, part)} would get a text that somebody else has or had, excluded."
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
    word = words_for(plan.wish).verb
    if plan.wish.payout_option is not None:
        whose = "1 member" if plan.will_change == 1 else f"{plan.will_change:,} members"
        return f"Change the payout of {whose}?"
    if plan.will_change or not repairs:
        return f"{word} {counted(plan.will_change, plan.wish.part)}?"
    return f"{word} {counted(repairs, plan.wish.part)} in the store again?"


def consequence(*, part: str, to_active: bool) -> str:
    """What a new status means for shoppers and members."""
    if str(part) == "codes":
        if to_active:
            return "Shoppers can use these codes at checkout again."
        return "Shoppers can’t use these codes at checkout until you activate them again."
    if to_active:
        return "These links are Active again."
    return "These links are Deactivated until you activate them again."


def consequence_of(wish: Wish) -> str:
    """What it means for shoppers and members."""
    if wish.kind == ChangeKind.REFRESH:
        return (
            "Shoppers use the new codes from now on, and the old ones stop working. "
            "Orders by an old code still belong to its member."
        )
    if wish.payout_option is not None:
        return f"Conversions from now on earn {terms_now(wish.payout_option)}. What was earned before stays as it is."
    return consequence(part=wish.part, to_active=wish.to_active)


def not_looked_up(count: int, stores: str) -> str:
    """Proposed texts that no store was asked about; empty without one."""
    if not count:
        return ""
    one = count == 1
    return (
        f"{count:,} new {'text was' if one else 'texts were'} not looked up in {stores}. Where one exists there "
        "already, its code keeps working as it is, and the result says so."
    )


def what_differs(plan: Plan, *, shown_count: int, between: Iterable[Interference]) -> str:
    """Why a confirmation was not taken, with who changed what in between."""
    word = words_for(plan.wish).done
    now = f"{counted(plan.will_change, plan.wish.part)} will be {word}"
    first = f"{now} instead of {shown_count:,}" if plan.will_change != shown_count else f"{now}, but not the same ones"
    if not plan.will_change:
        first = f"Nothing is left to be {word}"
    by = [
        f"{found.codes:,} {'was' if found.codes == 1 else 'were'} changed by {found.who} at {_clock(found)}"
        for found in between
    ]
    if not by:
        return f"{first}: something of these members changed since you looked."
    return f"{first}; {', '.join(by)}."


def _clock(found: Interference) -> str:
    return f"{timezone.localtime(found.at):%H:%M}"
