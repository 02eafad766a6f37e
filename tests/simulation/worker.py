"""Workers and managers: the tasks of a run. A worker's passes are the product's; what is around them is its loop.

The loop mirrors `actions/sync_store.py` and the due look of `worker/__init__.py`, which need a database and a clock.
"""

from __future__ import annotations

import contextlib
from datetime import timedelta

from offerwell.actions.sync_pass import ACCESS_PAUSE, AWAY_PAUSE, CLAIM_AT_MOST, Interrupted
from offerwell.actions.sync_store import OUR_FAULT
from offerwell.integrations.store import AccessRefused, StoreError
from tests.simulation.brand import PlanOutOfDate
from tests.simulation.faults import PAUSE
from tests.simulation.shop import ELSEWHERE, Connection
from tests.simulation.world import Killed


class OwnError(Exception):
    """An error of our own: a full disk, a lost database, a bug."""


class Life:
    """One process of a worker, from its start to its death."""

    def __init__(self, world, faults, name):
        self.world, self.faults, self.name = world, faults, name
        self.is_dead = self.is_told_to_stop = False
        self.clock_is_off = timedelta(0)

    def clock(self):
        return self.world.now if self.world.is_calm else self.world.now + self.clock_is_off

    def should_stop(self):
        if self.faults.strikes("told_to_stop"):
            self.is_told_to_stop = True
        return self.is_told_to_stop

    def sleep(self, seconds):
        self.step("sleep", seconds, seconds)

    def step(self, what, low, high):
        """One step that takes so long. The process may die or stand still before it is over."""
        self.raise_if_dead()
        self.world.sleep(self.world.between(low, high) + self._stands_still())
        self.raise_if_dead()
        self._may_die(what)
        if self.faults.strikes("clock_jump"):
            self.clock_is_off = timedelta(seconds=self.faults.jump())

    def after(self, what):
        """What just happened is done, but whether we live to hear of it is open."""
        self._may_die(f"{what} done")
        if still := self._stands_still():
            self.world.sleep(still)

    def _stands_still(self):
        if not self.faults.strikes("pause"):
            return 0.0
        self.world.note(self.name, "stands still")
        return self.world.between(*PAUSE)

    def _may_die(self, what):
        if self.faults.strikes("crash"):
            self.world.note(self.name, f"dies at {what}")
            self.is_dead = True
            raise Killed

    def raise_if_dead(self):
        if self.is_dead or self.world.is_over:
            raise Killed


class Steps:
    """Rows whose every call is a step of `life`: others take their turn before it, death may follow it."""

    def __init__(self, rows, life):
        self._rows, self._life = rows, life

    def __getattr__(self, name):
        act, life = getattr(self._rows, name), self._life

        def stepped(*args, **named):
            life.step(name, 0.001, 0.03)
            if life.faults.strikes("own_error"):
                if life.world.rng.random() < 0.5:
                    act(*args, **named)  # committed, and the answer was lost
                raise OwnError(name)
            answer = act(*args, **named)
            life.world.note(life.name, name)
            life.after(name)
            return answer

        return stepped


class Worker:
    """A process that is started again whenever it ended."""

    def __init__(self, run, number):
        self.run, self.number, self.lives = run, number, 0

    def __call__(self):
        world = self.run.world
        while not world.is_over:
            self.lives += 1
            life = Life(world, self.run.faults, f"w{self.number}.{self.lives}")
            try:
                self.live(life)
                world.sleep(world.between(0.5, 5))
            except Killed:
                if world.is_over:
                    return
            try:
                world.sleep(world.between(0.5, 15))
            except Killed:
                return

    def live(self, life):
        while not life.is_told_to_stop:
            life.sleep(self.until_due(life))
            if life.should_stop():
                return
            with contextlib.suppress(OwnError):
                self.follow(life)

    def until_due(self, life):
        """A look each second; where nothing can be due before, the looks in between are left out."""
        now = self.run.world.now
        dues = [row.due_at for row in self.run.brand.rows.values() if row.due_at is not None]
        gap = (min(dues) - now).total_seconds() if dues else 60.0
        return max(self.run.world.between(0.3, 1.2), min(gap, 60.0 if self.run.world.is_calm else 8.0))

    def follow(self, life):
        brand, margins = self.run.brand, self.run.margins
        rows = Steps(self.run.planted.rows(brand, life.name, life.clock, margins), life)
        try:
            self.pass_after_pass(life, rows)
        except (AccessRefused, Interrupted) as error:
            if isinstance(error, AccessRefused):
                rows.note_store(trouble=error.reason, pause=ACCESS_PAUSE)
        except StoreError as error:
            rows.note_store(trouble=error.reason, pause=AWAY_PAUSE)
        except Exception:
            rows.note_store(trouble=OUR_FAULT, pause=AWAY_PAUSE)
            raise

    def pass_after_pass(self, life, rows):
        run, brand = self.run, self.run.brand
        if brand.is_paused(life.clock()):
            return
        connection = Connection(run.shop, life)
        work = run.planted.work(
            connection, rows, life.clock, life.sleep, run.world.rng.random, run.planted.margins(run.margins),
            life.should_stop,
        )  # fmt: skip
        connection.nap = work.nap
        if has_answered := bool(brand.trouble):
            connection.identify()
        while not life.should_stop() and not brand.is_paused(life.clock()):
            if not work.run(run.world.rng.choice((2, 3, CLAIM_AT_MOST)), has_answered=has_answered):
                return
            has_answered = False


class Manager:
    """Somebody who plans, confirms, presses again what got no answer, undoes, retries and asks again."""

    def __init__(self, run, name):
        self.run, self.name, self.sent = run, name, 0

    def __call__(self):
        world = self.run.world
        try:
            while not world.is_calm:
                world.sleep(world.between(1, 30) if world.rng.random() < 0.8 else world.between(40, 200))
                if not world.is_calm:
                    self.act()
        except Killed:
            return

    def act(self):
        chance, brand, world = self.run.world.rng.random(), self.run.brand, self.run.world
        recent = list(brand.changes)[-5:]
        if chance < 0.15 and recent:
            self.run.heard(brand.undo(world.rng.choice(recent), at=world.now), "undo")
        elif chance < 0.25 and recent:
            if brand.retry(world.rng.choice(recent), at=world.now):
                world.coverage["retries"] += 1
        elif self.run.has_refreshes and world.rng.random() < 0.4:
            self.refresh()
        else:
            self.confirm()

    def refresh(self):
        """New texts for some codes. A few of them somebody at the store has taken for a discount of their own."""
        run, world, brand = self.run, self.run.world, self.run.brand
        meant, key = (
            world.rng.sample(list(brand.codes), world.rng.randint(1, len(brand.codes))),
            f"{self.name}-{self.sent}",
        )
        self.sent += 1
        texts = {code_id: f"CODE{code_id}{self.name[0].upper()}{self.sent}" for code_id in sorted(meant)}
        for code_id, text in texts.items():
            if run.faults.strikes("text_taken"):
                run.shop.add(text, title=ELSEWHERE, is_ours=False)
                run.may_fail.add(code_id)
        wanted = self.proposed(texts)
        digest = brand.plan_refresh(wanted)
        world.sleep(world.between(0.1, 4))
        twice = run.faults.strikes("pressed_twice")
        for attempt in range(50):
            try:
                told = brand.refresh(wanted, digest=digest, key=key, at=world.now)
            except PlanOutOfDate:
                world.coverage["plans out of date"] += 1
                wanted = self.proposed(texts)
                digest = brand.plan_refresh(wanted)
                continue
            world.coverage["refreshes"] += not told[1]
            world.note(self.name, f"{key} is change {told[0].id}: {texts}")
            run.heard(told, key)
            if not run.faults.strikes("confirm_unanswered") and not (twice and attempt == 0):
                return
            world.sleep(world.between(0.0, 3))

    def proposed(self, texts):
        """Proposals as of now: each names the change that gave its code the text it has."""
        codes = self.run.brand.codes
        return tuple((code_id, text, codes[code_id].text_change or 0) for code_id, text in texts.items())

    def confirm(self):
        run, world, brand = self.run, self.run.world, self.run.brand
        meant = tuple(sorted(world.rng.sample(list(brand.codes), world.rng.randint(1, len(brand.codes)))))
        to_active, key = world.rng.random() < 0.5, f"{self.name}-{self.sent}"
        self.sent += 1
        digest = brand.plan(meant, to_active, None, world.now)
        world.sleep(world.between(0.1, 4))
        twice = run.faults.strikes("pressed_twice")
        for attempt in range(50):
            try:
                told = run.planted.change(brand, meant, to_active, digest=digest, key=key, at=world.now)
            except PlanOutOfDate:
                world.coverage["plans out of date"] += 1
                digest = brand.plan(meant, to_active, None, world.now)
                continue
            world.note(self.name, f"{key} is change {told[0].id}: {meant} {'on' if to_active else 'off'}")
            run.heard(told, key)
            if not run.faults.strikes("confirm_unanswered") and not (twice and attempt == 0):
                return
            world.sleep(world.between(0.0, 3))
