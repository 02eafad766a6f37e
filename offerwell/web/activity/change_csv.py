"""A change as spreadsheet lines: its items with their outcome on each store, and the members to let know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offerwell.models import ChangeKind
from offerwell.queries.activity import affected_members

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offerwell.models import BulkChange
    from offerwell.queries.activity import ItemPage, ItemRow

ITEM_HEADINGS = ("Member", "E-mail", "Code or link", "Before", "Wanted", "Store", "Result", "Reason")
MEMBER_HEADINGS = ("Member", "First name", "Last name", "E-mail")
_BATCH = 1_000


def item_lines(change: BulkChange, page: ItemPage) -> list[tuple[str, ...]]:
    """A line for each item and store."""
    return [line for row in page.rows for line in _lines(change, row)]


def member_batches(change: BulkChange) -> Iterator[list[tuple[str, ...]]]:
    """The affected members, a thousand at a time."""
    after = 0
    while True:
        found = list(affected_members(change).filter(pk__gt=after)[:_BATCH])
        yield [(str(one.pk), one.first_name, one.last_name, one.email) for one in found]
        if len(found) < _BATCH:
            return
        after = found[-1].pk


def _lines(change: BulkChange, row: ItemRow) -> list[tuple[str, ...]]:
    who = ("", "") if row.member is None else (row.member.name, row.member.email)
    is_status = change.kind == ChangeKind.STATUS
    before, wanted = (row.before.capitalize(), row.wanted.capitalize()) if is_status else (row.before, row.wanted)
    what = (*who, row.text, before, wanted)
    stores = [(*what, outcome.store, outcome.result, outcome.reason) for outcome in row.outcomes]
    return stores or [(*what, "", "confirmed", "")]
