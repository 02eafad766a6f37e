"""Virtual time, tasks that take turns, and one source of chance: the same seed gives the same run.

A task is a greenlet: the product's blocking code runs in it unchanged and gives up its turn at every port call.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import greenlet

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class Killed(BaseException):
    """kill -9. Whatever runs on while the stack unwinds (`finally`) meets it again at its next port call."""


class World:
    """The queue of what happens next. `run` takes turns until a moment, and looks after every step."""

    def __init__(self, seed, *, traced=False):
        self.rng = random.Random(seed)
        self.now = START
        self.coverage = Counter()
        self.is_calm = self.is_over = False
        self.after_step = lambda: None
        self.steps = self.to_come = 0
        self.trace = [] if traced else None
        self._queue, self._numbers = [], itertools.count()
        self._tasks = []
        self._hub = greenlet.getcurrent()

    def at(self, when, act):
        heapq.heappush(self._queue, (when, next(self._numbers), act))

    def later(self, seconds, act):
        self.at(self.now + timedelta(seconds=seconds), act)

    def happen(self, seconds, act):
        """Something outside our workers takes effect later: a write that lands, a webhook that arrives."""
        self.to_come += 1

        def arrives():
            self.to_come -= 1
            act()

        self.later(seconds, arrives)

    def start(self, body, delay=0.0):
        task = greenlet.greenlet(body, parent=self._hub)
        self._tasks.append(task)
        self.later(delay, task.switch)

    def sleep(self, seconds):
        """Give up the turn of the running task for so long."""
        self.later(seconds, greenlet.getcurrent().switch)
        self._hub.switch()
        if self.is_over:
            raise Killed

    def between(self, low, high):
        return low + (high - low) * self.rng.random()

    def note(self, who, what):
        if self.trace is not None:
            self.trace.append(f"{(self.now - START).total_seconds():10.3f}  {who:<10} {what}")

    def run(self, until, *, is_done=lambda: False):
        """Take turns up to `until`, or sooner when `is_done`."""
        while self._queue and self._queue[0][0] <= until and not is_done():
            when, _, act = heapq.heappop(self._queue)
            self.now = max(self.now, when)
            act()
            self.steps += 1
            self.after_step()

    def end(self):
        """Unwind the tasks that are left; none of them does anything any more."""
        self.is_over = True
        for task in self._tasks:
            if task:
                task.throw(Killed)
