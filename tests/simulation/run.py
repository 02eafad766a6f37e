"""One run: a brand, a store, workers, managers, a storm, then calm. And many runs, with what they covered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta

from offerwell.rules.store_sync import Margins
from tests.simulation.brand import Brand
from tests.simulation.checker import Checker, Wrong
from tests.simulation.faults import Faults
from tests.simulation.planted import SOUND
from tests.simulation.shop import ELSEWHERE, Shop
from tests.simulation.worker import Manager, Worker
from tests.simulation.world import START, World

STORM = 420.0  # seconds of virtual time
HOUR = 3600.0


@dataclass(slots=True)
class Told:
    """What came of one run."""

    seed: int
    mode: str
    wrong: str = ""
    coverage: Counter = field(default_factory=Counter)
    steps: int = 0
    ticks: int = 0
    writes: int = 0
    needless: int = 0
    changes: int = 0
    settled_after: float = 0.0
    trace: list | None = None


class Run:
    """The parts of one run, made from its seed."""

    def __init__(self, seed, mode, *, planted=SOUND, is_quiet=False, traced=False):
        self.seed, self.mode, self.planted = seed, mode, planted
        self.is_full, self.has_refreshes = mode == "full", mode == "refresh"
        self.world = World(f"{mode} {seed}", traced=traced)
        self.faults = Faults(
            self.world, is_full=self.is_full, is_quiet=is_quiet, has_refreshes=self.has_refreshes
        )  # fmt: skip
        self.margins = Margins()  # the product's own
        self.brand, self.shop = Brand(), Shop(self.world, self.faults)
        self.may_fail, self.answers = set(), {}
        self._people_the_brand()
        self.shop.tell = self.hint
        self.checker = Checker(self)
        self.world.after_step = self.checker.after_step

    def _people_the_brand(self):
        rng = self.world.rng
        for n in range(1, rng.randint(5, 8) + 1):
            text, ends_at = f"CODE{n}", START + timedelta(days=99) if rng.random() < 0.4 else None
            is_new = rng.random() < 0.3
            ref = "" if is_new else self.shop.add(text, ends_at=ends_at)
            self.brand.add(n, 100 + n, text, ref=ref, ends_at=ends_at, due_at=START if is_new else None)
            if is_new and rng.random() < 0.15:
                self.shop.add(text, title=ELSEWHERE, is_ours=False)
                self.may_fail.add(n)
                self.world.coverage["foreign discounts"] += 1
            if self.faults.strikes("poisoned"):
                self.shop.poisoned |= {text, ref} - {""}
                self.may_fail.add(n)

    # -- hints ----------------------------------------------------------------------------------------------

    def hint(self, discount):
        """The store tells of a change: lost, twice, late."""
        world = self.world
        if self.faults.strikes("hint_lost"):
            return
        for _ in range(2 if self.faults.strikes("hint_twice") else 1):
            late = world.between(5, 120) if self.faults.strikes("hint_late") else world.between(0.05, 2)
            world.happen(late, lambda: self.planted.hint(self, discount))

    def heard(self, told, key):
        """A door answered. Under one key it is always the same change."""
        if told is None:
            return
        change, was_replayed = told
        self.world.coverage["replays"] += was_replayed
        self.world.coverage["undone"] += key == "undo" and not was_replayed
        if key != "undo" and self.answers.setdefault(key, change.id) != change.id:
            raise Wrong(f"{key} was answered with {self.answers[key]} and with {change.id}")

    # -- the other people, and the sweep --------------------------------------------------------------------

    def outsider(self):
        """Somebody at the store's own admin."""
        world, shop = self.world, self.shop
        for row in list(self.brand.rows.values()):
            found = shop.now_of(row.ref)
            if found is None or world.is_calm:
                continue
            if self.faults.strikes("outside_activate") and not found.is_on:
                shop.keep(replace(found, is_on=True, ends_at=None))
            elif self.faults.strikes("outside_deactivate") and found.is_on:
                shop.keep(replace(found, is_on=False, ends_at=world.now))
            elif self.faults.strikes("outside_delete"):
                shop.delete(row.ref)
            elif self.faults.strikes("outside_rename"):
                shop.rename(row.ref, f"{found.text}Z")
            elif self.faults.strikes("outside_second_code"):
                shop.keep(replace(found, codes_count=2))
            else:
                continue
            world.note("outsider", f"touches {found.text}")
            self.may_fail.add(row.code.id)
        if not world.is_calm:
            world.later(world.between(20, 120), self.outsider)

    def sweep(self):
        self.brand.look(self.brand.rows.values(), self.world.now)
        if not self.world.is_calm:
            self.world.later(120, self.sweep)

    # -- from storm to calm ---------------------------------------------------------------------------------

    def play(self):
        world = self.world
        for n in range(3):
            world.start(Worker(self, n), world.between(0, 2))
        for name in ("ana", "ben", "cleo")[: world.rng.randint(2, 3)]:
            world.start(Manager(self, name), world.between(0, 5))
        if self.is_full:
            world.later(60, self.sweep)
            world.later(world.between(10, 60), self.outsider)
        told = Told(self.seed, self.mode)
        try:
            self._storm_and_calm(told)
        except Wrong as wrong:
            told.wrong = str(wrong)
        finally:
            world.after_step = lambda: None
            world.end()
        told.coverage, told.steps, told.ticks = world.coverage, world.steps, self.checker.ticks
        told.writes, told.needless, told.changes = self.shop.writes, self.shop.needless, len(self.brand.changes)
        told.trace = world.trace
        return told

    def _storm_and_calm(self, told):
        world, margins = self.world, self.margins
        world.run(START + timedelta(seconds=STORM))
        world.is_calm, calm_at = True, world.now
        world.note("world", "calm")
        limit = margins.suspicion.total_seconds() + 2 * margins.backoff_cap
        if self.faults.jumps_hours:
            limit += HOUR  # a clock that was ahead has put times into the future
        world.run(calm_at + timedelta(seconds=limit), is_done=self.is_at_rest)
        told.settled_after = (world.now - calm_at).total_seconds()
        if self.is_full:
            self.sweep()
            world.run(world.now + timedelta(seconds=limit), is_done=self.is_at_rest)
        self.checker.at_the_end()

    def is_at_rest(self):
        """Nothing is due, and nothing of ours or of a webhook is on its way."""
        return self.checker.is_settled() and not self.world.to_come


def play(seed, mode, **more):
    """One run."""
    return Run(seed, mode, **more).play()
