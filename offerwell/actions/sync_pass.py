"""One pass over one store: claim, read, fence, write, hold until the job ends, read back.

The pass knows neither Django nor Shopify: clock, sleep, randomness, store and rows are ports, so that
a simulator can drive this very code. Source: trust §3; the decisions are in rules/store_sync.py.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from offerwell.actions.sync_ports import Drifted, Settled, SyncRows
from offerwell.integrations.store import (
    AccessRefused,
    BatchRefused,
    Created,
    FateUnknown,
    Renamed,
    StoreCode,
    StoreConnector,
    StoreError,
)
from offerwell.rules.store_sync import (
    MAY_LAND,
    NEVER,
    ClaimedCode,
    Judgement,
    Margins,
    Sighting,
    Step,
    backoff,
    create_may_land,
    has_status,
    has_text,
    is_right,
    judge,
    judge_former,
    judge_found,
    judge_taken,
    look_again_at,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from offerwell.integrations.store import CodeSpec

Answer = TypeVar("Answer")

# One claim may fill fifty reads of 250. Requests that name codes one by one go in the groups a store takes
# at once (Shopify: 200 look-ups, or 90 writes of 10 points each).
CLAIM_AT_MOST = 12_500
LOOK_UPS, WRITES, REDATE_AT_MOST = 200, 90, 5_000
# Codes of one file to create. A store that takes no file now gets so many one by one before it is asked again:
# ten requests, or half a minute to a minute and a half at the pace of a small plan.
CREATE_AT_MOST, MEANWHILE = 5_000, 900
# A code that a file could not create this often goes in small requests, whose answers tell more.
BULK_TRIES = 2
# A job of creations that outlasts our patience is left alone for so long before its codes are looked up.
UNFINISHED_PAUSE = 120.0
# After so many unanswered requests in a row the store is away: stop asking instead of asking for each code.
AWAY_AFTER = 2
# A store that refuses so many requests in a row for good has nothing against single codes.
REFUSING_AFTER = 12
AWAY_PAUSE, ACCESS_PAUSE = timedelta(seconds=2), timedelta(seconds=60)
FIRST_POLL, SLOWEST_POLL = 0.3, 2.0
# A worker told to stop still waits this long for jobs under way: it saves a look at each of their codes.
STOPPING_PATIENCE = timedelta(seconds=8)
LISTEN_EVERY = 1.0  # seconds: how long a sleep may be deaf to a stop


class StoreAway(Exception):
    """The store does not answer. The rows that were not reached stay due."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Interrupted(Exception):
    """While a request waited its turn, we were told to stop or lost our hold: leave without sending it."""


@dataclass(slots=True)
class Pass:
    """One claim's worth of work. `jitter` gives numbers in 0..1.

    `has_answered`: the store is known to answer, so a request without an answer is about its codes.
    `unreached` holds codes whose request had no answer, until the next one tells whose fault that was.
    """

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
    has_answered: bool = False
    unreached: list[tuple[list[ClaimedCode], StoreError]] = field(default_factory=list)
    refused: int = 0
    stop_seen: datetime | None = None

    def run(self, limit: int = CLAIM_AT_MOST, *, has_answered: bool = False) -> int:
        """Claim and settle up to `limit` rows. Gives how many were claimed.

        `has_answered`: the store was asked just now, and is there. Lets no error of the store out: every row
        ends confirmed, put off, given up or let go.
        """
        self.has_answered, self.refused = has_answered, 0
        claimed = self.rows.claim(limit)
        if not claimed:
            return 0
        self.held, self.held_at = {code.id: code for code in claimed}, self.clock()
        try:
            self._settle(claimed)
            self._blame_or_pause()
        except AccessRefused as refused:
            self.rows.note_store(trouble=refused.reason, pause=ACCESS_PAUSE)
        except StoreAway as away:
            self._note_away(away)
        except Interrupted:  # the rows stay due; those in flight are suspect
            return len(claimed)
        finally:
            self._leave()
        return len(claimed)

    def nap(self, seconds: float) -> None:
        """Sleep for the connector, which may wait longer than a lease, without losing our rows.

        Raises Interrupted when asked to stop, or when the sleep outlasted the lease all the same (a paused
        machine): somebody else may have our rows, and what we were about to send may be out of date.
        """
        slice_at_most = min(self.margins.lease / 6, LISTEN_EVERY)
        while seconds > 0:
            if self.should_stop():
                raise Interrupted
            self.sleep(min(seconds, slice_at_most))
            seconds -= slice_at_most
            self._raise_if_overslept()
            self._keep_hold()

    def _raise_if_overslept(self) -> None:
        if self.held_at and self.clock() - self.held_at > timedelta(seconds=self.margins.lease):
            raise Interrupted

    def _blame_or_pause(self) -> None:
        """The pass is over. With answers in it, what went unanswered is put off; without any, the store is away."""
        if self.unreached and not self.has_answered:
            raise StoreAway(*_reason_of(self.unreached[-1][1]))
        self._blame_codes()
        if self.has_answered:
            self.rows.note_store(trouble="", pause=None)

    def _note_away(self, away: StoreAway) -> None:
        """A store that answered just now is newly away: the pause begins small again."""
        if self.has_answered:
            self._blame_codes()
            self.rows.note_store(trouble="", pause=None)
            self.has_answered = False
        pause = AWAY_PAUSE * (0.5 + self.jitter())
        if away.retry_after is not None:
            pause = max(pause, timedelta(seconds=away.retry_after))
        self.rows.note_store(trouble=str(away), pause=pause)

    def _leave(self) -> None:
        """Whatever is still in flight may land after us."""
        if self.in_flight:
            self.rows.suspect(list(self.in_flight.values()), until=self.clock() + self.margins.suspicion)
        self.rows.let_go(list(self.held))
        self.held, self.in_flight, self.unreached = {}, {}, []

    def _settle(self, claimed: list[ClaimedCode]) -> None:
        judged = self._judged(self._read(claimed))
        wanted = self._sorted_out(judged)
        jobs = self._switch_all([code for code, _ in wanted[Step.SWITCH]])
        jobs |= self._redate(wanted[Step.SET_WINDOW])
        creations, one_by_one = self._create_in_bulk([code for code, _ in wanted[Step.CREATE]])
        written = self._set_windows(wanted[Step.SET_WINDOW]) + self._create(one_by_one)
        written += self._hold_until_done(jobs, "switch", creations)
        misnamed = self._free_to_rename(self._read_back([code for code in written if code.id in self.held]))
        renamed = self._rename_all([code for code, _ in wanted[Step.RENAME]] + misnamed)
        self._read_back([code for code in renamed if code.id in self.held])

    # -- look -----------------------------------------------------------------------------------------------

    def _read(self, codes: list[ClaimedCode]) -> list[tuple[ClaimedCode, Sighting | None]]:
        """What the store shows of each code; None for one without a discount there."""
        shown: list[tuple[ClaimedCode, Sighting | None]] = [(code, None) for code in codes if not code.ref]
        for chunk in self._chunks([code for code in codes if code.ref], self.store.batch_size):
            shown += self._asked(chunk, self.store.read, lambda code: code.ref)
        return shown

    def _asked(
        self,
        chunk: list[ClaimedCode],
        question: Callable[[list[str]], Mapping[str, StoreCode | None]],
        name: Callable[[ClaimedCode], str],
    ) -> list[tuple[ClaimedCode, Sighting | None]]:
        """What the store shows of each code; without the codes it gave no answer for."""
        try:
            found = question([name(code) for code in chunk])
        except AccessRefused:
            raise
        except StoreError as error:
            if not isinstance(error, BatchRefused):
                self._unanswered(chunk, error)
                return []
            halves = self._halves(chunk, error)
            return [one for half in halves for one in self._asked(half, question, name)]
        self._answered()
        return [(code, sighting(found.get(name(code)))) for code in chunk]

    def _judged(
        self, shown: list[tuple[ClaimedCode, Sighting | None]]
    ) -> list[tuple[ClaimedCode, Sighting | None, Judgement]]:
        """A judgement for every code; those without a discount are looked up by their text first.

        But not very many that were never tried: a store that creates them by a file refuses a code it has.
        """
        now, untried = self.clock(), self._untried([code for code, _ in shown])
        judged, missing = [], []
        for code, seen in shown:
            found = judge(code, seen, now=now, margins=self.margins)
            if found.step == Step.CREATE and code.id in untried:
                judged.append((code, seen, found))
            elif found.step == Step.CREATE or (not code.ref and code.is_push):
                missing.append(code)
            else:
                judged.append((code, seen, found))
        return judged + self._looked_up(missing)

    def _untried(self, codes: list[ClaimedCode]) -> set[int]:
        found = {code.id for code in codes if code.wants_active and code.is_untried}
        return found if len(found) >= self.store.create_from else set()

    def _looked_up(self, missing: list[ClaimedCode]) -> list[tuple[ClaimedCode, Sighting | None, Judgement]]:
        judged = []
        for chunk in self._chunks(missing, LOOK_UPS):
            found = self._asked(chunk, self.store.find, lambda code: code.text)
            if found:
                judged += self._judged_found(found)
        return self._former_looked_up(judged)

    def _former_looked_up(
        self, judged: list[tuple[ClaimedCode, Sighting | None, Judgement]]
    ) -> list[tuple[ClaimedCode, Sighting | None, Judgement]]:
        """Codes that nobody has under their text now: a lost create of ours may have left one of their former texts."""
        left = {one[0].id: one for one in judged if one[0].former_texts and _has_none_of_ours(*one[1:])}
        settled_ones = [one for one in judged if one[0].id not in left]
        for turn in range(max((len(code.former_texts) for code, _, _ in left.values()), default=0)):
            asked = [code for code, _, _ in left.values() if len(code.former_texts) > turn]
            unasked = {code.id for code in asked}
            for chunk in self._chunks(asked, LOOK_UPS):
                unasked -= {code.id for code in chunk}
                found = self._asked(chunk, self.store.find, lambda code: code.former_texts[turn])  # noqa: B023  asked now
                adopted = self._adopted_former(found)
                there = {code.id for code, _ in found} - {code.id for code, _, _ in adopted}
                for code in chunk:
                    if code.id not in there:  # adopted, or put off without an answer
                        del left[code.id]
                settled_ones += adopted
            for code_id in unasked:  # told to stop, or no longer ours: nobody looked, so nothing is known
                del left[code_id]
        now = self.clock()
        return settled_ones + [
            one if one[2].step == Step.CONFLICT else (one[0], None, judge_former(one[0], None, is_ours=False, now=now))
            for one in left.values()
        ]

    def _adopted_former(
        self, found: list[tuple[ClaimedCode, Sighting | None]]
    ) -> list[tuple[ClaimedCode, Sighting | None, Judgement]]:
        """Those that have a discount of ours under the text that was asked for."""
        shown = [(code, seen) for code, seen in found if seen is not None]
        foreign = self.rows.foreign_refs([code for code, _ in shown], [seen.ref for _, seen in shown]) if shown else ()
        adopted: list[tuple[ClaimedCode, Sighting | None, Judgement]] = []
        for code, seen in shown:
            is_ours = seen.ref not in foreign
            if judge_former(code, seen, is_ours=is_ours, now=self.clock()).step == Step.ADOPT:
                owned = self.held[code.id] = replace(code, ref=seen.ref)
                adopted.append((owned, seen, judge(owned, seen, now=self.clock(), margins=self.margins)))
        if adopted:
            self.rows.keep_refs({owned.id: owned.ref for owned, _, _ in adopted})
        return adopted

    def _judged_found(
        self, found: list[tuple[ClaimedCode, Sighting | None]]
    ) -> list[tuple[ClaimedCode, Sighting | None, Judgement]]:
        foreign = self.rows.foreign_refs([code for code, _ in found], [seen.ref for _, seen in found if seen])
        judged, adopted, now = [], {}, self.clock()
        for code, seen in found:
            is_ours = seen is not None and seen.ref not in foreign
            verdict = judge_found(code, seen, is_ours=is_ours, now=now, margins=self.margins)
            owned = code
            if verdict.step == Step.ADOPT and seen is not None:
                adopted[code.id] = seen.ref
                owned = self.held[code.id] = replace(code, ref=seen.ref)
                verdict = judge(owned, seen, now=now, margins=self.margins)
            judged.append((owned, seen, verdict))
        if adopted:
            self.rows.keep_refs(adopted)
        return judged

    def _sorted_out(
        self, judged: list[tuple[ClaimedCode, Sighting | None, Judgement]]
    ) -> dict[Step, list[tuple[ClaimedCode, Sighting | None]]]:
        """Settle what needs no write; give the rest by step."""
        writes: dict[Step, list[tuple[ClaimedCode, Sighting | None]]] = defaultdict(list)
        right, drifted, later = [], [], defaultdict(list)
        for code, seen, found in judged:
            if found.step == Step.CONFIRM:
                right.append(settled(code, seen))
            elif found.step == Step.FLAG_DRIFT:
                drifted.append(Drifted(code, seen, found.reason))
            elif found.step in {Step.SWITCH, Step.SET_WINDOW, Step.CREATE, Step.RENAME}:
                writes[found.step].append((code, seen))
            elif found.step == Step.LOOK_LATER:
                later[self._later(code), found.reason].append(code)
            else:
                self._give_up([code], "conflict" if found.step == Step.CONFLICT else "failed", found.reason)
        for (until, reason), codes in later.items():
            self._wait(codes, until, reason)
        self._flag(drifted)
        self._confirm(right)
        return writes

    def _later(self, code: ClaimedCode) -> datetime:
        """When reads may be trusted over our own write; past that, less and less often, and once nothing can land."""
        trusted, now = look_again_at(code, self.clock(), self.margins), self.clock()
        if trusted > now:
            return trusted
        later = now + backoff(code.attempts, self.jitter(), self.margins)
        return min(later, code.create_until) if code.create_until and create_may_land(code, now) else later

    def _flag(self, drifted: list[Drifted]) -> None:
        if drifted:
            self.rows.flag_drifts(drifted)
        for one in drifted:
            self.held.pop(one.code.id, None)

    # -- write ----------------------------------------------------------------------------------------------

    def _switch_all(self, codes: list[ClaimedCode]) -> dict[str, list[ClaimedCode]]:
        """Ask for every switch, both ways. Gives the codes of each job."""
        jobs: dict[str, list[ClaimedCode]] = {}
        for active in (True, False):
            for chunk in self._chunks([c for c in codes if c.wants_active == active], self.store.batch_size):
                self._switch(chunk, jobs, active=active)
        return jobs

    def _switch(self, chunk: list[ClaimedCode], jobs: dict[str, list[ClaimedCode]], *, active: bool) -> None:
        """One request for what is still ours of the chunk; one bad code is found by halving what is refused."""
        fenced = self._fenced(chunk, "switch")
        if not fenced:
            return
        try:
            job = self._sent(fenced, lambda: self.store.switch([code.ref for code in fenced], active=active))
        except StoreError as error:
            for half in self._halves(fenced, error):
                self._switch(half, jobs, active=active)
        else:
            if job is not None:
                jobs.setdefault(job, []).extend(fenced)

    def _sent(self, fenced: list[ClaimedCode], write: Callable[[], Answer]) -> Answer | None:
        """The answer to a write, whose codes stay in flight; None after the codes were seen to without one.

        A write counts as in flight before it is sent: nothing that interrupts us may lose that it was.
        Raises the store's refusal of the whole batch.
        """
        self.in_flight.update((code.id, code) for code in fenced)
        try:
            answer = write()
        except FateUnknown as error:
            self._unsure(fenced)
            self._unanswered(fenced, error)
            return None
        except StoreError as error:
            self._landed(fenced)
            if isinstance(error, AccessRefused) or _is_refusal(error):
                raise
            self._unanswered(fenced, error)
            return None
        self._answered()
        return answer

    def _hold_until_done(
        self, jobs: dict[str, list[ClaimedCode]], how: str, creations: Mapping[str, list[ClaimedCode]] | None = None
    ) -> list[ClaimedCode]:
        """Poll until every job ended or patience did, and give the codes to read back.

        A job of changes says nothing of its codes; one of creations is asked what it made as soon as it
        has ended.
        """
        done: list[ClaimedCode] = []
        made: list[ClaimedCode] = []
        creations = creations or {}
        pending, wait, since = {**jobs, **creations}, FIRST_POLL, self.clock()
        patience = timedelta(seconds=self.margins.job_patience)
        while pending and self.clock() - since < patience and not self._is_time_to_leave():
            self.sleep(wait)
            wait = min(SLOWEST_POLL, wait * 1.5)
            self._keep_hold()
            for job in self._ended(pending):
                ended = pending.pop(job)
                if job in creations:
                    made += self._learn_created(job, ended)
                else:
                    done += ended
        for job, codes in pending.items():
            pause = UNFINISHED_PAUSE if job in creations else None
            self._unsure(codes)
            self._put_off(codes, FateUnknown("The store has not finished the change yet.", retry_after=pause))
        return self._done(done, how) + made

    def _is_time_to_leave(self) -> bool:
        if not self.should_stop():
            return False
        self.stop_seen = self.stop_seen or self.clock()
        return self.clock() - self.stop_seen > STOPPING_PATIENCE

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
        unsure = {code.id for codes, _ in self.unreached for code in codes}
        left = [code for code, _ in wanted if code.id not in self.in_flight and code.id not in unsure]
        for chunk in self._chunks(left, WRITES):
            written += self._set_window(chunk, shown)
        return written

    def _redate(self, wanted: list[tuple[ClaimedCode, Sighting | None]]) -> dict[str, list[ClaimedCode]]:
        """Many planned windows as one job: set one by one, ten thousand would take a quarter of an hour.

        A store that takes no such job now gets them one by one.
        """
        shown = {code.id: seen for code, seen in wanted}
        jobs: dict[str, list[ClaimedCode]] = {}
        if len(wanted) < self.store.redate_from:
            return jobs
        for chunk in self._chunks([code for code, _ in wanted], REDATE_AT_MOST):
            fenced = self._fenced(chunk, "window")
            windows = {code.ref: self._window(code, shown[code.id]) for code in fenced}
            job = self._job(fenced, lambda windows=windows: self.store.redate(windows))  # type: ignore[misc]
            if job is not None:
                jobs.setdefault(job, []).extend(fenced)
        return jobs

    def _job(self, fenced: list[ClaimedCode], ask: Callable[[], str]) -> str | None:
        """One job for all of these, or None: no such job now."""
        if not fenced:
            return None
        try:
            return self._sent(fenced, lambda: self._job_asked(ask))
        except BatchRefused:
            return None

    def _job_asked(self, ask: Callable[[], str]) -> str:
        """The job. Whatever else goes wrong for certain counts as "no such job now": one by one will tell more."""
        try:
            return ask()
        except (AccessRefused, FateUnknown):
            raise
        except StoreError as error:
            raise BatchRefused(error.reason, permanent=True) from error

    def _set_window(self, chunk: list[ClaimedCode], shown: dict[int, Sighting | None]) -> list[ClaimedCode]:
        def write(codes: list[ClaimedCode]) -> Mapping[str, str]:
            return self.store.set_window({code.ref: self._window(code, shown[code.id]) for code in codes})

        return self._each_told(chunk, "window", write, self._refused_windows)

    def _refused_windows(self, codes: list[ClaimedCode], refusals: Mapping[str, str]) -> list[ClaimedCode]:
        for code in codes:
            if refusals.get(code.ref):
                self._give_up([code], "failed", refusals[code.ref])
        return [code for code in codes if not refusals.get(code.ref)]

    def _each_told(
        self,
        chunk: list[ClaimedCode],
        how: str,
        write: Callable[[list[ClaimedCode]], Answer],
        refused: Callable[[list[ClaimedCode], Answer], list[ClaimedCode]],
    ) -> list[ClaimedCode]:
        """One write that answers code by code; `refused` sees to those it was not done for. Gives the others."""
        fenced = self._fenced(chunk, how)
        if not fenced:
            return []
        try:
            answers = self._sent(fenced, lambda: write(fenced))
        except StoreError as error:
            halves = self._halves(fenced, error)
            return [code for half in halves for code in self._each_told(half, how, write, refused)]
        if answers is None:
            return []
        self._landed(fenced)
        return self._done(refused(fenced, answers), how)

    def _window(self, code: ClaimedCode, seen: Sighting | None) -> tuple[datetime, datetime | None]:
        """The planned window; without a planned start the store's own, which a deactivation never loses."""
        shown = seen.starts_at if seen else None
        if code.is_redated and shown is not None:  # no planned start means: now
            shown = min(shown, self.clock())
        return code.starts_at or shown or self.clock(), None if code.ends_at == NEVER else code.ends_at

    def _create_in_bulk(self, wanted: list[ClaimedCode]) -> tuple[dict[str, list[ClaimedCode]], list[ClaimedCode]]:
        """Ask for many creations as jobs, by kind of discount. Gives the codes of each job, and those left."""
        jobs: dict[str, list[ClaimedCode]] = {}
        one_by_one = [code for code in wanted if code.attempts >= BULK_TRIES]
        refused: list[ClaimedCode] = []
        for group in self._by_kind([code for code in wanted if code.attempts < BULK_TRIES]):
            if len(group) < self.store.create_from:
                one_by_one += group
                continue
            for chunk in self._chunks(group, CREATE_AT_MOST):
                if not refused and (fenced := self._fenced(chunk, "create")):
                    job = self._create_job(fenced)
                    refused += fenced if job == "" else []
                    jobs |= {job: fenced} if job else {}
                else:
                    refused += [code for code in chunk if code.id in self.held]
        # The rest stays due, blamed for nothing: the next pass asks for a file again.
        self._set_aside(refused[MEANWHILE:])
        return jobs, one_by_one + refused[:MEANWHILE]

    def _by_kind(self, codes: list[ClaimedCode]) -> list[list[ClaimedCode]]:
        """A job makes discounts of one kind. Fewer codes than any job takes need not be sorted."""
        if len(codes) < self.store.create_from:
            return [codes]
        groups: dict[str, list[ClaimedCode]] = defaultdict(list)
        specs = self.rows.specs(codes)
        for code in codes:
            groups[specs[code.id].terms.kind].append(code)
        return list(groups.values())

    def _create_job(self, fenced: list[ClaimedCode]) -> str | None:
        """The job; empty where the store takes none now; None where its fate is not known."""
        specs = self.rows.specs(fenced)
        try:
            return self._sent(fenced, lambda: self._create_asked([specs[code.id] for code in fenced]))
        except BatchRefused:
            return ""

    def _create_asked(self, specs: list[CodeSpec]) -> str:
        """The job. Whatever else goes wrong for certain counts as "no such job now": no code is to blame."""
        try:
            return self.store.create_many(specs)
        except (AccessRefused, FateUnknown):
            raise
        except StoreError as error:
            raise BatchRefused(error.reason, permanent=True) from error

    def _learn_created(self, job: str, codes: list[ClaimedCode]) -> list[ClaimedCode]:
        """What an ended job made, refused or does not tell. Nothing of it is on its way any more."""
        try:
            answers = self.store.created_by(job, [code.text for code in codes])
        except AccessRefused:
            raise
        except StoreError as error:
            self._landed(codes)
            self._put_off(codes, error)
            return []
        known = [(code, answer) for code, answer in zip(codes, answers, strict=True) if answer is not None]
        untold = [code for code, answer in zip(codes, answers, strict=True) if answer is None]
        self._landed(untold)
        self._put_off(
            untold, StoreError("The store's report leaves this code out. It is looked up before it is tried.")
        )
        return self._keep_created([code for code, _ in known], [answer for _, answer in known])

    def _set_aside(self, codes: list[ClaimedCode]) -> None:
        self.rows.let_go([code.id for code in codes])
        for code in codes:
            self.held.pop(code.id, None)

    def _create(self, wanted: list[ClaimedCode]) -> list[ClaimedCode]:
        unsure = {code.id for codes, _ in self.unreached for code in codes}
        left = [code for code in wanted if code.id not in self.in_flight and code.id not in unsure]
        return [made for chunk in self._chunks(left, WRITES) for made in self._create_some(chunk)]

    def _create_some(self, chunk: list[ClaimedCode]) -> list[ClaimedCode]:
        fenced = self._fenced(chunk, "create")
        if not fenced:
            return []
        specs = self.rows.specs(fenced)
        try:
            answers = self._sent(fenced, lambda: self.store.create([specs[code.id] for code in fenced]))
        except StoreError as error:
            return [code for half in self._halves(fenced, error) for code in self._create_some(half)]
        return [] if answers is None else self._keep_created(fenced, answers)

    def _keep_created(self, codes: list[ClaimedCode], answers: Sequence[Created]) -> list[ClaimedCode]:
        """Keep the ids at once, and settle what was refused. Gives the codes that were made."""
        made = {code.id: answer.ref for code, answer in zip(codes, answers, strict=True) if answer.ref}
        self.rows.keep_refs(made)
        self._landed(codes)
        refused: dict[tuple[bool, str], list[ClaimedCode]] = defaultdict(list)
        for code, answer in zip(codes, answers, strict=True):
            if answer.refusal:
                refused[answer.taken, answer.refusal].append(code)
        for (taken, refusal), group in refused.items():
            self._refused_create(group, refusal, taken=taken)
        return self._done([replace(code, ref=made[code.id]) for code in codes if code.id in made], "create")

    def _refused_create(self, codes: list[ClaimedCode], refusal: str, *, taken: bool) -> None:
        if taken:  # someone was faster, or our own lost create: the next pass looks it up by its text
            self._put_off(codes, StoreError(refusal))
        else:
            self._give_up(codes, "failed", refusal)

    def _free_to_rename(self, codes: list[ClaimedCode]) -> list[ClaimedCode]:
        """Those whose old text nothing of ours can take any more; the others keep it until then."""
        now = self.clock()
        for code in codes:
            if create_may_land(code, now):
                self._wait([code], self._later(code), MAY_LAND.reason)
        return [code for code in codes if code.id in self.held]

    def _rename_all(self, wanted: list[ClaimedCode]) -> list[ClaimedCode]:
        """New texts by the discounts' own ids. Many at their first try travel as one job, the others one by one."""
        jobs = self._rename_jobs([code for code in wanted if not code.attempts])
        unsure = {code.id for codes, _ in self.unreached for code in codes}
        left = [code for code in wanted if code.id not in self.in_flight and code.id not in unsure]
        written = [code for chunk in self._chunks(left, WRITES) for code in self._rename(chunk)]
        return written + self._hold_until_done(jobs, "rename")

    def _rename_jobs(self, codes: list[ClaimedCode]) -> dict[str, list[ClaimedCode]]:
        jobs: dict[str, list[ClaimedCode]] = {}
        if len(codes) < self.store.redate_from:
            return jobs
        for chunk in self._chunks(codes, REDATE_AT_MOST):
            fenced = self._fenced(chunk, "rename")
            texts = {code.ref: code.text for code in fenced}
            job = self._job(fenced, lambda texts=texts: self.store.rename_together(texts))  # type: ignore[misc]
            if job is not None:
                jobs.setdefault(job, []).extend(fenced)
        return jobs

    def _rename(self, chunk: list[ClaimedCode]) -> list[ClaimedCode]:
        def write(codes: list[ClaimedCode]) -> Mapping[str, Renamed]:
            return self.store.rename({code.ref: code.text for code in codes})

        return self._each_told(chunk, "rename", write, self._refused_texts)

    def _refused_texts(self, codes: list[ClaimedCode], answers: Mapping[str, Renamed]) -> list[ClaimedCode]:
        for code in codes:
            if answers[code.ref].is_gone:  # the next pass finds that out too, and creates it
                self._put_off([code], StoreError(answers[code.ref].refusal))
            elif answers[code.ref].refusal and not answers[code.ref].taken:
                self._give_up([code], "failed", answers[code.ref].refusal)
        self._settle_taken([code for code in codes if answers[code.ref].taken])
        return [code for code in codes if not answers[code.ref].refusal]

    def _settle_taken(self, codes: list[ClaimedCode]) -> None:
        """The store has each text already: another code of ours lets go of it soon, anybody else is a conflict."""
        found = self._asked(codes, self.store.find, lambda code: code.text) if codes else []
        foreign = self.rows.foreign_refs(codes, [seen.ref for _, seen in found if seen]) if found else set()
        for code, seen in found:
            verdict = judge_taken(code, seen, is_ours=seen is not None and seen.ref in foreign)
            if verdict.step == Step.CONFLICT:
                self._give_up([code], "conflict", verdict.reason)
            else:
                self._put_off([code], StoreError(verdict.reason))

    # -- read back ------------------------------------------------------------------------------------------

    def _read_back(self, written: list[ClaimedCode]) -> list[ClaimedCode]:
        """Settle what was written. Gives the codes whose status is right now and whose text is still to follow."""
        misnamed: list[ClaimedCode] = []
        right: list[Settled] = []
        hidden: dict[datetime, list[ClaimedCode]] = defaultdict(list)
        wrong: dict[str, list[ClaimedCode]] = defaultdict(list)
        for code, seen in self._read(written):
            now = self.clock()
            if is_right(code, seen, now):
                right.append(settled(code, seen))
            elif code.written_how != "rename" and seen is not None and has_status(code, seen, now):
                misnamed.append(code)
            elif code.written_how == "rename" and seen is not None and has_text(code, seen, now):
                hidden[now].append(code)  # its text is ours, its status comes next
            elif now < (again := look_again_at(code, now, self.margins)):
                hidden[again].append(code)
            else:
                wrong[status_of(seen) if seen is None or has_text(code, seen, now) else seen.text].append(code)
        for until, codes in hidden.items():
            self._wait(codes, until, "Waiting for the store to show the change.")
        for status, codes in wrong.items():
            self._put_off(codes, StoreError(f"The store still shows {status} after the change."))
        self._confirm(right)
        return misnamed

    # -- the small steps all of these share -----------------------------------------------------------------

    def _chunks(self, codes: list[ClaimedCode], size: int) -> Iterator[list[ClaimedCode]]:
        """Groups of codes we still hold; none any more once we are asked to stop.

        Codes that were put off again and again come in smaller and smaller groups: where one of them makes
        the store fail, the others get away from it.
        """
        for group in _groups(codes, size):
            if self.should_stop():
                return
            self._keep_hold()
            held = [code for code in group if code.id in self.held]
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

    def _halves(self, codes: list[ClaimedCode], error: StoreError) -> list[list[ClaimedCode]]:
        """What to ask again after a refusal of all: two halves, or nothing once the bad code is found."""
        if isinstance(error, AccessRefused):
            raise error
        if isinstance(error, BatchRefused):
            self._answered()
        else:
            self.refused += 1
        if self.refused >= REFUSING_AFTER:
            raise StoreAway(error.reason, error.retry_after)
        if len(codes) == 1:
            self._give_up(codes, "failed", error.reason)
            return []
        half = len(codes) // 2
        return [codes[:half], codes[half:]]

    def _done(self, codes: list[ClaimedCode], how: str) -> list[ClaimedCode]:
        if codes and how == "rename":
            self.rows.renamed(codes)
        elif codes:
            self.rows.acknowledge(codes)
        self._landed(codes)
        return [self._as_written(code, how) for code in codes]

    def _landed(self, codes: Sequence[ClaimedCode]) -> None:
        """Nothing of ours is on its way to these codes any more."""
        for code in codes:
            self.in_flight.pop(code.id, None)

    def _as_written(self, code: ClaimedCode, how: str) -> ClaimedCode:
        acked = code.acked_active if how == "rename" else code.wants_active
        return replace(
            code, last_write_at=self.clock(), acked_active=acked, written_generation=code.generation, written_how=how,
        )  # fmt: skip

    def _unsure(self, codes: list[ClaimedCode]) -> None:
        """The request may still land: remember that apart from when to try again."""
        self.rows.suspect(codes, until=self.clock() + self.margins.suspicion)
        self._landed(codes)

    def _answered(self) -> None:
        """The store is there, so what went unanswered before was about its codes."""
        self.has_answered, self.refused = True, 0
        self._blame_codes()

    def _unanswered(self, codes: list[ClaimedCode], error: StoreError) -> None:
        self.unreached.append((codes, error))
        if len(self.unreached) >= AWAY_AFTER:
            raise StoreAway(*_reason_of(error))

    def _blame_codes(self) -> None:
        for codes, error in self.unreached:
            self._put_off(codes, error)
        self.unreached = []

    def _put_off(self, codes: list[ClaimedCode], error: StoreError) -> None:
        """Each code by its own number of tries: one that fails often must not slow the others down."""
        tries: dict[int, list[ClaimedCode]] = defaultdict(list)
        for code in codes:
            tries[code.attempts].append(code)
        for attempts, group in tries.items():
            pause = backoff(attempts, self.jitter(), self.margins)
            if error.retry_after is not None:
                pause = max(pause, timedelta(seconds=error.retry_after))
            self._wait(group, self.clock() + pause, error.reason)

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


def _groups(codes: list[ClaimedCode], size: int) -> Iterator[list[ClaimedCode]]:
    sized: dict[int, list[ClaimedCode]] = defaultdict(list)
    for code in codes:
        sized[max(1, size >> min(20, max(0, code.attempts - 1)))].append(code)
    for at_most, group in sized.items():
        yield from (group[start : start + at_most] for start in range(0, len(group), at_most))


def _is_refusal(error: StoreError) -> bool:
    """Whether asking the same again is useless, so that fewer codes at a time must find the bad one."""
    return isinstance(error, BatchRefused) or error.permanent


def _has_none_of_ours(seen: Sighting | None, verdict: Judgement) -> bool:
    """Whether nobody has the text that was looked up, or somebody else has."""
    return verdict.step == Step.CONFLICT or (seen is None and verdict.step in {Step.CREATE, Step.CONFIRM})


def _reason_of(error: StoreError) -> tuple[str, float | None]:
    return error.reason, error.retry_after


def sighting(found: StoreCode | None) -> Sighting | None:
    """What the store showed, as the rules read it."""
    if found is None:
        return None
    return Sighting(
        status=str(found.status), starts_at=found.starts_at, ends_at=found.ends_at, codes_count=found.codes_count,
        title=found.title, ref=found.ref, text=found.code, refusal=found.refusal,
    )  # fmt: skip


def status_of(seen: Sighting | None) -> str:
    """The word for what the store shows."""
    return "missing" if seen is None else seen.status


def settled(code: ClaimedCode, seen: Sighting | None) -> Settled:
    """The outcome of a code the store agrees with: did we write for this intent, and how."""
    if code.written_generation != code.generation:
        return Settled(code, status_of(seen), "already_so")
    return Settled(code, status_of(seen), "recreated" if code.written_how == "create" else "confirmed")
