"""Refresh a code: give it another text. What that does to one code, and whose a text is.

Source: domain §3 (Three entrances) and §3.10. `planned_refresh` is the rule; `queries/planned_refresh.py` says the
same in SQL, and a property test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass

from offerwell.rules.offer_status import Planned


@dataclass(frozen=True, slots=True)
class NamedCode:
    """A code with its text (`key`: upper-cased) and the bulk change that gave it (0: it was made with it)."""

    key: str
    text_change_id: int = 0


@dataclass(frozen=True, slots=True)
class WantedText:
    """A text for a code. `expects` is the change that named the code when the text was chosen.

    `is_free`: no other code has the text, no other member ever had it, and no store is known to have it.
    """

    key: str
    expects: int
    is_free: bool


def planned_refresh(code: NamedCode, wanted: WantedText) -> Planned:
    """What giving `code` the wanted text does. A code that was renamed since is somebody's newer decision."""
    if code.text_change_id != wanted.expects:
        return Planned.CHANGED_SINCE
    if code.key == wanted.key:
        return Planned.ALREADY_SO
    return Planned.WILL_CHANGE if wanted.is_free else Planned.TAKEN


def may_have(text_of_members: frozenset[int], member_id: int) -> bool:
    """Whether a member may get a text that these members have or had.

    Orders by a text belong to whoever had it, delivered late or not, so it goes to nobody else: not after a
    month, not after a year. Its own member may have it again.
    """
    return text_of_members <= {member_id}
