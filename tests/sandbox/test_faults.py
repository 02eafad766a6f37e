"""Each fault does what it is named for, and no more."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.sandbox.in_process import InProcess, sandbox
from tests.sandbox.test_bulk_jobs import BULK, seed, statuses
from tests.sandbox.test_refusals import fingerprint
from tests.sandbox.test_window_rules import CREATE, create, terms, window


def arm(here: InProcess, **fault: Any) -> None:
    """Arm a fault."""
    answer = here.request("POST", "/_sandbox/faults", json=fault)
    assert answer.status_code == 200, answer.text


def send(here: InProcess, code: str = "GLOW1") -> Any:
    """Try to create a discount and answer the HTTP answer."""
    body = {"query": CREATE, "variables": {"input": terms(code)}}
    headers = {"X-Shopify-Access-Token": here.token}
    return here.request("POST", "/admin/api/2026-10/graphql.json", json=body, headers=headers)


@pytest.mark.parametrize(
    ("fault", "status", "effect"),
    [
        ({"kind": "error_before_effect"}, 503, False),
        ({"kind": "error_before_effect", "status": 500}, 500, False),
        ({"kind": "error_after_effect"}, 502, True),
        ({"kind": "timeout", "seconds": 0.01}, 504, True),
        ({"kind": "timeout", "seconds": 0.01, "after": False}, 504, False),
        ({"kind": "html_instead_of_json"}, 200, True),
        ({"kind": "html_instead_of_json", "after": False}, 200, False),
        ({"kind": "truncated_json"}, 200, True),
        ({"kind": "throttle"}, 200, False),
        ({"kind": "throttle", "style": "429"}, 429, False),
    ],
)
def test_broken_answer(fault: dict[str, Any], status: int, effect: bool) -> None:  # a table's column
    with sandbox() as here:
        arm(here, **fault, count=1)
        answer = send(here)
        assert answer.status_code == status
        assert [row["code"] for row in fingerprint(here)] == (["GLOW1"] if effect else [])
        if fault["kind"] == "throttle":
            assert answer.json()["errors"][0]["extensions"]["code"] == "THROTTLED"
            assert ("retry-after" in answer.headers) is (status == 429)
        else:
            with pytest.raises(json.JSONDecodeError):
                answer.json()
        last = here.request("GET", "/_sandbox/requests").json()[-1]
        assert (last["status"], last["fault"]) == (status, fault["kind"])
        assert send(here, "GLOW2").json()["data"]["discountCodeBasicCreate"]["userErrors"] == []
        assert here.request("GET", "/_sandbox/faults").json()["hits"] == {fault["kind"]: 1}


def test_timeout_waits() -> None:
    with sandbox() as here:
        arm(here, kind="timeout", seconds=0.2, count=1)
        began = time.monotonic()
        send(here)
        assert time.monotonic() - began >= 0.2


def test_slow_job() -> None:
    with sandbox(job_seconds=1.0) as here:
        ids = seed(here, 2)
        arm(here, kind="slow_job", seconds=60, count=1)
        here.ask(BULK % "Deactivate", ids=ids)
        here.clock.now += 60
        assert statuses(here) == {"ACTIVE": 2}
        here.clock.now += 1
        assert statuses(here) == {"EXPIRED": 2}


def test_half_failed_job_says_nothing() -> None:
    with sandbox(job_seconds=0.0) as here:
        ids = seed(here, 10)
        arm(here, kind="half_failed_job", count=1)
        payload = here.ask(BULK % "Deactivate", ids=ids)["data"]["discountCodeBulkDeactivate"]
        assert payload["userErrors"] == []
        assert statuses(here) == {"EXPIRED": 5, "ACTIVE": 5}
        assert here.ask("query J($id: ID!) { job(id: $id) { done } }", id=payload["job"]["id"])["data"] == {
            "job": {"done": True}
        }


def test_stale_read_shows_the_window_before() -> None:
    with sandbox() as here:
        gid = create(here)
        before = window(here, gid)
        here.clock.now += 100
        here.ask("mutation D($id: ID!) { discountCodeDeactivate(id: $id) { userErrors { message } } }", id=gid)
        arm(here, kind="stale_read", seconds=5)
        here.clock.now += 4
        assert window(here, gid) == before
        here.clock.now += 2
        assert window(here, gid)["status"] == "EXPIRED"


def test_revoked_token_is_refused_until_a_new_one() -> None:
    with sandbox() as here:
        arm(here, kind="token_revoked")
        answer = send(here)
        assert answer.status_code == 401
        message = "[API] Invalid API key or access token (unrecognized login or wrong password)"
        assert answer.json() == {"errors": message}
        assert fingerprint(here) == []
        keys = here.request("GET", "/_sandbox/info").json()
        grant = {
            "client_id": keys["client_id"],
            "client_secret": keys["client_secret"],
            "grant_type": "client_credentials",
        }
        given = here.request("POST", "/admin/oauth/access_token", data=grant).json()
        assert given["expires_in"] == 86_399
        here.token = given["access_token"]
        assert send(here).json()["data"]["discountCodeBasicCreate"]["userErrors"] == []
        here.clock.now += 86_400
        assert send(here, "GLOW2").status_code == 401


def test_wrong_secret_gets_no_token() -> None:
    with sandbox() as here:
        before = dict(here.store.tokens)
        keys = here.request("GET", "/_sandbox/info").json()
        grant = {"client_id": keys["client_id"], "client_secret": "wrong", "grant_type": "client_credentials"}
        answer = here.request("POST", "/admin/oauth/access_token", json=grant)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert here.store.tokens == before


@pytest.mark.parametrize(
    ("edit", "rows"),
    [
        ({"action": "deactivate"}, [("GLOW1", "EXPIRED")]),
        ({"action": "activate"}, [("GLOW1", "ACTIVE")]),
        ({"action": "delete"}, []),
        ({"action": "rename", "to": "OTHER"}, [("OTHER", "ACTIVE")]),
        ({"action": "add_code", "to": "SECOND"}, [("GLOW1", "ACTIVE"), ("SECOND", "ACTIVE")]),
    ],
)
def test_outside_edit(edit: dict[str, str], rows: list[tuple[str, str]]) -> None:
    with sandbox() as here:
        create(here, "GLOW1")
        arm(here, kind="outside_edit", code="glow1", **edit)
        assert [(row["code"], row["status"]) for row in fingerprint(here)] == rows


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "earthquake"},
        {"kind": "throttle", "often": 1},
        {"kind": "outside_edit", "code": "NONE", "action": "delete"},
        [],
    ],
)
def test_wrong_fault_is_refused(wrong: Any) -> None:
    with sandbox() as here:
        create(here)
        before = fingerprint(here)
        answer = here.request("POST", "/_sandbox/faults", json=wrong or ["x"])
        assert answer.status_code == 400
        assert answer.json()["error"]
        assert fingerprint(here) == before
        assert here.request("GET", "/_sandbox/faults").json() == {"active": [], "hits": {}}


def test_rate_is_seeded() -> None:
    def pattern(number: int) -> list[int]:
        with sandbox() as here:
            arm(here, seed=number)
            arm(here, kind="error_before_effect", rate=0.5)
            return [send(here, f"C{index}").status_code for index in range(20)]

    assert pattern(1) == pattern(1)
    assert pattern(1) != pattern(2)
    assert set(pattern(1)) == {200, 503}


def test_clear_disarms_and_keeps_the_hits() -> None:
    with sandbox() as here:
        arm(here, kind="error_before_effect")
        assert send(here).status_code == 503
        arm(here, clear=True)
        assert send(here).status_code == 200
        assert here.request("GET", "/_sandbox/faults").json() == {"active": [], "hits": {"error_before_effect": 1}}


def test_fault_of_one_operation_leaves_others_alone() -> None:
    with sandbox() as here:
        arm(here, kind="error_before_effect", operation="Bulk")
        assert send(here).status_code == 200
        ids = [row["id"] for row in fingerprint(here)]
        headers = {"X-Shopify-Access-Token": here.token}
        body = {"query": BULK % "Deactivate", "variables": {"ids": ids}}
        assert here.request("POST", "/admin/api/2026-10/graphql.json", json=body, headers=headers).status_code == 503
        assert statuses(here) == {"ACTIVE": 1}
