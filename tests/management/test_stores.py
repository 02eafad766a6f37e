"""`offerwell stores`: list, show, check, pause, resume; and the doctor against a real sandbox store."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from offerwell.actions import examine_store as module
from offerwell.actions.examine_store import TITLE, throw_away_code
from offerwell.integrations.shopify.examined import ExaminedShopify
from offerwell.models import Event, Store
from offerwell.rules import store_expectations as expect
from tests import make
from tests.proof.ground import ROOT, Ground, wait_until
from tests.sync.conftest import running_sandbox, sandbox  # noqa: F401  fixtures

ALL_SCOPES = ["read_discounts", "write_discounts", "read_orders", "read_products"]


@pytest.fixture
def glow(acme, sandbox):  # noqa: F811
    info = sandbox.info()
    store = make.store(acme, "Glow", client_id=info["client_id"], client_secret=info["client_secret"])
    Store.objects.filter(pk=store.pk).update(address=sandbox.address)
    store.refresh_from_db()
    yield store
    sandbox.fault(kind="scopes_changed", scopes=ALL_SCOPES)
    sandbox.fault(clear=True)


def verdicts(body):
    return {one["check"]: one["verdict"] for one in body["findings"]}


def differences(body):
    return {one["check"]: one["seen"] for one in body["findings"] if one["verdict"] == "differs"}


# -- list, show, check, pause, resume ---------------------------------------------------------------------------------


def test_list_and_show_tell_how_stores_are_and_no_secret(told, command, acme, rival, glow):
    make.store(rival, "Theirs")
    make.store(acme, "Old", static_token="shpat_canary", trouble="The store could not be reached.")
    listed, code = told("stores", "list", "--workspace", acme.slug)
    assert ([(one["label"], one["health"], one["access"]) for one in listed], code) == (
        [("Glow", "connected", "client credentials"), ("Old", "trouble", "access token")], 0,
    )  # fmt: skip
    shown, code = told("stores", "show", "glow", "--workspace", acme.slug)
    assert (shown, code) == (listed[0], 0)
    for text in (
        json.dumps(listed), command("stores", "list", "--workspace", acme.slug).output,
        command("stores", "show", "Old", "--workspace", acme.slug).output,
    ):  # fmt: skip
        assert ("shpat_canary" in text, glow.client_secret in text) == (False, False)
    body, code = told("stores", "show", "Theirs", "--workspace", acme.slug)
    assert (body["error"], code) == ("There is no store “Theirs” in this workspace.", 1)
    assert told("stores", "show", str(glow.pk), "--workspace", rival.slug)[1] == 1


def test_check_says_who_answered_or_what_to_do(told, glow, sandbox):  # noqa: F811
    body, code = told("stores", "check", "Glow")
    assert (body["domain"], set(body["scopes"]), code) == ("offerwell-sandbox.myshopify.com", set(ALL_SCOPES), 0)
    sandbox.fault(kind="scopes_changed", scopes=["read_discounts"])
    body, code = told("stores", "check", "Glow")
    assert (body["error"].startswith("Glow: The app lacks the scope write_discounts."), code) == (True, 1)
    assert body["next"] == f"Correct that, then run `offerwell stores check {glow.pk}`."
    Store.objects.update(address="http://127.0.0.1:9")
    body, code = told("stores", "check", "Glow")
    assert ("could not be reached" in body["error"], code) == (True, 1)


def test_pause_and_resume_are_the_switch(told, glow):
    assert told("stores", "pause", "Glow") == ({"store": "Glow", "is_on": False, "changed": True}, 0)
    assert Store.objects.get().is_on is False
    assert told("stores", "pause", "Glow") == ({"store": "Glow", "is_on": False, "changed": False}, 0)
    assert told("stores", "resume", "Glow") == ({"store": "Glow", "is_on": True, "changed": True}, 0)
    assert [event.kind for event in Event.objects.order_by("pk")] == ["store_switched_off", "store_switched_on"]


# -- doctor -----------------------------------------------------------------------------------------------------------


def test_the_doctor_looks_without_writing(told, glow, sandbox):  # noqa: F811
    sandbox.forget_requests()
    body, code = told("stores", "doctor", "Glow")
    assert (verdicts(body), code) == ({one.name: "same" for one in expect.READING}, 0)
    assert (body["differences"], body["wrote"], sandbox.mutations(), sandbox.discounts()) == (0, False, [], {})
    assert body["measured"]["webhook_subscriptions"] == 0
    assert (body["measured"]["bucket_points"], body["measured"]["points_a_second"]) == (1_000_000, 50_000)
    assert Event.objects.count() == 0


def test_on_consent_it_takes_one_discount_through_everything_and_leaves_nothing(told, glow, sandbox):  # noqa: F811
    body, code = told("stores", "doctor", "Glow", "--write", "--yes")
    assert differences(body) == {}
    assert (verdicts(body), code) == ({one.name: "same" for one in (*expect.READING, *expect.WRITING)}, 0)
    assert (len(body["measured"]["job_seconds"]), sandbox.discounts()) == (5, {})
    assert body["measured"]["removed_before"] == 0
    assert {"CreateBasic", "BulkActivate", "BulkDeactivate", "UpdateBasic", "DeleteCode"} == set(sandbox.mutations())
    [event] = Event.objects.all()
    assert (event.kind, throw_away_code(glow) in event.body) == ("store_examined", True)


def test_without_consent_nothing_is_written(told, command, glow, sandbox):  # noqa: F811
    body, code = told("stores", "doctor", "Glow", "--write")
    assert (body["error"], code) == ("Nothing was done: writing to a store needs a confirmation.", 1)
    assert throw_away_code(glow) in body["next"]
    assert command("stores", "doctor", "Glow", "--yes").exit_code == 2
    assert (sandbox.mutations(), Event.objects.count()) == ([], 0)


def test_the_answer_for_people_is_a_table(command, glow):
    result = command("stores", "doctor", "Glow")
    lines = result.stdout.splitlines()
    assert lines[0] == "Offerwell Sandbox (offerwell-sandbox.myshopify.com)"
    assert lines[1].split() == ["Fact", "Expected", "Seen", "Result", "Known", "from"]
    assert "No difference from the sandbox store." in lines
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("fault", "names"),
    [
        ({"kind": "clock_skew", "seconds": 60}, {"clock"}),
        ({"kind": "slow_job", "seconds": 1.5, "operation": "deactivate", "count": 1}, set()),
        ({"kind": "scopes_changed", "scopes": ["read_discounts"]}, {"scopes"}),
    ],
)
def test_what_differs_is_named_and_the_exit_code_says_so(told, glow, sandbox, fault, names):  # noqa: F811
    sandbox.fault(**fault)
    body, code = told("stores", "doctor", "Glow", "--write", "--yes")
    assert (set(differences(body)), code) == (names, 3 if names else 0)
    sandbox.fault(clear=True)
    assert sandbox.discounts() == {}


def test_a_job_that_does_nothing_is_a_difference(told, glow, sandbox, monkeypatch):  # noqa: F811
    monkeypatch.setattr(module, "_READ_PATIENCE", 1.0)
    sandbox.fault(kind="half_failed_job", operation="deactivate", count=1)
    body, code = told("stores", "doctor", "Glow", "--write", "--yes")
    assert (differences(body)["deactivate"].startswith("active, start"), code) == (True, 3)
    assert (sandbox.discounts(), verdicts(body)["delete"]) == ({}, "same")


def test_late_reads_are_measured_and_a_difference(told, glow, sandbox, monkeypatch):  # noqa: F811
    monkeypatch.setattr(expect, "LONGEST_LAG_SECONDS", 1.0)
    sandbox.fault(kind="stale_read", seconds=2, operation="NodeStatuses")
    body, _ = told("stores", "doctor", "Glow", "--write", "--yes")
    assert "read_lag" in differences(body)
    assert 1.0 < max(body["measured"]["read_lag_seconds"]) < 6.0
    sandbox.fault(clear=True)
    assert sandbox.discounts() == {}


def test_a_code_of_somebody_else_is_left_alone(told, glow, sandbox):  # noqa: F811
    code = throw_away_code(glow)
    sandbox.seed([{"code": code, "title": "Somebody's own", "percentage": 0.2}])
    body, exit_code = told("stores", "doctor", "Glow", "--write", "--yes")
    assert (set(differences(body)), exit_code) == ({"create"}, 3)
    assert verdicts(body)["activate"] == "not checked"
    assert sandbox.discounts()[code]["title"] == "Somebody's own"


def test_a_create_without_an_answer_is_a_difference_and_cleaned_up(told, glow, sandbox):  # noqa: F811
    sandbox.fault(kind="error_after_effect", operation="CreateBasic", count=1)
    body, code = told("stores", "doctor", "Glow", "--write", "--yes")
    assert ("is not known" in differences(body)["create"], code, sandbox.discounts()) == (True, 3, {})


def test_a_store_that_charges_otherwise_is_told_with_both_figures(told, glow, monkeypatch):
    from offerwell.integrations.shopify import documents

    monkeypatch.setattr(documents, "IDENTIFY", documents.Operation("identify", points=7))
    body, code = told("stores", "doctor", "Glow")
    assert (differences(body), code) == ({"costs": "otherwise: Identify 3 instead of 7"}, 3)


def test_an_operation_the_store_does_not_know_is_named(told, glow, sandbox, monkeypatch, tmp_path):  # noqa: F811
    from offerwell.integrations.shopify import documents

    for path in documents.FOLDER.iterdir():
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "job_poll.graphql").write_text("query JobPoll($id: ID!) {\n  jobOfOld(id: $id) {\n    id\n  }\n}\n")
    monkeypatch.setattr(documents, "FOLDER", tmp_path)
    documents.text_of.cache_clear()
    try:
        body, code = told("stores", "doctor", "Glow")
    finally:
        documents.text_of.cache_clear()
    assert (differences(body), code) == ({"operations": "not there: jobOfOld in job_poll"}, 3)


def test_a_store_that_is_away_is_refused_in_words(told, glow):
    Store.objects.update(address="http://127.0.0.1:9")
    body, code = told("stores", "doctor", "Glow", "--write", "--yes")
    assert ("could not be reached" in body["error"], code, Event.objects.count()) == (True, 1, 0)


def test_what_cannot_be_removed_is_named(told, glow, sandbox, monkeypatch):  # noqa: F811
    monkeypatch.setattr(ExaminedShopify, "delete", lambda *_: "Not today.")
    body, code = told("stores", "doctor", "Glow", "--write", "--yes")
    assert (body["error"], code) == (
        f"The throw-away code {throw_away_code(glow)} may still be in the store: Not today.", 1,
    )  # fmt: skip
    monkeypatch.undo()
    assert len(sandbox.discounts()) == 1
    body, code = told("stores", "doctor", "Glow", "--write", "--yes")
    assert (body["measured"]["removed_before"], code, sandbox.discounts()) == (1, 0, {})


# -- interrupted: real processes --------------------------------------------------------------------------------------


@pytest.fixture
def ground(tmp_path):
    made = Ground(tmp_path)
    yield made
    made.close()


def begun(ground, *more):
    command = [sys.executable, "-m", "offerwell.management", "stores", "doctor", "Glow", "--write", "--yes", *more]
    process = subprocess.Popen(
        command, cwd=ROOT, env=ground.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    ground.started.append(process)
    return process


def connected(ground):
    shop = ground.sandbox()
    ground.play("seed", codes=0, stores=[shop.connection()])
    return shop


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_removes_its_discount_first(ground, number):
    shop = connected(ground)
    shop.fault(kind="slow_job", seconds=30)
    process = begun(ground)
    assert wait_until(lambda: any(call["operation"] == "BulkDeactivate" for call in shop.requests()), 60)
    assert [row["title"] for row in shop.discounts()] == [TITLE]
    process.send_signal(number)
    _, notes = process.communicate(timeout=30)
    assert (process.returncode, "Stopped." in notes, shop.discounts()) == (1, True, [])


def test_a_killed_run_leaves_a_named_code_that_the_next_one_removes(ground):
    shop = connected(ground)
    shop.fault(kind="slow_job", seconds=30)
    process = begun(ground)
    assert wait_until(lambda: any(call["operation"] == "BulkDeactivate" for call in shop.requests()), 60)
    process.kill()
    process.wait(10)
    [left] = shop.discounts()
    assert left["code"].startswith("OFFERWELL-DOCTOR-")
    shop.calm()
    out, notes = begun(ground, "--json").communicate(timeout=90)
    assert notes == ""
    body = json.loads(out)
    assert (body["measured"]["removed_before"], body["differences"], shop.discounts()) == (1, 0, [])
