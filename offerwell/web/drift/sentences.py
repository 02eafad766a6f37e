"""The words of the drift screen: what the store shows, what will happen, what stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import ngettext

from offerwell.rules.bulk_changes import What
from offerwell.rules.drift import LeftOut, Verb
from offerwell.rules.store_sync import Difference

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.queries.drift import DriftRow
    from offerwell.queries.drift_plan import DriftGroup, DriftPlan

TITLES = {Verb.ADOPT: "Adopt the store’s state", Verb.RESTORE: "Restore ours"}
CONSEQUENCES = {
    Verb.ADOPT: "What the store shows becomes what you want here, in every store of these codes. You can undo it.",
    Verb.RESTORE: "What you want here is set in the store again. Nothing changes here.",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What the store shows: a status badge (empty: none), words, and the moment they are about."""

    badge: str
    words: str = ""
    at: datetime | None = None


def theirs(row: DriftRow) -> Shown:
    """The store's side of a row."""
    drift, kind = row.drift, row.kind
    if kind == Difference.BY_HAND:
        return Shown(drift.status, row.row.last_error)
    if kind == Difference.MISSING:
        return Shown("", "Deleted there")
    if kind == Difference.EXTRA_CODES:
        return Shown(drift.status, f"Its discount holds {drift.codes_count:,} codes")
    if kind == Difference.RENAMED:
        return Shown(drift.status, f"Its code is {drift.text} now")
    return _dated(row)


def _dated(row: DriftRow) -> Shown:
    drift, kind = row.drift, row.kind
    if drift.status == "scheduled":
        return Shown(drift.status, "Starts", drift.starts_at)
    if kind == Difference.SWITCHED_OFF:
        return Shown(drift.status, "Ended" if drift.ends_at else "", drift.ends_at)
    if kind == Difference.DATES:
        return Shown(drift.status, "Ends" if drift.ends_at else "No end date", drift.ends_at)
    return Shown(drift.status)


def will_happen(plan: DriftPlan, group: DriftGroup) -> str:
    """One bulk change to be, as a sentence without its offer."""
    is_one, course = group.codes == 1, group.course
    codes = f"{group.codes:,} {'code' if is_one else 'codes'}"
    gets = f"{codes} {'gets' if is_one else 'get'}"
    if plan.wish.verb == Verb.ADOPT:
        if course.what == What.DATES:
            return f"{gets} the dates that the store shows"
        return f"{codes} {'becomes' if is_one else 'become'} {'Active' if course.to_active else 'Deactivated'} here"
    if course.what == What.STATUS:
        done = "activated" if course.to_active else "deactivated"
        return f"{codes} {'is' if is_one else 'are'} {done} in the store again"
    return f"{gets} your {'dates' if course.what == What.DATES else 'name'} in the store again"


def question(plan: DriftPlan) -> str:
    """The heading of the preview."""
    codes = f"{plan.will_change:,} {'code' if plan.will_change == 1 else 'codes'}"
    if not plan.will_change:
        return TITLES[plan.wish.verb]
    if plan.wish.verb == Verb.ADOPT:
        return f"Adopt the store’s state of {codes}?"
    return f"Restore {codes} in the store?"


def left_out(reason: LeftOut, count: int) -> str:
    """Why so many differences stay, and what to do."""
    n = f"{count:,}"
    if reason == LeftOut.BY_HAND:
        said = ngettext(
            "%(n)s code can be put right in the store only.", "%(n)s codes can be put right in the store only.", count
        )
        return said % {"n": n} + " Do there what the row says, then audit it."
    if reason == LeftOut.EXTRA_CODES:
        said = ngettext("%(n)s discount holds other codes too.", "%(n)s discounts hold other codes too.", count)
        return said % {"n": n} + " Remove those codes in the store, then audit it."
    if reason == LeftOut.RENAMED:
        said = ngettext("%(n)s code was renamed in the store.", "%(n)s codes were renamed in the store.", count)
        return said % {"n": n} + " Restore ours, or deactivate it here and give the member a new code."
    if reason == LeftOut.ARCHIVED:
        said = ngettext("%(n)s code belongs to an archived offer.", "%(n)s codes belong to an archived offer.", count)
        return said % {"n": n} + " Set the offer active first, or adopt the store’s state."
    said = ngettext("%(n)s row was left out:", "%(n)s rows were left out:", count)
    return said % {"n": n} + " its stores show different states. Filter by one store and adopt that."


def done(verb: Verb, codes: int) -> str:
    """What was confirmed, for the page after it."""
    counted = f"{codes:,} {'code' if codes == 1 else 'codes'}"
    if verb == Verb.ADOPT:
        return f"The store’s state is adopted for {counted}."
    return f"Your state of {counted} goes to the store again."
