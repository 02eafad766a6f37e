"""Scheduled changes with real processes: on time, once, and never both cancelled and made."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from tests.proof.ground import QUICK_MARGINS, ROOT, Ground, Sandbox, free_port, wait_until

SKEW_SECONDS = 30


@pytest.fixture
def ground(tmp_path):
    made = Ground(tmp_path, **QUICK_MARGINS)
    yield made
    made.close()


def begin(here, verb, **given):
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.proof.play_schedule", verb, json.dumps(given)],
        cwd=ROOT, env=here.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    here.started.append(process)
    return process


def ended(process):
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err[-3000:]
    return json.loads(out.splitlines()[-1])


def play(here, verb, **given):
    return ended(begin(here, verb, **given))


def another_sandbox(ground):
    """A second shop, with a state of its own."""
    port = free_port()
    state = str(ground.folder / "other-shop")
    ground.start("-m", "offerwell.sandbox", "--port", str(port), "--pacing", "off", "--state", state, log="sandbox")
    sandbox = Sandbox(f"http://127.0.0.1:{port}")
    assert wait_until(sandbox.answers, 60), ground.text_of("sandbox")
    return sandbox


def states(ground):
    return [state for (state,) in ground.asked("SELECT state FROM offerwell_scheduledchange ORDER BY id")]


def test_on_time_though_every_thread_of_the_worker_is_kept_by_a_store(ground):
    """Both sweep threads wait for a store's job of a minute; the schedule has its own.

    The wake-ups of the change before are lost, so that it is the sweep that follows the stores.
    """
    sandboxes = [ground.sandbox(), another_sandbox(ground)]
    connections = [one.connection(label) for one, label in zip(sandboxes, ("Glow", "Glow US"), strict=True)]
    place = ground.play("seed", codes=4, stores=connections, settled=False)
    ground.worker()
    unconfirmed = "SELECT count(*) FROM offerwell_storecode WHERE due_at IS NOT NULL"
    assert wait_until(lambda: ground.asked(unconfirmed) == [(0,)], 90), ground.text_of("worker")
    for sandbox in sandboxes:
        sandbox.fault(kind="slow_job", seconds=60)
        sandbox.forget_requests()
    ground.env["OFFERWELL_REDIS_URL"] = f"redis://127.0.0.1:{free_port()}/0"
    ground.play("change_all", ground=place, to_active=False)
    ground.env["OFFERWELL_REDIS_URL"] = ""
    busy = wait_until(lambda: all(any(c["mutation"] for c in one.requests()) for one in sandboxes), 60)
    assert busy, ground.text_of("worker")
    play(ground, "schedule", ground=place, wait=2, back=6, to_active=True)
    assert wait_until(lambda: states(ground) == ["done"], 2 * SKEW_SECONDS + 6), ground.text_of("worker")
    found = play(ground, "stored", ground=place)
    (row,) = found["schedules"]
    assert 0 <= row["late"] < SKEW_SECONDS
    assert 0 <= row["back_late"] < SKEW_SECONDS
    assert (found["changes"], found["items"], found["active"], found["chain"]) == (3, 12, 0, None)


def test_killed_between_the_change_and_the_mark_it_is_made_once(ground):
    place = ground.play("seed", codes=5)
    schedule_id = play(ground, "schedule", ground=place, wait=0.5)
    time.sleep(1)
    process = begin(ground, "die_before_the_mark", schedule_id=schedule_id)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (-9, "written\n"), err
    found = play(ground, "stored", ground=place)
    assert (found["changes"], found["active"], found["schedules"][0]["state"]) == (0, 5, "waiting")
    for _ in range(2):
        ground.worker()
    assert wait_until(lambda: states(ground) == ["done"], 60), ground.text_of("worker")
    time.sleep(2)
    found = play(ground, "stored", ground=place)
    assert (found["changes"], found["items"], found["active"], found["chain"]) == (1, 5, 0, None)


def test_four_workers_at_the_same_moment_make_each_once(ground):
    place = ground.play("seed", codes=20)
    members = place["members"]
    ids = play(ground, "schedule_each", ground=place, groups=[members[n : n + 5] for n in range(0, 20, 5)])
    start_at = time.time() + 6
    racing = [begin(ground, "run_at_once", ids=ids, start_at=start_at) for _ in range(4)]
    for process in racing:
        ended(process)
    found = play(ground, "stored", ground=place)
    assert (found["changes"], found["items"], found["active"], found["chain"]) == (4, 20, 0, None)
    assert [row["state"] for row in found["schedules"]] == ["done"] * 4


def test_cancel_against_run_is_one_or_the_other(ground):
    place = ground.play("seed", codes=12)
    ids = play(ground, "schedule_each", ground=place, groups=[[member] for member in place["members"]])
    refused = play(ground, "cancel_against_run", ground=place, ids=ids)
    found = play(ground, "stored", ground=place)
    made = [row["id"] for row in found["schedules"] if row["change"]]
    assert sorted(refused) == made
    assert {row["state"] for row in found["schedules"] if row["id"] in made} <= {"done"}
    assert {row["state"] for row in found["schedules"] if row["id"] not in made} <= {"cancelled"}
    assert (found["changes"], found["active"], found["chain"]) == (len(made), 12 - len(made), None)
