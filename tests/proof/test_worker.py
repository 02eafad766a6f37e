"""The worker process: told to stop it leaves in time, and it works without the queue."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from offerwell.worker import LEAVE_WITHIN, sweep_once
from tests import make
from tests.proof.ground import QUICK_MARGINS, Ground, wait_until


@pytest.fixture
def ground(tmp_path):
    made = Ground(tmp_path, **QUICK_MARGINS)
    yield made
    made.close()


def busy_worker(ground, sandbox, **fault):
    """A worker that has just sent its change, to a store that will not be done with it soon."""
    place = ground.play("seed", codes=3, stores=[sandbox.connection()], settled=False)
    worker = ground.worker()
    assert wait_until(lambda: ground.asked(UNCONFIRMED) == [(0,)], 60), ground.text_of("worker")
    sandbox.fault(**fault)
    sandbox.forget_requests()
    ground.play("change_all", ground=place, to_active=False)
    assert wait_until(lambda: any(call["mutation"] for call in sandbox.requests()), 30), ground.text_of("worker")
    return worker


UNCONFIRMED = "SELECT count(*) FROM offerwell_storecode WHERE due_at IS NOT NULL"
HELD = "SELECT count(*) FROM offerwell_storecode WHERE lease_owner <> ''"
SUSPECT = "SELECT count(*) FROM offerwell_storecode WHERE suspect_until IS NOT NULL"


def test_told_to_stop_during_a_long_job_it_leaves_in_seconds_and_remembers(ground):
    sandbox = ground.sandbox()
    worker = busy_worker(ground, sandbox, kind="slow_job", seconds=60)
    began = time.monotonic()
    worker.terminate()
    assert worker.wait(25) == 0
    assert time.monotonic() - began < 16
    assert (ground.asked(HELD), ground.asked(SUSPECT)) == ([(0,)], [(3,)])


@pytest.mark.slow
def test_told_to_stop_while_a_request_hangs_it_leaves_within_its_time(ground):
    """What it held is taken over when the lease ends, and is suspect then (tests/sync)."""
    sandbox = ground.sandbox()
    worker = busy_worker(ground, sandbox, kind="timeout", seconds=29, operation="JobPoll")
    time.sleep(1)
    began = time.monotonic()
    worker.terminate()
    assert worker.wait(25) == 0
    assert time.monotonic() - began < LEAVE_WITHIN + 4


def test_the_sweep_needs_no_queue_and_keeps_one_job_per_store(acme, monkeypatch):
    store = make.store(acme)
    make.code(make.enrollment(make.offer(acme, stores=[store])), stores=[store], settled=False)
    monkeypatch.setattr("offerwell.worker.timezone.now", lambda: make.NOW)
    asked = []
    monkeypatch.setattr("offerwell.worker.run_job", lambda name, store_id: asked.append((name, store_id)))
    running = {}
    with ThreadPoolExecutor(1) as pool:
        sweep_once(pool, running)
        running[("sync_store", store.pk)].result(5)
        sweep_once(pool, running)
        running[("sync_store", store.pk)].result(5)
        block = pool.submit(time.sleep, 0.2)
        sweep_once(pool, running)
        sweep_once(pool, running)
        block.result(5)
    followed = [job for job in asked if job[0] == "sync_store"]
    assert (followed, json.dumps(make.wake_ups)) == ([("sync_store", store.pk)] * 3, "[]")
    assert ("audit_store", store.pk) in asked
