"""Workers and clients are killed and frozen at random while a faulty store follows. Then calm: is all as asked?

`make test` runs the small tier, `make proof` the large one: a minute and at least fifty kills (trust §4.2).
While the storm lasts, ticks are sampled: a code shown as confirmed is looked up in the store.
"""

from __future__ import annotations

import json
import random
import signal
import threading
import time
from collections import Counter

import pytest

from tests.proof.ground import QUICK_MARGINS, Ground, wait_until
from tests.proof.tier import IS_LARGE, report

SECONDS, LONGEST = (60, 1_800) if IS_LARGE else (15, 60)
WORKERS = 3 if IS_LARGE else 2
FEWEST = {"workers killed": 50, "workers frozen": 10, "clients killed": 10, "ticks sampled": 200} if IS_LARGE else {
    "workers killed": 2, "workers frozen": 1, "clients killed": 1, "ticks sampled": 1,
}  # fmt: skip
CODES = 90
FROZEN = 4.5  # longer than a lease, shorter than the time a lost request may still act
FAULTS = (
    {"kind": "slow_job", "rate": 0.3, "seconds": 1.0},
    {"kind": "half_failed_job", "rate": 0.4},
    {"kind": "error_after_effect", "rate": 0.15, "mutations": True},
    {"kind": "error_before_effect", "rate": 0.15, "mutations": True},
    {"kind": "stale_read", "rate": 0.03, "seconds": 0.8},
    {"kind": "truncated_json", "rate": 0.02},
)


class Storm:
    """Workers and three clients that are killed and started again."""

    def __init__(self, ground, place, sandbox):
        self.ground, self.place, self.sandbox = ground, place, sandbox
        self.rng, self.counts = random.Random(11), Counter()
        self.stop = ground.folder / "stop"
        self.workers = [ground.worker() for _ in range(WORKERS)]
        self.seen, self.calls, self.false_ticks = set(), 0, []
        self.clients = {name: self.client(name) for name in "abc"}

    def client(self, name):
        given = {
            "ground": self.place, "name": name, "notes": str(self.ground.folder / f"{name}.notes"),
            "stop": str(self.stop), "seed_number": 5,
        }  # fmt: skip
        return self.ground.start("-m", "tests.proof.play", "confirm_until_told", json.dumps(given), log="clients")

    def rage(self, seconds):
        """So long, and on a slow machine until there were enough blows."""
        began = time.monotonic()
        acts = [self.kill_worker] * 6 + [self.kill_client, self.freeze_worker]
        while (lasted := time.monotonic() - began) < seconds or (self.is_tame() and lasted < LONGEST):
            time.sleep(self.rng.uniform(0.2, 0.8))
            is_late = lasted > min(seconds, LONGEST / 2)  # then a slow machine gets the blow that it still lacks
            lacks_ice = self.counts["workers frozen"] < FEWEST["workers frozen"]
            (self.freeze_worker if is_late and lacks_ice else self.rng.choice(acts))()
            self.sample_ticks()
        self.lasted = time.monotonic() - began

    def is_tame(self):
        hits = self.sandbox.hits()
        struck = all(hits.get(kind, 0) >= 1 for kind in ("half_failed_job", "error_after_effect"))
        return not struck or any(self.counts[kind] < fewest for kind, fewest in FEWEST.items())

    def sample_ticks(self):
        """What shows a tick before and after a look at the store is there as wanted."""
        before, shown = self.ground.asked(TICKS), self.sandbox.discounts()
        status = {row["code"]: row["status"] for row in shown}
        for tick in set(before) & set(self.ground.asked(TICKS)):
            _, text, is_active, _, _ = tick
            self.counts["ticks sampled"] += 1
            if status.get(text, "EXPIRED") != ("ACTIVE" if is_active else "EXPIRED"):
                self.false_ticks.append((tick, status.get(text)))

    def at_work(self):
        """Workers that were seen to beat, once the store heard from them again: before, they have nothing to lose."""
        if (calls := self.sandbox.calls()) < self.calls + 3:
            return []
        self.calls = calls
        beat = self.ground.folder / "worker.heartbeat"
        self.seen.add(beat.read_text() if beat.exists() else "")
        return [worker for worker in self.workers if str(worker.pid) in self.seen]

    def kill_worker(self):
        if not (grown := self.at_work()):
            return
        victim = self.rng.choice(grown)
        victim.kill()
        victim.wait()
        self.workers[self.workers.index(victim)] = self.ground.worker()
        self.counts["workers killed"] += 1

    def kill_client(self):
        name = self.rng.choice("abc")
        self.clients[name].kill()
        self.clients[name].wait()
        self.clients[name] = self.client(name)
        self.counts["clients killed"] += 1

    def freeze_worker(self):
        """It thaws by itself, unless it is killed before."""
        if not (grown := self.at_work()):
            return
        worker = self.rng.choice(grown)
        worker.send_signal(signal.SIGSTOP)
        threading.Timer(FROZEN, worker.send_signal, [signal.SIGCONT]).start()
        self.counts["workers frozen"] += 1

    def end(self):
        """The clients repeat what they had no answer for, and leave."""
        time.sleep(FROZEN)
        self.stop.touch()
        for client in self.clients.values():
            assert client.wait(60) == 0, self.ground.text_of("clients")[-3000:]

    def notes(self):
        lines = [
            json.loads(line)
            for name in "abc"
            for line in (self.ground.folder / f"{name}.notes").read_text().splitlines()
        ]
        sent = [line["key"] for line in lines if "wish" in line]
        return sent, [(line["key"], line["change"]) for line in lines if "change" in line]


@pytest.fixture(scope="module")
def after_the_storm(tmp_path_factory):
    ground = Ground(tmp_path_factory.mktemp("kills"), **QUICK_MARGINS)
    try:
        sandbox = ground.sandbox()
        place = ground.play("seed", codes=CODES, stores=[sandbox.connection()], settled=False)
        for fault in FAULTS:
            sandbox.fault(**fault)
        storm = Storm(ground, place, sandbox)
        assert wait_until((ground.folder / "a.notes").exists, 60), ground.text_of("clients")
        storm.rage(SECONDS)
        storm.end()
        storm.counts |= Counter(sandbox.calm())
        calm_at = time.monotonic()
        settled = wait_until(lambda: ground.asked(STILL_DUE) == [(0,)], 120, every=0.5)
        storm.counts["drained in"] = round(time.monotonic() - calm_at, 1)
        assert settled, ground.asked(WHAT_IS_DUE)
        yield storm, ground.play("stored", ground=place), sandbox
    finally:
        ground.close()


TICKS = (
    "SELECT s.id, c.text, c.is_active, s.generation, s.observed_at FROM offerwell_storecode s"
    " JOIN offerwell_promocode c ON c.id = s.code_id"
    " WHERE s.generation = s.observed_generation AND s.problem = '' AND s.suspect_until IS NULL"
)
STILL_DUE = "SELECT count(*) FROM offerwell_storecode WHERE due_at IS NOT NULL"
WHAT_IS_DUE = (
    "SELECT code_id, generation, observed_generation, due_at, suspect_until, attempts, problem, last_error,"
    " lease_owner FROM offerwell_storecode WHERE due_at IS NOT NULL LIMIT 5"
)


def test_every_acknowledged_change_exists_exactly_once_with_its_items(after_the_storm):
    storm, stored, _ = after_the_storm
    sent, acknowledged = storm.notes()
    by_key = {change["key"]: change for change in stored["changes"]}
    assert len(by_key) == len(stored["changes"])
    assert {(key, by_key[key]["id"]) for key, _ in acknowledged} == set(acknowledged)
    assert set(by_key) == set(sent)
    assert [change["id"] for change in stored["changes"] if len(change["items"]) != change["changed"]] == []


def test_every_code_is_confirmed_and_nothing_is_left_held(after_the_storm):
    _, stored, _ = after_the_storm
    odd = [
        row
        for row in stored["rows"]
        if (row["generation"] != row["observed_generation"], row["lease_owner"], row["problem"]) != (False, "", "")
    ]
    assert (odd, stored["waiting"]) == ([], 0)
    assert (stored["problems"], stored["chain"]) == ([], None)


def test_the_store_shows_what_was_asked_and_nothing_twice(after_the_storm):
    _, stored, sandbox = after_the_storm
    shown = sandbox.discounts()
    assert len({row["code"] for row in shown}) == len({row["id"] for row in shown}) == len(shown)
    status = {row["code"]: row["status"] for row in shown}
    wanted = {code["text"]: "ACTIVE" if code["is_active"] else "EXPIRED" for code in stored["codes"]}
    never_needed = {text for text, want in wanted.items() if want == "EXPIRED" and text not in status}
    assert status == {text: want for text, want in wanted.items() if text not in never_needed}
    refs = {row["code__text"]: row["ref"] for row in stored["rows"] if row["code__text"] in status}
    assert refs == {row["code"]: row["id"] for row in shown}


def test_no_tick_was_false(after_the_storm):
    storm, _, _ = after_the_storm
    assert storm.false_ticks == []
    assert storm.counts["ticks sampled"] >= FEWEST["ticks sampled"]


def test_the_storm_was_one(after_the_storm):
    storm, stored, sandbox = after_the_storm
    _, acknowledged = storm.notes()
    report("kill run", seconds=round(storm.lasted), answers=len(acknowledged), changes=len(stored["changes"]),
           calls=sandbox.calls(), **storm.counts)  # fmt: skip
    assert "deadlock" not in storm.ground.text_of("worker") + storm.ground.text_of("clients")
    assert {kind: storm.counts[kind] for kind in FEWEST if storm.counts[kind] < FEWEST[kind]} == {}
    assert len(acknowledged) >= (100 if IS_LARGE else 8)
