"""Real processes whose token has run out: one of them renews it, nobody is blocked meanwhile, a kill loses nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.proof.ground import ROOT, Ground, wait_until

DOMAIN = "offerwell-sandbox.myshopify.com"
TURN = "SELECT token_turn FROM offerwell_store"


@pytest.fixture
def ground(tmp_path):
    made = Ground(tmp_path)
    yield made
    made.close()


@pytest.fixture
def sandbox(ground):
    return ground.sandbox()


@pytest.fixture
def store(ground, sandbox):
    """An installed store whose access token has run out."""
    keys = sandbox.connection()
    asked = {"client_id": keys["client_id"], "scope": "", "redirect_uri": "http://127.0.0.1:9/", "state": "s"}
    answer = sandbox.http.post("/admin/oauth/authorize", data={**asked, "decision": "install"})
    code = dict(parse_qsl(urlsplit(answer.headers["location"]).query))["code"]
    number = ended(begun(ground, "install", **keys, code=code))
    sandbox.forget_requests()
    return number


def begun(ground, verb, **given):
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.proof.tokens", verb, json.dumps(given)],
        cwd=ROOT, env=ground.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    ground.started.append(process)
    return process


def ended(process):
    out, problems = process.communicate(timeout=120)
    assert process.returncode == 0, problems[-3000:]
    return json.loads(out.splitlines()[-1])


def renewals(sandbox):
    return [call["status"] for call in sandbox.requests() if call["operation"] == "refresh_token"]


def test_of_many_processes_one_renews_and_writers_are_not_held_up(ground, sandbox, store):
    sandbox.fault(kind="timeout", operation="refresh_token", seconds=3)
    begin_at = time.time() + 4
    asking = [begun(ground, "ask", store=store, begin_at=begin_at) for _ in range(4)]
    writing = begun(ground, "write", store=store, begin_at=begin_at + 1)
    assert [ended(process) for process in asking] == [DOMAIN] * 4
    assert renewals(sandbox) == [200]
    assert ended(writing) < 2.5  # far below the three seconds for which the token endpoint was silent
    assert ground.asked(TURN) == [("",)]


def test_a_process_killed_between_the_answer_and_the_save_costs_one_turn_and_no_installation(ground, sandbox, store):
    killed = begun(ground, "ask", store=store, begin_at=0, turn_seconds=3, die=True)
    assert killed.wait(60) == 9
    assert (renewals(sandbox), ground.asked(TURN) == [("",)]) == ([200], False)
    assert ended(begun(ground, "ask", store=store, begin_at=0)) == DOMAIN
    assert (renewals(sandbox), ground.asked(TURN)) == ([200, 200], [("",)])
    # And the next renewal goes on from the pair that was kept.
    sandbox.fault(kind="token_expired")
    assert ended(begun(ground, "ask", store=store, begin_at=0)) == DOMAIN
    assert wait_until(lambda: renewals(sandbox) == [200, 200, 200], 5)
