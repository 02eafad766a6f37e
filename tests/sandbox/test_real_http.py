"""The whole store over real HTTP: speed, restarts, kill -9, imports."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING

from tests.sandbox.real_server import RealServer, real_server
from tests.sandbox.test_bulk_jobs import BULK
from tests.sandbox.test_window_rules import CREATE, terms

if TYPE_CHECKING:
    from pathlib import Path

READ = "query Read($ids: [ID!]!) { nodes(ids: $ids) { ... on DiscountCodeNode { id codeDiscount { ... on DiscountCodeBasic { status } } } } }"


def seed(server: RealServer, count: int) -> list[str]:
    """Fill the store by one call of JSON lines and answer the ids."""
    lines = "\n".join(
        json.dumps({"code": f"GLOW{n}", "title": "Founders Club", "percentage": 20}) for n in range(count)
    )
    assert server.http.post("/_sandbox/seed", content=lines).json() == {
        "created": count,
        "already_there": 0,
        "reset": False,
    }
    return [row["id"] for row in server.discounts()]


def wait_for(server: RealServer, status: str, seconds: float = 10.0) -> int:
    """Wait until every discount has a status; answer how many have."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        rows = server.discounts()
        if all(row["status"] == status for row in rows):
            return len(rows)
        time.sleep(0.1)
    return sum(row["status"] == status for row in server.discounts())


def test_ten_thousand_codes_in_few_calls() -> None:
    with real_server("--pacing", "off") as server:
        ids = seed(server, 10_010)
        server.http.delete("/_sandbox/requests")
        began = time.monotonic()
        for start in range(0, len(ids), 250):
            part = ids[start : start + 250]
            assert {node["codeDiscount"]["status"] for node in server.ask(READ, ids=part)["data"]["nodes"]} == {
                "ACTIVE"
            }
            assert server.ask(BULK % "Deactivate", ids=part)["data"]["discountCodeBulkDeactivate"]["userErrors"] == []
        assert wait_for(server, "EXPIRED") == 10_010
        assert time.monotonic() - began < 20
        summary = server.http.get("/_sandbox/requests/summary").json()
        assert (summary["calls"], summary["mutations"], summary["throttled"]) == (82, 41, 0)
        assert summary["cost"] == 41 * 10 + 41 * 2


def test_restart_and_kill_find_the_same_store(tmp_path: Path) -> None:
    options = ("--state", str(tmp_path / "store.db"), "--job-seconds", "1.5")
    with real_server(*options) as server:
        ids = seed(server, 300)
        server.ask(BULK % "Deactivate", ids=ids[:100])
        assert wait_for(server, "EXPIRED", 0) == 0
        before = server.info["client_id"], server.info["client_secret"]
        assert server.ask(CREATE, input=terms("ANSWERED"))["data"]["discountCodeBasicCreate"]["userErrors"] == []
        server.stop(signal.SIGKILL)  # at once after the answer, with a job still promised
        server.start()
        assert (server.info["client_id"], server.info["client_secret"]) == before
        assert len(server.discounts()) == 301
        assert server.http.get("/_sandbox/discounts?code=answered").json()[0]["code"] == "ANSWERED"
        end = time.monotonic() + 10
        while server.http.get("/_sandbox/info").json()["counts"]["pending_jobs"] and time.monotonic() < end:
            time.sleep(0.1)
        assert sum(row["status"] == "EXPIRED" for row in server.discounts()) == 100
        rows = server.discounts()
        assert server.stop(signal.SIGTERM) == 0
        server.start()
        assert server.discounts() == rows
        assert "errors" not in server.ask(READ, ids=ids[:1])  # the token lives on as well


def test_import_of_json_lines() -> None:
    stage = (
        'mutation { stagedUploadsCreate(input: [{resource: BULK_MUTATION_VARIABLES, filename: "codes.jsonl", '
        'mimeType: "text/jsonl", httpMethod: POST}]) { stagedTargets { url parameters { name value } } } }'
    )
    run = (
        "mutation Run($mutation: String!, $path: String!) { bulkOperationRunMutation(mutation: $mutation, stagedUploadPath: $path) "
        "{ bulkOperation { id status } userErrors { message code } } }"
    )
    poll = "query Poll($id: ID!) { bulkOperation(id: $id) { status objectCount url errorCode } }"
    with real_server() as server:
        (target,) = server.ask(stage)["data"]["stagedUploadsCreate"]["stagedTargets"]
        fields = {item["name"]: item["value"] for item in target["parameters"]}
        lines = "\n".join(json.dumps({"input": terms(code)}) for code in [*(f"GLOW{n}" for n in range(500)), "glow7"])
        assert server.http.post(target["url"], data=fields, files={"file": lines.encode()}).status_code == 201
        started = server.ask(run, mutation=CREATE, path=fields["key"])["data"]["bulkOperationRunMutation"]
        assert started["userErrors"] == []
        end = time.monotonic() + 20
        while time.monotonic() < end:
            done = server.ask(poll, id=started["bulkOperation"]["id"])["data"]["bulkOperation"]
            if done["status"] == "COMPLETED":
                break
            time.sleep(0.1)
        assert (done["status"], done["objectCount"], done["errorCode"]) == ("COMPLETED", "501", None)
        rows = [json.loads(line) for line in server.http.get(done["url"]).text.splitlines()]
        assert [row["__lineNumber"] for row in rows] == list(range(501))
        errors = [row["data"]["discountCodeBasicCreate"]["userErrors"] for row in rows]
        assert errors[:500] == [[]] * 500
        assert errors[500][0]["code"] == "TAKEN"
        assert len(server.discounts()) == 500


def test_starts_fast() -> None:
    began = time.monotonic()
    with real_server() as server:
        assert server.info["counts"]["discounts"] == 0
        assert time.monotonic() - began < 5.0


def test_killed_import_goes_on_where_it_stopped(tmp_path: Path) -> None:
    stage = (
        'mutation { stagedUploadsCreate(input: [{resource: BULK_MUTATION_VARIABLES, filename: "codes.jsonl", '
        'mimeType: "text/jsonl", httpMethod: PUT}]) { stagedTargets { url } } }'
    )
    run = (
        "mutation Run($mutation: String!, $path: String!) { bulkOperationRunMutation(mutation: $mutation, "
        "stagedUploadPath: $path) { bulkOperation { id } userErrors { message } } }"
    )
    poll = "query Poll($id: ID!) { bulkOperation(id: $id) { status objectCount url } }"
    count = 4000
    with real_server("--state", str(tmp_path / "store.db")) as server:
        (target,) = server.ask(stage)["data"]["stagedUploadsCreate"]["stagedTargets"]
        lines = "\n".join(json.dumps({"input": terms(f"GLOW{n}")}) for n in range(count))
        assert server.http.put(target["url"], content=lines).status_code == 200
        path = target["url"].partition("/_sandbox/staged/")[2]
        gid = server.ask(run, mutation=CREATE, path=path)["data"]["bulkOperationRunMutation"]["bulkOperation"]["id"]
        end = time.monotonic() + 20
        while not 0 < len(server.discounts()) < count and time.monotonic() < end:
            time.sleep(0.01)
        server.stop(signal.SIGKILL)
        server.start()
        assert 0 < len(server.discounts()) < count
        while time.monotonic() < end + 20:
            done = server.ask(poll, id=gid)["data"]["bulkOperation"]
            if done["status"] == "COMPLETED":
                break
            time.sleep(0.1)
        assert (done["status"], done["objectCount"]) == ("COMPLETED", str(count))
        rows = [json.loads(line) for line in server.http.get(done["url"]).text.splitlines()]
        assert [row["__lineNumber"] for row in rows] == list(range(count))
        assert [row["data"]["discountCodeBasicCreate"]["userErrors"] for row in rows] == [[]] * count
        assert sorted(row["code"] for row in server.discounts()) == sorted(f"GLOW{n}" for n in range(count))


def test_jobs_and_added_codes_are_known_after_a_restart(tmp_path: Path) -> None:
    add = (
        "mutation Add($id: ID!, $codes: [DiscountRedeemCodeInput!]!) { discountRedeemCodeBulkAdd(discountId: $id, "
        "codes: $codes) { bulkCreation { id } userErrors { message } } }"
    )
    poll = (
        "query Poll($job: ID!, $id: ID!) { job(id: $job) { done } discountRedeemCodeBulkCreation(id: $id) "
        "{ done importedCount failedCount codes(first: 5) { nodes { code discountRedeemCode { code } } } } }"
    )
    with real_server("--state", str(tmp_path / "store.db"), "--job-seconds", "0.1") as server:
        (gid,) = seed(server, 1)
        job = server.ask(BULK % "Deactivate", ids=[gid])["data"]["discountCodeBulkDeactivate"]["job"]["id"]
        codes = [{"code": "MORE"}, {"code": "glow0"}]
        creation = server.ask(add, id=gid, codes=codes)["data"]["discountRedeemCodeBulkAdd"]["bulkCreation"]["id"]
        assert wait_for(server, "EXPIRED") >= 1
        time.sleep(0.2)
        before = server.ask(poll, job=job, id=creation)["data"]
        assert before["job"] == {"done": True}
        assert before["discountRedeemCodeBulkCreation"]["importedCount"] == 1
        server.stop(signal.SIGKILL)
        server.start()
        assert server.ask(poll, job=job, id=creation)["data"] == before
