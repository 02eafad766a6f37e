"""The words for each kind of bulk change, the same on screens and on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.rules.bulk_changes import What

if TYPE_CHECKING:
    from offerwell.models import BulkChange

NOUNS = {"codes": ("code", "codes"), "links": ("link", "links"), "members": ("payout", "payouts")}


@dataclass(frozen=True, slots=True)
class Words:
    """`verb` "Deactivate", `doing` "Deactivating", `done` "deactivated", `already` "already deactivated"."""

    verb: str
    doing: str
    done: str
    already: str


_ACTIVATE = Words("Activate", "Activating", "activated", "already active")
_DEACTIVATE = Words("Deactivate", "Deactivating", "deactivated", "already deactivated")
_OTHERS = {
    What.REFRESH: Words("Refresh", "Refreshing", "refreshed", "keeping their text"),
    What.PAYOUT: Words("Change", "Changing", "changed", "already so"),
    What.DATES: Words("Set the dates of", "Setting the dates of", "dates set", "already so"),
    What.NAMES: Words("Set the names of", "Setting the names of", "names set", "already so"),
}


def words_of(what: What, *, to_active: bool) -> Words:
    """The words of a change; `to_active` says something where it is about the status."""
    return _OTHERS.get(what) or (_ACTIVATE if to_active else _DEACTIVATE)


def words_of_change(change: BulkChange) -> Words:
    """The words of a change that was made."""
    return words_of(change.what, to_active=change.to_active)


def counted(count: int, part: str) -> str:
    """Say "1 code", "5 links", "0 payouts"."""
    one, many = NOUNS[str(part)]
    return f"{count:,} {one if count == 1 else many}"
