"""One pass over one store: claim, read, fence, write, hold until the job ends, read back.

The pass knows neither Django nor Shopify: clock, sleep, randomness, store and rows are ports, so that
a simulator can drive this very code. Source: trust §3; the decisions are in rules/store_sync.py.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from offerwell.actions.sync_ports import Settled, SyncRows
from offerwell.integrations.store import (
    AccessRefused,
    BatchRefused,
    FateUnknown,
    StoreCode,
    StoreConnector,
    StoreError,
)
from offerwell.rules.store_sync import (
    ClaimedCode,
    Judgement,
    Margins,
    Sighting,
    Step,
    backoff,
    drift_sentence,
    is_right,
    judge,
    judge_found,
    look_again_at,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

Answer = TypeVar("Answer")

# One claim may fill fifty reads of 250; requests that name codes one by one go in small groups, so that
# no single call of the connector outlasts a lease.
CLAIM_AT_MOST = 12_500
GROUP = 60
# After so many unanswered requests in a row the store is away: stop asking instead of asking for each code.
AWAY_AFTER = 2
FIRST_POLL, SLOWEST_POLL = 0.3, 2.0


class StoreAway(Exception):
    """The store does not answer. The rows that were not reached stay due."""


@dataclass(slots=True)
class Pass:
    """One claim's worth of work. `jitter` gives numbers in 0..1."""

    store: StoreConnector
    rows: SyncRows
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    jitter: Callable[[], float]
    margins: Margins
    should_stop: Callable[[], bool] = lambda: False
    held: dict[int, ClaimedCode] = field(default_factory=dict)
    held_at: datetime | None = None
    in_flight: dict[int, ClaimedCode] = field(default_factory=dict)
    unanswered: int = 0

    def run(self, limit: int = CLAIM_AT_MOST) -> int:
        """Claim and settle up to `limit` rows. Gives how many were claimed.

        Lets no error of the store out: every row ends confirmed, put off, given up or let go.
        """
        claimed = self.rows.claim(limit)
        if not claimed:
            return 0
        self.held, self.held_at = {code.id: code for code in claimed}, self.clock()
        try:
            self._settle(claimed)
            self.rows.note_store(trouble="", pause=None)
        except AccessRefused as refused:
            self.rows.note_store(trouble=refused.reason, pause=timedelta(seconds=60))
        except StoreAway as away:
            self.rows.note_store(trouble=str(away), pause=backoff(1, self.jitter(), self.margins))
        finally:
            self._leave()
        return len(claimed)

    def _leave(self) -> None:
        """Whatever is still in flight may land after us."""
        if self.in_flight:
            self.rows.suspect(list(self.in_flight.values()), until=self.clock() + self.margins.suspicion)
        self.rows.let_go(list(self.held))

    def _settle(self, claimed: list[ClaimedCode]) -> None:
        judged = self._judged(self._read(claimed))
        wanted = self._sorted_out(judged)
        written = self._switch_all(wanted) + self._set_windows(wanted[Step.SET_WINDOW])
        written += self._create(wanted[Step.CREATE])
        self._read_back([code for code in written if code.id in self.held])

    # -- look -----------------------------------------------------------------------------------------------

    def _read(self, codes: list[ClaimedCode]) -> list[tuple[ClaimedCode, Sighting | None]]:
        """What the store shows of each code; None for one without a discount there."""
        shown: list[tuple[ClaimedCode, Sighting | None]] = [(code, None) for code in codes if not code.ref]
        for chunk in self._chunks([code for code in codes if code.ref], self.store.batch_size):
            found = self._answered(chunk, [code.ref for code in chunk], self.store.read)
            if found is not None:
                shown += [(code, sighting(found.get(code.ref))) for code in chunk]
        return shown

    def _answered(
        self,
        chunk: list[ClaimedCode],
        names: list[str],
        question: Callable[[list[str]], dict[str, StoreCode | None] | object],
    ) -> dict[str, StoreCode | None] | None:
        """The answer to a read, or None after the codes were put off. Raises StoreAway when nothing answers."""
        try:
            answer = question(names)
        except AccessRefused:
            raise
        except StoreError as error:
            self._put_off(chunk, error)
            self._count_unanswered(error)
            return None
        self.unanswered = 0
        return answer  # type: ignore[return-value]

    def _judged(
        self, shown: list[tuple[ClaimedCode, Sighting | None]]
    ) -> list[tuple[ClaimedCode, Sighting | None, Judgement]]:
        """A judgement for every code; those without a discount are looked up by their text first."""
        now = self.clock()
        judged, missing = [], []
        for code, seen in shown:
            found = judge(code, seen, now=now, margins=self.margins)
            if found.step == Step.CREATE or (not code.ref and code.is_push):
                missing.append(code)
            else:
                judged.append((code, seen, found))
        return judged + self._looked_up(missing)

    def _looked_up(
        self, missing: list[ClaimedCode]
    ) -> list[tuple[ClaimedCode, Sighting | None, Judgement]]:
        judged = []
        for chunk in self._chunks(missing, GROUP):
            found = self._answered(chunk, [code.text for code in chunk], self.store.find)
            if found is not None:
                judged += self._judged_found(chunk, {code.id: sighting(found.get(code.text)) for code in chunk})
        return judged

    def _judged_found(
        self, chunk: list[ClaimedCode], found: dict[int, Sighting | None]
    ) -> list[tuple[ClaimedCode, Sighting | None, Judgement]]:
        foreign = self.rows.foreign_refs(chunk, [seen.ref for seen in found.values() if seen])
        judged, adopted = [], {}
        for code in chunk:
            seen = found[code.id]
            verdict = judge_found(code, seen, is_ours=seen is not None and seen.ref not in foreign)
            owned = code
            if verdict.step == Step.ADOPT and seen is not None:
                adopted[code.id] = seen.ref
                owned = self.held[code.id] = replace(code, ref=seen.ref)
                verdict = judge(owned, seen, now=self.clock(), margins=self.margins)
            judged.append((owned, seen, verdict))
        if adopted:
            self.rows.keep_refs(adopted)
        return judged

    def _sorted_out(
        self, judged: list[tuple[ClaimedCode, Sighting | None, Judgement]]
    ) -> dict[Step, list[tuple[ClaimedCode, Sighting | None]]]:
        """Settle what needs no write; give the rest by step."""
        writes: dict[Step, list[tuple[ClaimedCode, Sighting | None]]] = defaultdict(list)
        right = []
        for code, seen, found in judged:
            if found.step == Step.CONFIRM:
                right.append(settled(code, seen))
            elif found.step in {Step.SWITCH, Step.SET_WINDOW, Step.CREATE}:
                writes[found.step].append((code, seen))
            else:
                self._settle_oddity(code, seen, found)
        self._confirm(right)
        return writes

    def _settle_oddity(self, code: ClaimedCode, seen: Sighting | None, found: Judgement) -> None:
        if found.step == Step.FLAG_DRIFT:
            self.rows.flag_drift(code, status=status_of(seen), reason=drift_sentence(code, seen))
            self.held.pop(code.id, None)
        elif found.step == Step.LOOK_LATER:
            self._wait([code], look_again_at(code, self.clock(), self.margins), found.reason)
        else:
            self._give_up([code], "conflict" if found.step == Step.CONFLICT else "failed", found.reason)

    # -- write ----------------------------------------------------------------------------------------------

    def _switch_all(self, wanted: dict[Step, list[tuple[ClaimedCode, Sighting | None]]]) -> list[ClaimedCode]:
        """Switch both ways, then wait for every job. Gives the codes whose job ended."""
        jobs: dict[str, list[ClaimedCode]] = {}
        codes = [code for code, _ in wanted[Step.SWITCH]]
        for active in (True, False):
            for chunk in self._chunks([c for c in codes if c.wants_active == active], self.store.batch_size):
                self._switch(chunk, active, jobs)
        return self._hold_until_done(jobs)

    def _switch(self, chunk: list[ClaimedCode], active: bool, jobs: dict[str, list[ClaimedCode]]) -> None:
        fenced = self._fenced(chunk, "switch")
        if not fenced:
            return
        try:
            job = self.store.switch([code.ref for code in fenced], active=active)
        except AccessRefused:
            raise
        except FateUnknown as error:
            self._unsure(fenced, error)
        except StoreError as error:
            self._split_or_put_off(fenced, active, jobs, error)
        else:
            self._answered_write()
            jobs.setdefault(job, []).extend(fenced)
            self.in_flight.update((code.id, code) for code in fenced)

    def _split_or_put_off(
        self, fenced: list[ClaimedCode], active: bool, jobs: dict[str, list[ClaimedCode]], error: StoreError
    ) -> None:
        """One bad code must not hold the others: halve a refused batch until only the bad ones remain."""
        if not (isinstance(error, BatchRefused) or error.permanent):
            self._put_off(fenced, error)
            self._count_unanswered(error)
        elif len(fenced) == 1:
            self._give_up(fenced, "failed", error.reason)
        else:
            half = len(fenced) // 2
            self._switch(fenced[:half], active, jobs)
            self._switch(fenced[half:], active, jobs)

    def _hold_until_done(self, jobs: dict[str, list[ClaimedCode]]) -> list[ClaimedCode]:
        """Poll until every job ended or patience did. A job says nothing of its codes: they are read back."""
        done: list[ClaimedCode] = []
        pending, wait, since = dict(jobs), FIRST_POLL, self.clock()
        while pending and self.clock() - since < timedelta(seconds=self.margins.job_patience):
            self.sleep(wait)
            wait = min(SLOWEST_POLL, wait * 1.5)
            self._keep_hold()
            for job in self._ended(pending):
                done += pending.pop(job)
        for codes in pending.values():
            self._unsure(codes, FateUnknown("The store has not finished the change yet."))
        self._acknowledged(done)
        return [self._as_written(code, "switch") for code in done]

    def _ended(self, pending: dict[str, list[ClaimedCode]]) -> list[str]:
        try:
            answers = self.store.jobs_done(list(pending))
        except AccessRefused:
            raise
        except StoreError:
            return []
        return [job for job, ended in answers.items() if ended and job in pending]

    def _set_windows(self, wanted: list[tuple[ClaimedCode, Sighting | None]]) -> list[ClaimedCode]:
        written: list[ClaimedCode] = []
        shown = {code.id: seen for code, seen in wanted}
        for chunk in self._chunks([code for code, _ in wanted], GROUP):
            fenced = self._fenced(chunk, "window")
            windows = {code.ref: self._window(code, shown[code.id]) for code in fenced}
            refusals = self._written(fenced, lambda windows=windows: self.store.set_window(windows)) if fenced else None
            if refusals is None:
                continue
            for code in fenced:
                if refusals.get(code.ref):
                    self._give_up([code], "failed", refusals[code.ref])
            written += self._done([code for code in fenced if not refusals.get(code.ref)], "window")
        return written

    def _window(self, code: ClaimedCode, seen: Sighting | None) -> tuple[datetime, datetime | None]:
        """The planned window; without a planned start the store's own, which a deactivation never loses."""
        starts_at = code.starts_at or (seen.starts_at if seen else None) or self.clock()
        return starts_at, code.ends_at

    def _create(self, wanted: list[tuple[ClaimedCode, Sighting | None]]) -> list[ClaimedCode]:
        written: list[ClaimedCode] = []
        for chunk in self._chunks([code for code, _ in wanted], GROUP):
            fenced = self._fenced(chunk, "create")
            specs = self.rows.specs(fenced) if fenced else {}
            listed = [specs[code.id] for code in fenced]
            answers = self._written(fenced, lambda listed=listed: self.store.create(listed)) if fenced else None
            if answers is None:
                continue
            made = {code.id: answer.ref for code, answer in zip(fenced, answers, strict=True) if answer.ref}
            self.rows.keep_refs(made)
            for code, answer in zip(fenced, answers, strict=True):
                self._refused_create(code, answer.refusal, taken=answer.taken)
            whole = [replace(code, ref=made[code.id]) for code in fenced if code.id in made]
            written += self._done(whole, "create")
        return written

    def _refused_create(self, code: ClaimedCode, refusal: str, *, taken: bool) -> None:
        if taken:  # someone was faster, or our own lost create: the next pass looks it up by its text
            self._wait([code], self.clock() + backoff(code.attempts, self.jitter(), self.margins), refusal)
        elif refusal:
            self._give_up([code], "failed", refusal)

    # -- read back ------------------------------------------------------------------------------------------

    def _read_back(self, written: list[ClaimedCode]) -> None:
        right, now = [], self.clock()
        for code, seen in self._read(written):
            if is_right(code, seen, now):
                right.append(settled(code, seen))
            elif self.clock() < look_again_at(code, now, self.margins):
                self._wait([code], look_again_at(code, now, self.margins), "Waiting for the store to show the change.")
            else:
                reason = f"The store still shows {status_of(seen)} after the change."
                self._wait([code], now + backoff(code.attempts, self.jitter(), self.margins), reason)
        self._confirm(right)

    # -- the small steps all of these share -----------------------------------------------------------------

    def _chunks(self, codes: list[ClaimedCode], size: int) -> Iterator[list[ClaimedCode]]:
        """Groups of codes we still hold; none any more once we are asked to stop."""
        for start in range(0, len(codes), size):
            if self.should_stop():
                return
            self._keep_hold()
            held = [code for code in codes[start : start + size] if code.id in self.held]
            if held:
                yield held

    def _keep_hold(self) -> None:
        now = self.clock()
        if self.held_at is None or now - self.held_at < timedelta(seconds=self.margins.lease / 3):
            return
        alive = self.rows.hold(list(self.held))
        self.held = {key: code for key, code in self.held.items() if key in alive}
        self.held_at = now

    def _fenced(self, chunk: list[ClaimedCode], how: str) -> list[ClaimedCode]:
        """The codes whose intent nobody changed since we claimed them; the others wait for a new claim."""
        kept = self.rows.fence(chunk, how)
        moved = [code.id for code in chunk if code.id not in kept]
        if moved:
            self.rows.let_go(moved)
            for code_id in moved:
                self.held.pop(code_id, None)
        return [code for code in chunk if code.id in kept]

    def _written(self, fenced: list[ClaimedCode], write: Callable[[], Answer]) -> Answer | None:
        try:
            answer = write()
        except AccessRefused:
            raise
        except FateUnknown as error:
            self._unsure(fenced, error)
            return None
        except StoreError as error:
            if error.permanent:
                self._give_up(fenced, "failed", error.reason)
            else:
                self._put_off(fenced, error)
                self._count_unanswered(error)
            return None
        self._answered_write()
        return answer

    def _done(self, codes: list[ClaimedCode], how: str) -> list[ClaimedCode]:
        self._acknowledged(codes)
        return [self._as_written(code, how) for code in codes]

    def _acknowledged(self, codes: Sequence[ClaimedCode]) -> None:
        for code in codes:
            self.in_flight.pop(code.id, None)
        if codes:
            self.rows.acknowledge(codes)

    def _as_written(self, code: ClaimedCode, how: str) -> ClaimedCode:
        return replace(
            code, last_write_at=self.clock(), acked_active=code.wants_active, written_generation=code.generation,
            written_how=how,
        )  # fmt: skip

    def _unsure(self, codes: list[ClaimedCode], error: StoreError) -> None:
        """The request may still land: remember that apart from when to try again."""
        for code in codes:
            self.in_flight.pop(code.id, None)
        self.rows.suspect(codes, until=self.clock() + self.margins.suspicion)
        self._put_off(codes, error)
        self._count_unanswered(error)

    def _put_off(self, codes: list[ClaimedCode], error: StoreError) -> None:
        tries = max((code.attempts for code in codes), default=0)
        pause = backoff(tries, self.jitter(), self.margins)
        if error.retry_after is not None:
            pause = max(pause, timedelta(seconds=error.retry_after))
        self._wait(codes, self.clock() + pause, error.reason)

    def _wait(self, codes: list[ClaimedCode], until: datetime, reason: str) -> None:
        self.rows.put_off(codes, until=until, reason=reason)
        for code in codes:
            self.held.pop(code.id, None)

    def _give_up(self, codes: list[ClaimedCode], problem: str, reason: str) -> None:
        self.rows.give_up(codes, problem=problem, reason=reason)
        for code in codes:
            self.held.pop(code.id, None)

    def _confirm(self, right: list[Settled]) -> None:
        if right:
            self.rows.confirm(right)
        for one in right:
            self.held.pop(one.code.id, None)

    def _count_unanswered(self, error: StoreError) -> None:
        self.unanswered += 1
        if self.unanswered >= AWAY_AFTER:
            raise StoreAway(error.reason)

    def _answered_write(self) -> None:
        self.unanswered = 0


def sighting(found: StoreCode | None) -> Sighting | None:
    """What the store showed, as the rules read it."""
    if found is None:
        return None
    return Sighting(
        status=str(found.status), starts_at=found.starts_at, ends_at=found.ends_at, codes_count=found.codes_count,
        title=found.title, ref=found.ref,
    )  # fmt: skip


def status_of(seen: Sighting | None) -> str:
    """The word for what the store shows."""
    return "missing" if seen is None else seen.status


def settled(code: ClaimedCode, seen: Sighting | None) -> Settled:
    """The outcome of a code the store agrees with: did we write for this intent, and how."""
    if code.written_generation != code.generation:
        return Settled(code, status_of(seen), "already_so")
    return Settled(code, status_of(seen), "recreated" if code.written_how == "create" else "confirmed")
