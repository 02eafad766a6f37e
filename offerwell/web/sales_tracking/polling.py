"""When a page looks again by itself, and whether there is anything new: soon while a store has to answer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offerwell.queries.offer_member_page import MemberRow

_SOON_SECONDS = 1
_BACKED_OFF_SECONDS = 3
_IDLE_SECONDS = 15
# After this many looks a second apart the store is slow: ask less often.
_PATIENCE = 30


@dataclass(frozen=True, slots=True)
class Poll:
    """Look again in `seconds`; `turn` counts the looks since something began to move."""

    seconds: int
    turn: int


def fingerprint(rows: Sequence[MemberRow]) -> str:
    """Short text that changes when anything shown of the rows' codes and links changes."""
    seen = [
        (part.pk, part.text, part.is_active, str(part.seen.status), part.seen.why) for row in rows for part in row.parts
    ]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def poll_after(rows: Sequence[MemberRow], *, turn: int) -> Poll:
    """When to look at the statuses of `rows` again, after `turn` quick looks."""
    if not any(row.is_moving for row in rows):
        return Poll(_IDLE_SECONDS, 0)
    return Poll(_SOON_SECONDS if turn < _PATIENCE else _BACKED_OFF_SECONDS, turn + 1)
