"""What a person, or the workspace's policy, may do about a difference between the brand's wish and a store.

The SQL of `queries/drift_plan.py` reads these tables, so that there is one place that decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from offerwell.rules.bulk_changes import What
from offerwell.rules.store_sync import Difference

# Restores of one code are counted over so long.
GUARD_WINDOW = timedelta(days=1)


class Verb(StrEnum):
    """Take the store's state over, or put ours back."""

    ADOPT = "adopt"
    RESTORE = "restore"


class LeftOut(StrEnum):
    """Why a difference is left as it is."""

    BY_HAND = "by_hand"
    EXTRA_CODES = "extra_codes"
    RENAMED = "renamed"
    STORES_DISAGREE = "stores_disagree"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Course:
    """What becomes of a code: its status, its dates or its name, and the intent it has then."""

    what: What
    to_active: bool


COURSES: dict[Verb, dict[Difference, Course]] = {
    Verb.ADOPT: {
        Difference.MISSING: Course(What.STATUS, to_active=False),
        Difference.SWITCHED_OFF: Course(What.STATUS, to_active=False),
        Difference.SWITCHED_ON: Course(What.STATUS, to_active=True),
        Difference.DATES: Course(What.DATES, to_active=True),
    },
    Verb.RESTORE: {
        Difference.MISSING: Course(What.STATUS, to_active=True),
        Difference.SWITCHED_OFF: Course(What.STATUS, to_active=True),
        Difference.SWITCHED_ON: Course(What.STATUS, to_active=False),
        Difference.DATES: Course(What.DATES, to_active=True),
        Difference.RENAMED: Course(What.NAMES, to_active=True),
    },
}


def reason_without_course(kind: Difference) -> LeftOut:
    """Why nothing can be done here about this kind of difference."""
    return LeftOut(kind)


def may_restore_again(restores: int, since: datetime | None, *, at: datetime, most: int) -> bool:
    """Whether the policy may put this code right once more: two systems must not fight for ever."""
    return since is None or at - since >= GUARD_WINDOW or restores < most


class InvalidDriftSelection(ValueError):
    """The selection names nothing. The text is for a person."""


@dataclass(frozen=True, slots=True)
class DriftFilter:
    """What the drift table was filtered by. None does not filter."""

    offer: int | None = None
    store: int | None = None


@dataclass(frozen=True, slots=True)
class DriftSelection:
    """Either `ids` (store codes), or every difference that matches `filter` except `exclude` (store codes)."""

    ids: tuple[int, ...] | None = None
    filter: DriftFilter = DriftFilter()
    exclude: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Raises InvalidDriftSelection when nothing is ticked."""
        if self.ids is not None and not self.ids:
            raise InvalidDriftSelection("No codes are selected. Select one or more codes first.")

    def to_json(self) -> dict[str, Any]:
        """What is kept with the bulk change."""
        if self.ids is not None:
            return {"drifts": list(self.ids)}
        return {"drifts": "all", "offer": self.filter.offer, "store": self.filter.store, "except": list(self.exclude)}
