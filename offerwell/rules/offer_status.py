"""Activate and deactivate: what a change does to one code or link, and what status a person sees.

Source: domain §2 and §3, reference page "Activate vs. Deactivate". `planned_outcome` is the rule; the
SQL of `queries/planned_change.py` says the same, and a property test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Planned(StrEnum):
    """What a change would do to one code, link or place of a member."""

    WILL_CHANGE = "will_change"
    ALREADY_SO = "already_so"
    ENDED = "ended"
    CHANGED_SINCE = "changed_since"
    TAKEN = "taken"


class Exclusion(StrEnum):
    """Why something selected is left out. The first two count members, the others what the change is about."""

    NOT_IN_OFFER = "not_in_offer"
    NO_CODE = "no_code"
    ENDED = "ended"
    CHANGED_SINCE = "changed_since"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Intent:
    """The brand's intent for one code or link, with its planned end (its own, else the offer's)."""

    is_active: bool
    ends_at: datetime | None = None
    last_change_id: int = 0


def planned_outcome(intent: Intent, *, to_active: bool, at: datetime, undoing: int | None = None) -> Planned:
    """What changing `intent` to Active or Deactivated at `at` does.

    Undo leaves alone what someone changed since. An ended code is not activated: its window is
    over, so the store would refuse it or it would outlive its plan.
    """
    if undoing is not None and intent.last_change_id != undoing:
        return Planned.CHANGED_SINCE
    if intent.is_active == to_active:
        return Planned.ALREADY_SO
    if to_active and intent.ends_at is not None and intent.ends_at <= at:
        return Planned.ENDED
    return Planned.WILL_CHANGE


class EffectiveStatus(StrEnum):
    """What a person sees. Derived, never stored."""

    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    SCHEDULED = "scheduled"
    EXPIRED = "expired"
    PAUSED = "paused"
    UPDATING = "updating"
    CHECKING = "checking"
    FAILED = "failed"
    DRIFTED = "drifted"


@dataclass(frozen=True, slots=True)
class StoreView:
    """One store's side of a code: `problem` as `models.StoreProblem`, reason and times for a person.

    `is_rename`: what the store has to follow is a new text.
    """

    store: str
    problem: str
    is_behind: bool
    is_suspect: bool
    reason: str = ""
    is_rename: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class SeenStatus:
    """A status with what decides it. `why` is a sentence or empty; `since` for Updating."""

    status: EffectiveStatus
    why: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class OfferState:
    """What of the offer decides: its status and its window."""

    is_running: bool
    starts_at: datetime | None = None
    ends_at: datetime | None = None


def effective_status(
    *,
    is_active: bool,
    starts_at: datetime | None,
    ends_at: datetime | None,
    offer: OfferState,
    stores: tuple[StoreView, ...],
    at: datetime,
) -> SeenStatus:
    """The status of one code or link at `at`. A link has no stores. Worst news first."""
    told = told_by_stores(stores, is_active=is_active)
    if told is not None:
        return told
    if not is_active:
        return SeenStatus(EffectiveStatus.DEACTIVATED)
    if not offer.is_running:
        return SeenStatus(EffectiveStatus.PAUSED, "The offer is not active.")
    return _told_by_dates(starts_at or offer.starts_at, ends_at or offer.ends_at, at)


def told_by_stores(stores: tuple[StoreView, ...], *, is_active: bool) -> SeenStatus | None:
    """The status that a store decides; None when every store agrees."""
    switching = "Activating" if is_active else "Deactivating"
    for store in stores:
        if store.problem in {"failed", "conflict"}:
            return SeenStatus(EffectiveStatus.FAILED, f"{store.store}: {store.reason}", store.since)
    for store in stores:
        if store.problem == "drifted":
            return SeenStatus(EffectiveStatus.DRIFTED, f"{store.store}: {store.reason}", store.since)
    for store in stores:
        if store.is_behind:
            word = "Renaming" if store.is_rename else switching
            return SeenStatus(EffectiveStatus.UPDATING, f"{word} in {store.store}. {store.reason}".strip(), store.since)
    for store in stores:
        if store.is_suspect:
            return SeenStatus(EffectiveStatus.CHECKING, f"A request to {store.store} may still land.", store.since)
    return None


def _told_by_dates(starts_at: datetime | None, ends_at: datetime | None, at: datetime) -> SeenStatus:
    if starts_at is not None and at < starts_at:
        return SeenStatus(EffectiveStatus.SCHEDULED, since=starts_at)
    if ends_at is not None and ends_at <= at:
        return SeenStatus(EffectiveStatus.EXPIRED, since=ends_at)
    return SeenStatus(EffectiveStatus.ACTIVE)
