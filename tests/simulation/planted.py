"""Errors planted on purpose into the product's core and the rows: the simulator must notice them.

Each says what it does, and what became of it when it was planted: `caught` in which mode, or why it survives.
A planted error that nothing notices is written down as such: then another part covers for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from offerwell.actions.sync_pass import Pass, settled
from offerwell.rules.store_sync import Judgement, Step
from tests.simulation.brand import Brand, MemoryRows

if TYPE_CHECKING:
    from collections.abc import Callable


def change(brand, meant, to_active, *, digest, key, at):
    return brand.change(meant, to_active, digest=digest, key=key, at=at)


def _rows_of(run, discount):
    return [row for row in run.brand.rows.values() if row.ref == discount.ref or row.code.text == discount.text]


def look(run, discount):
    """All that a webhook does: let the code be looked at."""
    run.brand.hint(_rows_of(run, discount), run.world.now)


def as_given(margins):
    return margins


@dataclass(frozen=True)
class Planted:
    """A way to be wrong: classes and functions put in the place of the right ones.

    `seen_in`: the modes in which it must be noticed; empty: it survives, and `because` says why.
    `is_waste`: it makes no wrong status, only needless writes.
    """

    name: str
    seen_in: tuple[str, ...] = ("core",)
    because: str = ""
    is_waste: bool = False
    is_rare: bool = False  # too few of a hundred seeds show it for the small tier
    rows: type[MemoryRows] = MemoryRows
    work: type[Pass] = Pass
    change: Callable = change
    hint: Callable = look
    margins: Callable = as_given


# -- the pass ---------------------------------------------------------------------------------------------------


class ErrorsAreDone(Pass):
    def _put_off(self, codes, error):
        self._confirm([settled(code, None) for code in codes])


class JobDoneIsTrusted(Pass):
    def _read_back(self, written):
        self._confirm([settled(code, None) for code in written])
        return []


class RowsGoBeforeTheJobEnds(Pass):
    def _hold_until_done(self, jobs, how, creations=None):
        for codes in jobs.values():
            self._done(codes, how)
            self.rows.let_go([code.id for code in codes])
            for code in codes:
                self.held.pop(code.id, None)
        return []


class ForgetsWhatIsInFlight(Pass):
    def _leave(self):
        self.in_flight = {}
        Pass._leave(self)


class UnknownFateIsCertain(Pass):
    def _unsure(self, codes):
        self._landed(codes)


class BlindWrites(Pass):
    """Reads to learn what is there, and writes whatever it finds."""

    def _judged(self, shown):
        return [self._written_over(*one) for one in Pass._judged(self, shown)]

    def _written_over(self, code, seen, found):
        if (
            found.step == Step.CONFIRM
            and code.is_push
            and seen is not None
            and code.written_generation != code.generation
        ):
            return code, seen, Judgement(Step.SWITCH)
        return code, seen, found


class AdoptsWhateverHasTheText(Pass):
    def _judged_found(self, found):
        titled = [(code, seen and replace(seen, title=code.title)) for code, seen in found]
        return Pass._judged_found(self, titled)


class LooksUpNoFormerText(Pass):
    """A create that was lost before a refresh is not looked for: another discount is made."""

    def _former_looked_up(self, judged):
        return judged


class ConfirmsWhatIsWrong(Pass):
    """Reads back, and takes whatever it reads for right."""

    def _read_back(self, written):
        self._confirm([settled(code, seen) for code, seen in self._read(written)])
        return []


class OneBadCodeBlamesItsBatch(Pass):
    def _halves(self, codes, error):
        self._give_up(codes, "failed", error.reason)
        return []


# -- the rows ---------------------------------------------------------------------------------------------------


class ForgetsThatItWasRenamed(MemoryRows):
    """The sync does not know that the text was another one: what is off keeps its old text, old reads are believed."""

    def claimed(self, row):
        return replace(MemoryRows.claimed(self, row), was_renamed=False)


class TextsAreFreeAtOnce(MemoryRows):
    """A text is given free while a lost create may still land under it."""

    def claimed(self, row):
        return replace(MemoryRows.claimed(self, row), create_until=None)


class DoneBeforeTheWrite(MemoryRows):
    def fence(self, codes, how):
        kept = MemoryRows.fence(self, codes, how)
        for row in self._held(kept):
            row.observed_generation, row.observed_at = row.generation, self.clock()
            row.observed_status = "active" if row.code.is_active else "expired"
        return kept


class TakeOverWithoutSuspicion(MemoryRows):
    def take_over(self, row, now):
        pass


class NoSuspicionAtAll(MemoryRows):
    def suspect(self, codes, *, until):
        pass


class OneFieldForBoth(MemoryRows):
    """Suspicion is only a look that is due later: the next look, or a back-off, forgets it."""

    def take_over(self, row, now):
        row.check_at = now + self.margins.suspicion

    def suspect(self, codes, *, until):
        for row in self._held(code.id for code in codes):
            row.check_at = until


class ReadsEndSuspicion(MemoryRows):
    def _end_suspicion(self, row, now):
        row.suspect_until = None

    def confirm_row(self, row, one, now):
        row.suspect_until = None
        MemoryRows.confirm_row(self, row, one, now)


class CurrentGenerationIsRecorded(MemoryRows):
    def confirm_row(self, row, one, now):
        current = replace(one.code, generation=row.generation)
        MemoryRows.confirm_row(self, row, replace(one, code=current), now)


class MovedIntentsAreForgotten(MemoryRows):
    def confirm_row(self, row, one, now):
        MemoryRows.confirm_row(self, row, one, now)
        row.due_at = row.suspect_until if row.suspect_until is not None else row.check_at


class LooksMeanwhileAreForgotten(MemoryRows):
    def confirm_row(self, row, one, now):
        row.check_at = None
        MemoryRows.confirm_row(self, row, one, now)


class RefusalsForgetLooks(MemoryRows):
    """As the product did until the simulator found it: the reason for a refusal may be gone by then."""

    def give_up(self, codes, *, problem, reason):
        MemoryRows.give_up(self, codes, problem=problem, reason=reason)
        self._forget([code.id for code in codes])

    def flag_drifts(self, drifted):
        MemoryRows.flag_drifts(self, drifted)
        self._forget([one.code.id for one in drifted])

    def _forget(self, ids):
        for row in (self.brand.rows[row_id] for row_id in ids):
            if row.problem and not row.lease_owner:
                row.check_at, row.due_at = None, row.suspect_until


class RefusalsRewriteWhatWasFollowed(MemoryRows):
    """As the product did until the simulator found it: the change says Failed for ever, and Retry finds nothing."""

    def give_up(self, codes, *, problem, reason):
        for row in self._held(code.id for code in codes):
            if row.observed_generation == row.generation > 0:
                self._note_outcome(row, row.generation, problem, reason)
        MemoryRows.give_up(self, codes, problem=problem, reason=reason)


class RefusalsStopNewIntents(MemoryRows):
    def give_up(self, codes, *, problem, reason):
        MemoryRows.give_up(self, codes, problem=problem, reason=reason)
        for code in codes:
            row = self.brand.rows[code.id]
            if not row.lease_owner and row.generation > code.generation:
                row.problem, row.due_at = problem, row.check_at or row.suspect_until


class AnyoneMayWriteARow(MemoryRows):
    """No row is checked for who holds it: a worker whose lease was taken over goes on."""

    def _held(self, ids):
        self.brand.version += 1
        return [self.brand.rows[row_id] for row_id in ids if row_id in self.brand.rows]


class NoLease(MemoryRows):
    def _is_free(self, row, now):
        return row.due_at is not None and row.due_at <= now

    def take_over(self, row, now):
        pass


class NoFence(MemoryRows):
    def fence(self, codes, how):
        MemoryRows.fence(self, codes, how)
        return {code.id for code in codes}


# -- doors and hints ----------------------------------------------------------------------------------------------


def without_key(brand, meant, to_active, *, digest, key, at):
    return Brand.change(brand, meant, to_active, digest=digest, key=f"{key}/{brand.next_change}", at=at)


def hint_is_wanted(run, discount):
    for row in _rows_of(run, discount):
        row.code.is_active = discount.is_on
        run.brand.version += 1


def hint_is_observed(run, discount):
    for row in _rows_of(run, discount):
        if discount.is_on == row.code.is_active:
            row.observed_generation, row.observed_at = row.generation, run.world.now
            row.due_at = row.check_at = None
            run.brand.version += 1


def no_replica_margin(given):
    return replace(given, replica_lag=0.0)


SOUND = Planted("nothing")
ALL = (
    Planted("mark done before the write", rows=DoneBeforeTheWrite),
    Planted("treat errors as done", work=ErrorsAreDone),
    Planted("take whatever is read back for right", work=ConfirmsWhatIsWrong),
    Planted("trust job.done without reading back", work=JobDoneIsTrusted),
    Planted("release rows before the job ends", work=RowsGoBeforeTheJobEnds, is_rare=True),
    Planted("ignore unknown fate", work=UnknownFateIsCertain, is_rare=True),
    Planted("forget what is in flight when leaving", work=ForgetsWhatIsInFlight, is_rare=True),
    Planted("keep no suspicion from the pass", rows=NoSuspicionAtAll, is_rare=True),
    Planted("take over a lease without suspicion", rows=TakeOverWithoutSuspicion, is_rare=True),
    Planted("suspicion and look-soon in one field", rows=OneFieldForBoth),
    Planted("a right read ends suspicion", rows=ReadsEndSuspicion),
    Planted("record the current generation, not the claimed one", rows=CurrentGenerationIsRecorded),
    Planted("forget an intent that moved in mid-pass", rows=MovedIntentsAreForgotten),
    Planted("forget a look asked for in mid-pass", rows=LooksMeanwhileAreForgotten),
    Planted("a refusal forgets a look asked for in mid-pass", rows=RefusalsForgetLooks),
    Planted(
        "a refusal rewrites what had been followed",
        rows=RefusalsRewriteWhatWasFollowed,
        seen_in=("full",),
        is_rare=True,
    ),
    Planted("a refusal of the old intent stops the new one", rows=RefusalsStopNewIntents),
    Planted("one bad code blames its batch", work=OneBadCodeBlamesItsBatch),
    Planted("adopt whatever carries the text", work=AdoptsWhateverHasTheText),
    Planted("trust reads right after our own write", margins=no_replica_margin, is_rare=True),
    Planted("no idempotency key", change=without_key),
    Planted("webhook sets what is wanted", hint=hint_is_wanted),
    Planted("webhook sets what is observed", hint=hint_is_observed),
    Planted("write rows that another worker holds", rows=AnyoneMayWriteARow),
    Planted("no lease", rows=NoLease),
    Planted("look up no former text", work=LooksUpNoFormerText, seen_in=("refresh",), is_rare=True),
    Planted("give texts free while a create may land", rows=TextsAreFreeAtOnce, seen_in=("refresh",), is_rare=True),
    Planted("forget that a code was renamed", rows=ForgetsThatItWasRenamed, seen_in=("refresh",)),
    Planted("no fence", rows=NoFence, seen_in=("refresh",), is_rare=True),
    Planted(
        "blind writes",
        work=BlindWrites,
        seen_in=(),
        is_waste=True,
        because="Writing what is so already changes nothing in the store; it only wastes writes.",
    ),
)
BY_NAME = {one.name: one for one in ALL}
