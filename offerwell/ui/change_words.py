"""The words for each kind of bulk change, the same on screens and on the command line."""

from __future__ import annotations

from dataclasses import dataclass

from offerwell.models import ChangeKind

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
_REFRESH = Words("Refresh", "Refreshing", "refreshed", "keeping their text")
_CHANGE = Words("Change", "Changing", "changed", "already so")


def words_of(kind: str, *, to_active: bool) -> Words:
    """The words of a change."""
    if kind == ChangeKind.REFRESH:
        return _REFRESH
    if kind == ChangeKind.PAYOUT:
        return _CHANGE
    return _ACTIVATE if to_active else _DEACTIVATE


def counted(count: int, part: str) -> str:
    """Say "1 code", "5 links", "0 payouts"."""
    one, many = NOUNS[str(part)]
    return f"{count:,} {one if count == 1 else many}"
