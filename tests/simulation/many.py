"""Many runs: over seeds, modes and planted errors, on every processor, with one sum of what they covered."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from tests.simulation.planted import BY_NAME, SOUND
from tests.simulation.run import play

MODES = ("core", "full", "refresh")


@dataclass(slots=True)
class Sum:
    """What many runs came to."""

    mode: str
    runs: int = 0
    wrong: list = field(default_factory=list)  # (seed, sentence)
    coverage: Counter = field(default_factory=Counter)
    steps: int = 0
    ticks: int = 0
    writes: int = 0
    needless: int = 0
    changes: int = 0
    longest: float = 0.0  # seconds from calm until all was settled

    def add(self, told):
        self.runs += 1
        self.coverage += told.coverage
        self.longest = max(self.longest, told.settled_after)
        for name in ("steps", "ticks", "writes", "needless", "changes"):
            setattr(self, name, getattr(self, name) + getattr(told, name))
        if told.wrong:
            self.wrong.append((told.seed, told.wrong))


def one(seed, *, mode, planted="", is_quiet=False):
    """A run by names: what a process of its own can be asked for."""
    try:
        return play(seed, mode, planted=BY_NAME.get(planted, SOUND), is_quiet=is_quiet)
    except Exception as error:
        if planted:  # a planted error may also trip over itself
            return _tripped(seed, mode, error)
        raise


def _tripped(seed, mode, error):
    from tests.simulation.run import Told

    return Told(seed, mode, wrong=f"{type(error).__name__}: {error}")


def play_many(seeds, mode, *, planted="", is_quiet=False, processes=None):
    """The sum of all these runs."""
    total, ask = Sum(mode), partial(one, mode=mode, planted=planted, is_quiet=is_quiet)
    processes = processes or os.cpu_count() or 1
    if processes == 1:
        told = map(ask, seeds)
        for each in told:
            total.add(each)
        return total
    with ProcessPoolExecutor(processes) as pool:
        for each in pool.map(ask, seeds, chunksize=10):
            total.add(each)
    return total


def first_caught(seeds, planted):
    """The first (seed, mode, sentence) in which a planted error is noticed, or None."""
    for seed in seeds:
        for mode in MODES:
            told = one(seed, mode=mode, planted=planted)
            if told.wrong:
                return seed, mode, told.wrong
    return None
