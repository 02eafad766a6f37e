"""What to do next for one code on one store, from what we want, what we did and what was read.

Source: trust §3, shopify.md §1.2 and §7. A worker pushes wanted state, never commands; every branch
here must be safe to take twice, because a worker may die anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LONGEST_PAUSE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Margins:
    """Assumptions about the outside world, in seconds; settings, because no store publishes them.

    `late_landing` (Z): the longest a lost request or job may still act. `replica_lag` (S): how long a
    read may be older than our own acknowledged write.
    """

    lease: float = 60.0
    late_landing: float = 900.0
    replica_lag: float = 5.0
    job_patience: float = 300.0
    backoff_base: float = 2.0
    backoff_cap: float = 1800.0

    @property
    def suspicion(self) -> timedelta:
        """How long a code stays suspect after a request of unknown fate."""
        return timedelta(seconds=self.late_landing + self.replica_lag)


@dataclass(frozen=True, slots=True)
class ClaimedCode:
    """One code on one store as it was when a worker claimed it (`models.StoreCode`).

    `starts_at` and `ends_at` are the planned window: the code's own, else the offer's; None: none.
    `was_renamed`: its text was changed once. `former_texts` are given where a request to create it under one of
    them may still land.
    """

    id: int
    code_id: int
    text: str
    title: str
    ref: str
    wants_active: bool
    generation: int
    observed_generation: int
    starts_at: datetime | None
    ends_at: datetime | None
    is_suspect: bool
    attempts: int
    last_write_at: datetime | None
    acked_active: bool | None
    written_generation: int
    written_how: str
    problem: str
    was_renamed: bool = False
    former_texts: tuple[str, ...] = ()

    @property
    def is_push(self) -> bool:
        """Whether the store must follow: a new intent, or an old request of ours that may have landed late."""
        return self.generation > self.observed_generation or self.is_suspect


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a read showed. `status` is active, scheduled or expired; an empty `text` was not told."""

    status: str
    starts_at: datetime | None
    ends_at: datetime | None
    codes_count: int = 1
    title: str = ""
    ref: str = ""
    text: str = ""


class Step(StrEnum):
    """The next thing to do."""

    CONFIRM = "confirm"
    SWITCH = "switch"
    SET_WINDOW = "set_window"
    RENAME = "rename"
    CREATE = "create"
    ADOPT = "adopt"
    LOOK_LATER = "look_later"
    CONFLICT = "conflict"
    REFUSE = "refuse"
    FLAG_DRIFT = "flag_drift"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A step, with the sentence that goes with it where a person must read one."""

    step: Step
    reason: str = ""


_SETTLING = Judgement(Step.LOOK_LATER, "Waiting for the store to show its own change.")


def is_right(code: ClaimedCode, seen: Sighting | None, now: datetime) -> bool:
    """Whether the store already shows what the brand wants, window and text included."""
    return has_status(code, seen, now) and has_text(code, seen)


def has_text(code: ClaimedCode, seen: Sighting | None) -> bool:
    """Whether shoppers type what the brand wants. Of a discount with several codes only a person can tell."""
    if seen is None or not seen.text or seen.codes_count > 1:
        return True
    return seen.text.casefold() == code.text.casefold()


def has_status(code: ClaimedCode, seen: Sighting | None, now: datetime) -> bool:
    """Whether the store shows the wanted status, window included."""
    if not code.wants_active:
        return seen is None or seen.status == "expired"
    if seen is None:
        return False
    if code.ends_at is not None and code.ends_at <= now:
        return seen.status == "expired"
    if not _has_planned_end(code, seen):
        return False
    if code.starts_at is not None and now < code.starts_at:
        return seen.status == "scheduled"
    return seen.status == "active"


def judge(code: ClaimedCode, seen: Sighting | None, *, now: datetime, margins: Margins) -> Judgement:
    """The next step after a read by ref (None: the store has no such discount any more)."""
    if _own_write_is_fresher(code, now, margins):
        if code.acked_active == code.wants_active and not has_status(code, seen, now):
            return _SETTLING
        if code.acked_active != code.wants_active:
            return _switch(code, seen, now) if code.is_push else Judgement(Step.LOOK_LATER)
    if _is_fresh(code, now, margins) and has_status(code, seen, now) and _shows_text_of_before(code, seen):
        return _SETTLING
    if is_right(code, seen, now):
        return Judgement(Step.CONFIRM)
    if not code.is_push:
        return Judgement(Step.FLAG_DRIFT, drift_sentence(code, seen))
    return _write(code, seen, now)


def _shows_text_of_before(code: ClaimedCode, seen: Sighting | None) -> bool:
    """Whether a read so soon after our own write may show the text from before it.

    The wanted text may be an older one that is wanted again: right by chance, until our last rename shows.
    """
    if has_text(code, seen):
        return code.was_renamed and code.written_generation != code.generation
    return code.written_how == "rename" and code.written_generation == code.generation


def judge_taken(code: ClaimedCode, found: Sighting | None, *, is_ours: bool) -> Judgement:
    """What to do after the store refused the wanted text as taken, and showed who has it.

    `is_ours`: another code of ours carries it, so it is about to let go of it or was told to.
    """
    if found is None or is_ours:
        return Judgement(Step.LOOK_LATER, f"Another code still has the text {code.text} in the store.")
    return Judgement(
        Step.CONFLICT,
        f"The text {code.text} belongs to another discount in the store (“{found.title}”). "
        "Rename or delete it there, then retry, or refresh the code once more.",
    )


def judge_former(code: ClaimedCode, found: Sighting | None, *, is_ours: bool) -> Judgement:
    """The next step for a code without a discount, after a look-up by a text it had: our own create may have landed."""
    if found is not None and is_ours and found.codes_count == 1 and found.title == code.title:
        return Judgement(Step.ADOPT)
    if code.wants_active:
        return Judgement(Step.LOOK_LATER, "A request to create it under its former text may still land.")
    return Judgement(Step.CONFIRM)


def judge_found(
    code: ClaimedCode, found: Sighting | None, *, is_ours: bool, now: datetime, margins: Margins
) -> Judgement:
    """The next step after a look-up by text, for a code without a discount of ours.

    `is_ours`: no other row of ours holds the found discount. A discount that carries the offer's name
    and this code is our own create whose answer was lost, so it is adopted, not a conflict.
    """
    if found is None and code.acked_active and _own_write_is_fresher(code, now, margins):
        return Judgement(Step.LOOK_LATER, "Waiting for the store to show its own change.")
    if found is None:
        return Judgement(Step.CREATE if code.wants_active else Step.CONFIRM)
    if is_ours and found.codes_count == 1 and found.title == code.title:
        return Judgement(Step.ADOPT)
    return Judgement(
        Step.CONFLICT,
        f"The code {code.text} belongs to another discount in the store (“{found.title}”). "
        "Rename or delete it there, or give the member another code, then retry.",
    )


def drift_sentence(code: ClaimedCode, seen: Sighting | None) -> str:
    """What the store shows instead of what the brand wants."""
    if seen is not None and not has_text(code, seen):
        return f"We want the code {code.text}, the store has {seen.text}. Someone renamed it there."
    wanted = "Active" if code.wants_active else "Deactivated"
    shown = "has no such code" if seen is None else f"shows it as {seen.status}"
    return f"We want {wanted}, the store {shown}. Someone changed it there."


def backoff(attempts: int, jitter: float, margins: Margins) -> timedelta:
    """How long to wait after `attempts` tries: doubling up to the cap, between half and all of it.

    `jitter` is a random number in 0..1.
    """
    full = min(margins.backoff_cap, margins.backoff_base * 2 ** min(attempts, 20))
    return timedelta(seconds=full * (0.5 + jitter / 2))


def longer_pause(first: timedelta, lasted: timedelta) -> timedelta:
    """How long to leave a store in trouble alone: a quarter of the time it has lasted, two minutes at most.

    So the codes follow within seconds after a short outage, and a store that stays away is asked seldom.
    """
    return max(first, min(LONGEST_PAUSE, lasted / 4))


def look_again_at(code: ClaimedCode, now: datetime, margins: Margins) -> datetime:
    """When reads may be trusted over our own last write."""
    return (code.last_write_at or now) + timedelta(seconds=margins.replica_lag)


def _own_write_is_fresher(code: ClaimedCode, now: datetime, margins: Margins) -> bool:
    return code.acked_active is not None and _is_fresh(code, now, margins)


def _is_fresh(code: ClaimedCode, now: datetime, margins: Margins) -> bool:
    return code.last_write_at is not None and now < look_again_at(code, now, margins)


def _write(code: ClaimedCode, seen: Sighting | None, now: datetime) -> Judgement:
    """Status first: a code that must not work any more is off before it is renamed."""
    found = _switch(code, seen, now)
    if found.step in {Step.SWITCH, Step.SET_WINDOW} and has_status(code, seen, now):
        return Judgement(Step.RENAME)
    return found


def _switch(code: ClaimedCode, seen: Sighting | None, now: datetime) -> Judgement:
    if seen is None:
        return Judgement(Step.CREATE)
    if seen.codes_count > 1:
        return Judgement(
            Step.REFUSE,
            f"The discount of {code.text} holds {seen.codes_count} codes in the store; changing it would change "
            "them all. Give this member a discount of its own, then retry.",
        )
    return Judgement(Step.SET_WINDOW if _must_set_window(code, now) else Step.SWITCH)


def _must_set_window(code: ClaimedCode, now: datetime) -> bool:
    """A plain activation clears the end and moves a future start: with a plan, set the planned window."""
    if not code.wants_active:
        return False
    return code.ends_at is not None or (code.starts_at is not None and now < code.starts_at)


def _has_planned_end(code: ClaimedCode, seen: Sighting) -> bool:
    if code.ends_at is None:
        return True
    return seen.ends_at is not None and abs(seen.ends_at - code.ends_at) < timedelta(seconds=1)
