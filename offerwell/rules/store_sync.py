"""What to do next for one code on one store, from what we want, what we did and what was read.

Source: trust §3, shopify.md §1.2 and §7. A worker pushes wanted state, never commands; every branch
here must be safe to take twice, because a worker may die anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

LONGEST_PAUSE = timedelta(minutes=2)
# A planned end that says "never": the store must show none. Null, as a code's own end, means "as the offer".
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


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
    `is_redated`: these moved since the store was last seen to agree, so it must show exactly them.
    `was_renamed`: its text was changed once. `former_texts` are given where a create under one of them may have
    been done; one of unknown fate may land until `create_until`.
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
    is_redated: bool = False
    was_renamed: bool = False
    former_texts: tuple[str, ...] = ()
    create_until: datetime | None = None

    @property
    def is_push(self) -> bool:
        """Whether the store must follow: a new intent, new dates, or an old request of ours that may land late."""
        return self.generation > self.observed_generation or self.is_suspect or self.is_redated

    @property
    def has_open_create(self) -> bool:
        """Whether our last write was a create that the store has not said to be done."""
        return self.written_how == "create" and self.acked_active is None

    @property
    def is_untried(self) -> bool:
        """Whether nothing of ours ever reached the store for it, as far as anybody knows.

        A store that refuses a code it has makes this a saving, not a promise: a code created without a
        look-up is then refused as taken, and looked up. Not so under a new text: an open create had another.
        """
        is_open = self.was_renamed and self.has_open_create
        return not self.ref and not self.is_suspect and self.attempts == 0 and not is_open


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a read showed. `status` is active, scheduled or expired; `text` the code, empty where it is not told.

    `refusal` is the store's own reason, for a person, why this discount must be left alone.
    """

    status: str
    starts_at: datetime | None
    ends_at: datetime | None
    codes_count: int = 1
    title: str = ""
    ref: str = ""
    text: str = ""
    refusal: str = ""


class Step(StrEnum):
    """The next thing to do."""

    CONFIRM = "confirm"
    SWITCH = "switch"
    SET_WINDOW = "set_window"
    CREATE = "create"
    RENAME = "rename"
    ADOPT = "adopt"
    LOOK_LATER = "look_later"
    CONFLICT = "conflict"
    REFUSE = "refuse"
    FLAG_DRIFT = "flag_drift"


class Difference(StrEnum):
    """What somebody else changed in the store, the gravest first: two at once are told as one.

    BY_HAND: the store's own words say what a person must do there (`Sighting.refusal`).
    """

    BY_HAND = "by_hand"
    MISSING = "missing"
    EXTRA_CODES = "extra_codes"
    RENAMED = "renamed"
    SWITCHED_OFF = "switched_off"
    SWITCHED_ON = "switched_on"
    DATES = "dates"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A step, with the sentence that goes with it where a person must read one."""

    step: Step
    reason: str = ""


_SETTLING = Judgement(Step.LOOK_LATER, "Waiting for the store to show its own change.")
MAY_LAND = Judgement(Step.LOOK_LATER, "A request to create it under its former text may still land.")


def is_right(code: ClaimedCode, seen: Sighting | None, now: datetime) -> bool:
    """Whether the store already shows what the brand wants, window and text included: nothing is left to write."""
    return has_status(code, seen, now) and has_text(code, seen, now)


def has_text(code: ClaimedCode, seen: Sighting | None, now: datetime) -> bool:
    """Whether shoppers type what the brand wants. Of a discount with several codes the store shows the first.

    A code that is off may have any text, unless we gave it a new one: then the old one must not come back.
    """
    if seen is None or not seen.text:
        return True
    if not code.was_renamed and not _is_meant_to_work(code, now):
        return True
    return seen.text.casefold() == code.text.casefold()


def has_status(code: ClaimedCode, seen: Sighting | None, now: datetime) -> bool:
    """Whether the store shows the wanted status, window included. A code past its end may be gone.

    What the store says to leave alone is never right.
    """
    if seen is not None and seen.refusal:
        return False
    if not _is_meant_to_work(code, now):
        return seen is None or seen.status == "expired"
    if seen is None:
        return False
    if not _has_planned_end(code, seen):
        return False
    if code.starts_at is not None and now < code.starts_at:
        return seen.status == "scheduled"
    return seen.status == "active"


def difference(code: ClaimedCode, seen: Sighting | None, now: datetime) -> Difference | None:
    """What of the store is not as the brand wants; None when all is. Codes that are off may have any shape."""
    if seen is not None and seen.refusal:
        return Difference.BY_HAND
    works = _is_meant_to_work(code, now)
    has_others = works and seen is not None and seen.codes_count > 1
    is_misnamed = works and not has_text(code, seen, now)
    if has_status(code, seen, now) and not has_others and not is_misnamed:
        return None
    if not code.wants_active:
        return Difference.SWITCHED_ON
    return _difference_of_active(seen, has_others=has_others, is_misnamed=is_misnamed)


def _difference_of_active(seen: Sighting | None, *, has_others: bool, is_misnamed: bool) -> Difference:
    if seen is None:
        return Difference.MISSING
    if has_others:
        return Difference.EXTRA_CODES
    if is_misnamed:
        return Difference.RENAMED
    return Difference.SWITCHED_OFF if seen.status == "expired" else Difference.DATES


def _is_meant_to_work(code: ClaimedCode, now: datetime) -> bool:
    return code.wants_active and (code.ends_at is None or now < code.ends_at)


def judge(code: ClaimedCode, seen: Sighting | None, *, now: datetime, margins: Margins) -> Judgement:
    """The next step after a read by ref (None: the store has no such discount any more)."""
    shows_status = has_status(code, seen, now)
    if _own_write_is_fresher(code, now, margins):
        if code.acked_active == code.wants_active and not shows_status:
            return _SETTLING
        if code.acked_active != code.wants_active:
            return _write(code, seen, now, margins) if code.is_push else Judgement(Step.LOOK_LATER)
    if _is_fresh(code, now, margins) and shows_status and _shows_text_of_before(code, seen, now):
        return _SETTLING
    if not code.is_push:
        differs = difference(code, seen, now)
        return Judgement(Step.CONFIRM) if differs is None else Judgement(Step.FLAG_DRIFT, _told(code, seen, differs))
    if shows_status and has_text(code, seen, now):
        return Judgement(Step.CONFIRM)
    return _write(code, seen, now, margins, is_status_left=shows_status)


def _shows_text_of_before(code: ClaimedCode, seen: Sighting | None, now: datetime) -> bool:
    """Whether a read so soon after our own write may show the text from before it.

    The wanted text may be an older one that is wanted again: right by chance, until our last rename shows.
    """
    if has_text(code, seen, now):
        return code.was_renamed and code.written_generation != code.generation
    return (code.was_renamed and not code.is_push) or _was_renamed_for_this(code)


def _was_renamed_for_this(code: ClaimedCode) -> bool:
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


def create_may_land(code: ClaimedCode, now: datetime) -> bool:
    """Whether a request of ours to create it may still be carried out."""
    return code.create_until is not None and now < code.create_until


def judge_former(code: ClaimedCode, found: Sighting | None, *, is_ours: bool, now: datetime) -> Judgement:
    """The next step for a code without a discount, after a look-up by a text it had: our own create may have landed.

    Once it cannot land any more this look was the last one: what is not there now will not come.
    """
    if found is not None and is_ours and found.codes_count == 1 and found.title == code.title:
        return Judgement(Step.ADOPT)
    if not code.wants_active:
        return Judgement(Step.CONFIRM)
    return MAY_LAND if create_may_land(code, now) else Judgement(Step.CREATE)


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
    if found.refusal:
        return Judgement(Step.CONFLICT, found.refusal)
    if is_ours and found.codes_count == 1 and found.title == code.title:
        return Judgement(Step.ADOPT)
    return Judgement(
        Step.CONFLICT,
        f"The code {code.text} belongs to another discount in the store (“{found.title}”). "
        "Rename or delete it there, or give the member another code, then retry.",
    )


_SHOWN = {
    Difference.BY_HAND: "the store shows what only a person can put right",
    Difference.MISSING: "the store has no such code any more",
    Difference.EXTRA_CODES: "its discount holds other codes too",
    Difference.RENAMED: "its discount has another code now",
    Difference.SWITCHED_OFF: "the store shows it as expired",
    Difference.SWITCHED_ON: "the store shows it as active",
    Difference.DATES: "the store has other dates",
}


def _told(code: ClaimedCode, seen: Sighting | None, differs: Difference) -> str:
    return (seen.refusal if seen else "") or drift_sentence(code, differs)


def drift_sentence(code: ClaimedCode, differs: Difference) -> str:
    """What the store shows instead of what the brand wants. Without names and dates: many rows share it."""
    wanted = "Active" if code.wants_active else "Deactivated"
    return f"We want {wanted}, {_SHOWN[differs]}. Someone changed it there."


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


def _write(
    code: ClaimedCode, seen: Sighting | None, now: datetime, margins: Margins, *, is_status_left: bool = False
) -> Judgement:
    """The first write. Text and status are apart, and no text must work that should not.

    So a code is off before it is renamed, and has its own text before it is on. `is_status_left`: it is right.
    While a lost create may land the text is not given free: it would land as a second discount.
    """
    if seen is None:
        return Judgement(Step.CREATE)
    if seen.codes_count > 1:
        return Judgement(
            Step.REFUSE,
            f"The discount of {code.text} holds {seen.codes_count} codes in the store; changing it would change "
            "them all. Give this member a discount of its own, then retry.",
        )
    if seen.refusal:
        return Judgement(Step.REFUSE, seen.refusal)
    is_named = has_text(code, seen, now) or (_is_fresh(code, now, margins) and _was_renamed_for_this(code))
    if not is_named and (is_status_left or code.wants_active):
        return MAY_LAND if create_may_land(code, now) else Judgement(Step.RENAME)
    return Judgement(Step.SET_WINDOW if _must_set_window(code, now) else Step.SWITCH)


def _must_set_window(code: ClaimedCode, now: datetime) -> bool:
    """A plain activation clears the end and moves a future start: with a plan, set the planned window.

    It does nothing to an active discount, so a plan that moved is always set.
    """
    if not code.wants_active:
        return False
    return code.is_redated or code.ends_at is not None or (code.starts_at is not None and now < code.starts_at)


def _has_planned_end(code: ClaimedCode, seen: Sighting) -> bool:
    if code.ends_at is None:
        return seen.ends_at is None or not code.is_redated
    if code.ends_at == NEVER:
        return seen.ends_at is None
    return seen.ends_at is not None and abs(seen.ends_at - code.ends_at) < timedelta(seconds=1)
