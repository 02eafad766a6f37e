"""The sync in a storm: many seeds, every step checked; planted errors are noticed; calm weather wastes nothing.

A failure names its seed: `python -m tests.simulation --seed 123 --mode core --trace` plays it again, step by step.
CORE: no sweep and no outside edits, which would repair mistakes before anybody sees them. FULL: both.
REFRESH: as CORE, and managers give codes new texts, some of which somebody at the store has taken.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from offerwell.actions.sync_ports import SyncRows
from offerwell.integrations.store import StoreConnector
from tests.proof.tier import IS_LARGE, report
from tests.simulation import faults, planted
from tests.simulation.brand import MemoryRows
from tests.simulation.many import MODES, first_caught, one, play_many
from tests.simulation.shop import Connection

SEEDS = range(3_000) if IS_LARGE else range(120)
PLANTED_SEEDS = 200 if IS_LARGE else 60
# How often each kind of fault must have struck, per hundred runs. The rarest need something rare to happen first.
FEWEST = 12
RARE = {"access_refused": 4, "endless_job": 4, "poisoned": 4, "clock_jump_of_an_hour": 4, "outside_second_code": 4}
OUTSIDE = {*faults.OUTSIDE, "clock_jump_of_an_hour"}
PROCESSES = None if IS_LARGE else 1
NOTICED = [error for error in planted.ALL if error.seen_in]
SURVIVORS = [error for error in planted.ALL if not error.seen_in]
REGRESSIONS = [
    line.split(maxsplit=2)
    for line in Path(__file__).with_name("regression_seeds.txt").read_text().splitlines()
    if line.strip() and not line.startswith("#")
]
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("mode", MODES)
def test_no_step_of_any_storm_is_wrong_and_calm_settles_all(mode):
    total = play_many(SEEDS, mode, processes=PROCESSES)
    report(
        "simulation", mode=mode, runs=total.runs, wrong=len(total.wrong), steps=total.steps, changes=total.changes,
        ticks=total.ticks, writes=total.writes, longest_seconds_to_settle=round(total.longest),
        struck=dict(sorted(total.coverage.items())),
    )  # fmt: skip
    assert total.wrong == []
    assert total.runs == len(SEEDS)
    kinds = set(faults.ALL) - (set() if mode == "full" else OUTSIDE)
    tame = {
        kind: total.coverage[kind]
        for kind in kinds
        if total.coverage[kind] < RARE.get(kind, FEWEST) * len(SEEDS) // 100
    }
    assert tame == {}
    assert min(total.coverage[name] for name in ("replays", "undone", "plans out of date", "retries")) >= 10


def test_without_faults_nothing_is_written_in_vain():
    """At most one write in a thousand finds the store as it should be already."""
    runs = range(500, 700) if IS_LARGE else range(500, 560)
    total = play_many(runs, "core", is_quiet=True, processes=PROCESSES)
    blind = play_many(range(500, 510), "core", planted="blind writes", is_quiet=True, processes=PROCESSES)
    report("needless writes without faults", runs=len(runs), writes=total.writes, needless=total.needless)
    assert total.wrong == []
    assert total.writes > 20 * len(runs)
    assert total.needless <= total.writes // 1000
    assert blind.needless > blind.writes // 50  # the count can count


@pytest.mark.parametrize("error", [one for one in NOTICED if IS_LARGE or not one.is_rare], ids=lambda one: one.name)
def test_a_planted_error_is_noticed(error):
    """The small tier stops at the first seed that shows it, the large one counts."""
    if not IS_LARGE:
        assert first_caught(range(PLANTED_SEEDS), error.name) is not None
        return
    caught = {mode: play_many(range(PLANTED_SEEDS), mode, planted=error.name) for mode in MODES}
    counts = {mode: len(total.wrong) for mode, total in caught.items()}
    report("planted error", name=error.name, of=PLANTED_SEEDS, **counts)
    assert [mode for mode in error.seen_in if not counts[mode]] == []


@pytest.mark.parametrize("error", SURVIVORS if IS_LARGE else SURVIVORS[:1], ids=lambda one: one.name)
def test_what_is_not_noticed_is_written_down(error):
    """Honest about the rest: when one of these is noticed some day, its entry in planted.py changes."""
    counts = {mode: len(play_many(range(PLANTED_SEEDS), mode, planted=error.name).wrong) for mode in MODES}
    quiet = play_many(range(500, 500 + PLANTED_SEEDS), "core", planted=error.name, is_quiet=True)
    report("planted error", name=error.name, of=PLANTED_SEEDS, needless=quiet.needless, writes=quiet.writes,
           because=error.because, **counts)  # fmt: skip
    assert counts == dict.fromkeys(MODES, 0)
    assert error.because
    assert (quiet.needless > quiet.writes // 1000) == error.is_waste


@pytest.mark.parametrize(("mode", "seed", "name"), REGRESSIONS)
def test_seeds_that_were_wrong_once_are_right_now(mode, seed, name):
    """With the error planted again the seed still shows it; without it the same storm is weathered."""
    assert name == "-" or one(int(seed), mode=mode, planted=name).wrong != ""
    assert one(int(seed), mode=mode).wrong == ""


@pytest.mark.parametrize(("port", "copy"), [(SyncRows, MemoryRows), (StoreConnector, Connection)])
def test_the_simulator_knows_every_call_of_the_ports(port, copy):
    """A new call belongs here too, and into tests/simulation/test_tables_agree.py if it is one of the rows."""
    assert {name for name in vars(port) if not name.startswith("_")} - set(dir(copy)) == set()


def test_the_same_seed_is_the_same_run():
    one_time, again = (play_many(range(4), "full", processes=1) for _ in range(2))
    assert (one_time.steps, one_time.coverage, one_time.ticks) == (again.steps, again.coverage, again.ticks)
