"""What a bulk change is about, in one word for screens, JSON and events."""

from __future__ import annotations

from enum import StrEnum


class What(StrEnum):
    """What a bulk change changes.

    Dates and names are changes of the kind *status* that leave the status alone: they answer what somebody changed
    in a store (`rules/drift.py`), or undo such an answer.
    """

    STATUS = "status"
    DATES = "dates"
    NAMES = "names"
    REFRESH = "refresh"
    PAYOUT = "payout"
