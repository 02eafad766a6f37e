"""The simulated store: discounts with their whole past, asynchronous jobs, and requests that go astray.

It shares no rule with the product: what is true of a code is decided here.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import timedelta

from offerwell.integrations.store import (
    AccessRefused,
    BatchRefused,
    Created,
    FateUnknown,
    Renamed,
    StoreCode,
    StoreError,
    WindowStatus,
)
from tests.simulation.faults import LATE, SLOW_JOB, STALE, TIMEOUT
from tests.simulation.world import START, Killed

TITLE, ELSEWHERE = "Summer", "Loyalty"


@dataclass(frozen=True, slots=True)
class Discount:
    """One discount as it was from one moment to the next."""

    ref: str
    text: str
    is_on: bool
    starts_at: object = START - timedelta(days=9)
    ends_at: object = None
    title: str = TITLE
    codes_count: int = 1
    is_ours: bool = True


class Shop:
    """All discounts. `tell` is called with a changed discount: where webhooks come from."""

    def __init__(self, world, faults):
        self.world, self.faults = world, faults
        self.past = {}  # ref → [(moment, Discount or None)], oldest first
        self.owner = {}  # text → ref
        self.poisoned = set()  # refs and texts that no batch may hold
        self.reports = {}  # job of creations → what it told of each code so far
        self.jobs = {}  # job → the moment from which it says that it is done, or None
        self.numbers = itertools.count(1)
        self.tell = lambda discount: None
        self.writes = self.needless = self.made = 0
        self.touched_foreign = []

    def now_of(self, ref):
        return self.past[ref][-1][1] if ref in self.past else None

    def under(self, text):
        """The discount that a shopper who types `text` gets."""
        return self.now_of(self.owner.get(text, ""))

    def was(self, ref, when):
        for moment, discount in reversed(self.past.get(ref, ())):
            if moment <= when:
                return discount
        return None

    def keep(self, discount):
        self.past.setdefault(discount.ref, []).append((self.world.now, discount))
        self.owner[discount.text] = discount.ref
        self.tell(discount)

    def add(self, text, **fields):
        ref = f"d{next(self.numbers)}"
        self.keep(Discount(ref, text, **{"is_on": True, **fields}))
        return ref

    def delete(self, ref):
        gone = self.now_of(ref)
        self.past[ref].append((self.world.now, None))
        self.owner.pop(gone.text, None)
        self.tell(gone)

    def rename(self, ref, text):
        """Another code for a discount. Gives whether that code was free."""
        found = self.now_of(ref)
        if self.owner.get(text, ref) != ref:
            return False
        self.owner.pop(found.text, None)
        self.keep(replace(found, text=text))
        return True

    # -- what a write does when it arrives --------------------------------------------------------------

    def switch(self, refs, active):
        """A job. Each code changes at a moment of its own, or never; the job says nothing of it."""
        job = f"j{next(self.numbers)}"
        took = self.world.between(0.3, 3.0)
        if self.faults.strikes("slow_job"):
            took = self.world.between(30.0, SLOW_JOB)
        is_endless, is_halved = self.faults.strikes("endless_job"), self.faults.strikes("half_failed_job")
        for ref in refs:
            if (is_halved and self.world.rng.random() < 0.5) or self.faults.strikes("silent_item_failure"):
                continue
            self.world.happen(self.world.between(0.0, took), lambda ref=ref: self.switched(ref, active))
        self.jobs[job] = None if is_endless else self.world.now + timedelta(seconds=took)
        return job

    def switched(self, ref, active):
        found = self._about_to_change(ref, lambda old: old.is_on == active)
        if found is None or found.is_on == active:
            return
        self.world.note("store", f"{found.text} {'on' if active else 'off'}")
        self.keep(replace(found, is_on=active, ends_at=None if active else self.world.now))

    def redated(self, ref, window):
        starts_at, ends_at = window
        found = self._about_to_change(ref, lambda old: old.is_on and old.ends_at == ends_at)
        if found is not None:
            is_on = ends_at is None or ends_at > self.world.now
            self.world.note("store", f"{found.text} gets its dates")
            self.keep(replace(found, is_on=is_on, starts_at=starts_at, ends_at=ends_at))

    def _about_to_change(self, ref, is_so):
        found = self.now_of(ref)
        if found is None:
            return None
        self.writes += 1
        self.needless += is_so(found)
        if not found.is_ours:
            self.touched_foreign.append(found.text)
        return found

    def set_windows(self, windows):
        refusals = {ref: "" if self.now_of(ref) else "The store has no such discount." for ref in windows}
        for ref, window in windows.items():
            if not self.faults.strikes("silent_item_failure"):
                self.redated(ref, window)
        return refusals

    def renames(self, texts):
        return {ref: self._renamed(ref, text) for ref, text in texts.items()}

    def _renamed(self, ref, text):
        if self._about_to_change(ref, lambda old: old.text == text) is None:
            return Renamed("The store has no such discount.", is_gone=True)
        if self.faults.strikes("silent_item_failure"):
            return Renamed()
        if not self.rename(ref, text):
            return Renamed("Code must be unique.", taken=True)
        self.world.note("store", f"{ref} is called {text}")
        return Renamed()

    def redate(self, windows):
        return self._one_by_one(windows, self.redated)

    def rename_together(self, texts):
        return self._one_by_one(texts, self._renamed)

    def _one_by_one(self, wanted, change):
        """A job that does each of these at a moment of its own."""
        job, took = f"j{next(self.numbers)}", self.world.between(0.3, 3.0)
        if self.faults.strikes("slow_job"):
            took = self.world.between(30.0, SLOW_JOB)
        is_halved = self.faults.strikes("half_failed_job")
        for ref, value in wanted.items():
            if not (is_halved and self.world.rng.random() < 0.5):
                self.world.happen(self.world.between(0.0, took), lambda ref=ref, value=value: change(ref, value))
        self.jobs[job] = self.world.now + timedelta(seconds=took)
        return job

    def create(self, specs):
        return [self._made(spec) for spec in specs]

    def create_many(self, specs):
        """A job that makes one after the other. One that breaks off halfway tells nothing of the rest."""
        job, took, told = f"j{next(self.numbers)}", self.world.between(0.3, 3.0), {}
        if self.faults.strikes("slow_job"):
            took = self.world.between(30.0, SLOW_JOB)
        is_endless, is_halved = self.faults.strikes("endless_job"), self.faults.strikes("half_failed_job")
        for spec in specs:
            if is_halved and self.world.rng.random() < 0.5:
                continue
            self.world.happen(
                self.world.between(0.0, took), lambda spec=spec: told.__setitem__(spec.code, self._made(spec))
            )
        self.reports[job] = told
        self.jobs[job] = None if is_endless else self.world.now + timedelta(seconds=took)
        return job

    def report(self, job, codes):
        return [None if self.faults.strikes("silent_item_failure") else self.reports[job].get(code) for code in codes]

    def _made(self, spec):
        if spec.code in self.owner:
            return Created(refusal="Code must be unique.", taken=True)
        self.writes, self.made = self.writes + 1, self.made + 1
        is_on = spec.ends_at is None or spec.ends_at > self.world.now
        self.world.note("store", f"{spec.code} made")
        return Created(
            self.add(spec.code, is_on=is_on, starts_at=spec.starts_at, ends_at=spec.ends_at, title=spec.title)
        )


class Connection:
    """One worker's connector: fits `integrations.store.StoreConnector`. Every call may go wrong."""

    batch_size, redate_from, create_from = 3, 3, 3

    def __init__(self, shop, life):
        self.shop, self.life, self.world, self.faults = shop, life, shop.world, shop.faults
        self.nap = life.sleep

    def identify(self):
        self._ask("identify", ())

    def read(self, refs):
        when = self._ask("read", refs)
        return {ref: _shown(self.shop.was(ref, when)) for ref in refs}

    def find(self, codes):
        when = self._ask("find", codes)
        found = {}
        for code in codes:
            shown = _shown(self.shop.was(self.shop.owner.get(code, ""), when))
            found[code] = shown
        return found

    def jobs_done(self, jobs):
        self._ask("jobs_done", ())
        ends = {job: self.shop.jobs.get(job) for job in jobs}
        return {job: end is not None and end <= self.world.now for job, end in ends.items()}

    def switch(self, refs, *, active):
        return self._write("switch", refs, lambda: self.shop.switch(refs, active))

    def create(self, specs):
        return self._write("create", [spec.code for spec in specs], lambda: self.shop.create(specs))

    def create_many(self, specs):
        return self._write("create_many", [spec.code for spec in specs], lambda: self.shop.create_many(specs))

    def created_by(self, job, codes):
        self._ask("created_by", codes)
        return self.shop.report(job, codes)

    def set_window(self, windows):
        return self._write("set_window", list(windows), lambda: self.shop.set_windows(windows))

    def rename(self, texts):
        return self._write("rename", list(texts), lambda: self.shop.renames(texts))

    def rename_together(self, texts):
        return self._write("rename_together", list(texts), lambda: self.shop.rename_together(texts))

    def redate(self, windows):
        return self._write("redate", list(windows), lambda: self.shop.redate(windows))

    def close(self):
        pass

    def _ask(self, call, names):
        """A read. Gives the moment whose state it shows."""
        self.life.step(call, 0.05, 0.6)
        self._refuse(names)
        if self.faults.strikes("read_lost"):
            self.life.sleep(TIMEOUT)
            raise StoreError("No answer.")
        if self.faults.strikes("error_before_effect"):
            raise StoreError("HTTP 503")
        behind = self.world.between(0.0, STALE) if self.faults.strikes("stale_read") else 0.0
        when = self.world.now - timedelta(seconds=behind)
        self.life.step(f"{call} answered", 0.01, 0.2)
        return when

    def _write(self, call, names, effect):
        self.world.note(self.life.name, f"{call} {' '.join(names)}")
        try:
            self.life.step(call, 0.05, 0.6)
        except Killed:
            if self.world.rng.random() < 0.5 and not self.world.is_over:  # it had left already
                self.world.coverage["sent by a dead worker"] += 1
                self.world.happen(self.world.between(0.0, LATE), effect)
            raise
        self._refuse(names)
        if self.faults.strikes("request_lost"):
            self._fall_silent()
        if self.faults.strikes("answer_lost"):
            effect()
            self._fall_silent()
        if self.faults.strikes("applied_late"):
            self.world.happen(self.world.between(0.5, LATE), effect)
            self._fall_silent()
        if self.faults.strikes("error_before_effect"):
            raise FateUnknown("HTTP 503")
        answer = effect()
        if self.faults.strikes("error_after_effect"):
            raise FateUnknown("HTTP 502")
        self.life.step(f"{call} answered", 0.01, 0.2)
        return answer

    def _fall_silent(self):
        self.life.sleep(self.world.rng.choice((1.0, TIMEOUT)))  # a broken connection, or none that ever answers
        raise FateUnknown("No answer.")

    def _refuse(self, names):
        if self.faults.refuses_access():
            raise AccessRefused("HTTP 401", permanent=True)
        if self.faults.strikes("throttle"):
            if self.world.rng.random() < 0.7:
                self.nap(self.world.between(0.5, 90.0))
            else:
                raise StoreError("Throttled.", retry_after=self.world.between(1, 20))
        if self.faults.strikes("busy"):
            raise StoreError("Busy.")
        if any(name in self.shop.poisoned for name in names):
            self.world.coverage["poisoned batches"] += 1
            raise BatchRefused("Invalid id.", permanent=True)


def _shown(discount):
    if discount is None:
        return None
    return StoreCode(
        ref=discount.ref, status=WindowStatus.ACTIVE if discount.is_on else WindowStatus.EXPIRED,
        starts_at=discount.starts_at, ends_at=discount.ends_at, title=discount.title,
        codes_count=discount.codes_count, code=discount.text,
    )  # fmt: skip
