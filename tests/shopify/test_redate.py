"""Many windows at once by an uploaded file: against the sandbox over HTTP, and against scripted answers."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from offerwell.integrations.graphql.retry import ATTEMPTS
from offerwell.integrations.graphql.tokens import MemoryTokens
from offerwell.integrations.shopify import documents
from offerwell.integrations.shopify.addresses import upload_address
from offerwell.integrations.shopify.connector import GONE
from offerwell.integrations.shopify.kinds import RememberedKinds
from offerwell.integrations.shopify.pacing import MemoryBucket
from offerwell.integrations.store import AccessRefused, BatchRefused, FateUnknown, StoreError, WindowStatus
from tests.shopify.fakes import FakeTime, ScriptedStore, connector_to, gid, good
from tests.shopify.test_connector import node, reading
from tests.shopify.test_on_sandbox import ENDS, STARTS, made, statuses, switched

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from offerwell.integrations.shopify import ShopifyConnector
    from offerwell.integrations.store import StoreCode
    from tests.shopify.conftest import RunningSandbox

FILES = "https://files.example.com/"
OPERATION = "gid://shopify/BulkOperation/7"


def ended(connector: ShopifyConnector, job: str, seconds: float = 30) -> None:
    """Poll as a caller would, further and further apart."""
    deadline, wait = time.monotonic() + seconds, 0.5
    while not connector.jobs_done([job])[job]:
        assert time.monotonic() < deadline
        time.sleep(wait)
        wait *= 1.5


def expired(connector: ShopifyConnector, prefix: str, count: int) -> list[str]:
    """Codes with a planned end, switched off: their end is now."""
    refs = made(connector, prefix, count, ENDS)
    for start in range(0, count, 250):
        switched(connector, refs[start : start + 250], active=False)
    return refs


def windows(connector: ShopifyConnector, refs: Sequence[str]) -> set[tuple[WindowStatus, Any, Any]]:
    return {(one.status, one.starts_at, one.ends_at) for one in found_of(connector, refs)}


def found_of(connector: ShopifyConnector, refs: Sequence[str]) -> list[StoreCode]:
    found = [one for one in connector.read(refs).values() if one is not None]
    assert len(found) == len(refs)
    return found


class Between(httpx.HTTPTransport):
    """The real network, with something done around the upload."""

    def __init__(self, *, instead: httpx.Response | None = None, after: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self.instead, self.after, self.uploads = instead, after, list[httpx.Request]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if "/_sandbox/staged/" not in request.url.path:
            return super().handle_request(request)
        self.uploads.append(request)
        if self.instead is not None:
            return httpx.Response(self.instead.status_code, headers=self.instead.headers, content=self.instead.content)
        answer = super().handle_request(request)
        self.after()
        return answer


# Against the sandbox.


@pytest.mark.parametrize("version", ["2026-07", "2026-10"])
def test_1000_expired_codes_get_their_planned_end_in_few_calls(sandbox: RunningSandbox, version: str) -> None:
    connector = sandbox.connector(version=version)
    refs = expired(connector, f"RE{version}-", 1000)
    assert {status for status, _, _ in windows(connector, refs)} == {WindowStatus.EXPIRED}
    sandbox.calm()
    job = connector.redate(dict.fromkeys(refs, (STARTS, ENDS)))
    ended(connector, job)
    assert windows(connector, refs) == {(WindowStatus.ACTIVE, STARTS, ENDS)}
    names = [call["operation"] for call in sandbox.calls()]
    assert [name for name in names if name != "BulkPoll"] == ["StageUpload", "BulkRun"] + ["NodeStatuses"] * 4
    assert len(names) + 1 <= 12  # the upload itself is not in the store's log


def test_its_requests_cost_what_was_reserved_for_them(sandbox: RunningSandbox) -> None:
    connector = sandbox.connector()
    refs = made(connector, "RECOST", 3)
    connector.read(refs)
    sandbox.calm()
    ended(connector, connector.redate(dict.fromkeys(refs, (STARTS, ENDS))))
    assert {call["operation"]: call["cost"] for call in sandbox.calls()} == {
        "StageUpload": documents.STAGE_UPLOAD.points,
        "BulkRun": documents.BULK_RUN.points,
        "BulkPoll": documents.BULK_POLL.points,
    }


def test_each_code_gets_its_own_window_and_none_means_no_end(sandbox: RunningSandbox) -> None:
    connector = sandbox.connector()
    refs = expired(connector, "OWN", 3)
    later = STARTS + timedelta(days=60)
    wanted = {refs[0]: (STARTS, ENDS), refs[1]: (STARTS, None), refs[2]: (later, ENDS)}
    ended(connector, connector.redate(wanted))
    assert {one.ref: (one.starts_at, one.ends_at) for one in found_of(connector, refs)} == wanted


def test_bad_lines_spoil_no_other(sandbox: RunningSandbox) -> None:
    connector = sandbox.connector()
    refs = expired(connector, "HALF", 100)
    before = connector.read(refs[::2])
    wanted = {ref: (STARTS, ENDS) if number % 2 else (ENDS, STARTS) for number, ref in enumerate(refs)}
    ended(connector, connector.redate(wanted))
    assert windows(connector, refs[1::2]) == {(WindowStatus.ACTIVE, STARTS, ENDS)}
    assert connector.read(refs[::2]) == before


def test_what_is_gone_is_left_out_and_nothing_else(sandbox: RunningSandbox) -> None:
    connector = sandbox.connector()
    kept, gone = expired(connector, "REGONE", 2)
    sandbox.arm(kind="outside_edit", code="REGONE0001", action="delete")
    ended(connector, connector.redate({kept: (STARTS, ENDS), gone: (STARTS, ENDS)}))
    assert windows(connector, [kept]) == {(WindowStatus.ACTIVE, STARTS, ENDS)}
    assert connector.set_window({gone: (STARTS, ENDS)}) == {gone: GONE}
    with pytest.raises(BatchRefused, match="None of these discounts"):
        connector.redate({gone: (STARTS, ENDS)})
    assert len(sandbox.calls("BulkRun")) == 1


def test_a_sixth_operation_has_to_wait_and_changes_nothing(sandbox: RunningSandbox) -> None:
    connector = sandbox.connector()
    refs = expired(connector, "SIXTH", 6)
    before = connector.read(refs)
    sandbox.arm(kind="slow_job", operation="import", seconds=4)
    jobs = [connector.redate({ref: (STARTS, ENDS)}) for ref in refs[:5]]
    assert connector.jobs_done(jobs) == dict.fromkeys(jobs, False)
    with pytest.raises(StoreError, match="as many files of changes as it can") as caught:
        connector.redate({refs[5]: (STARTS, ENDS)})
    assert (type(caught.value), caught.value.permanent, caught.value.retry_after) == (StoreError, False, 10.0)
    for job in jobs:
        ended(connector, job)
    assert windows(connector, refs[:5]) == {(WindowStatus.ACTIVE, STARTS, ENDS)}
    assert connector.read(refs[5:]) == {refs[5]: before[refs[5]]}
    assert len(set(jobs)) == 5


@pytest.mark.parametrize(
    ("answer", "permanent", "tries"),
    [
        (httpx.Response(200, html="<!DOCTYPE html><title>Log in</title>"), False, ATTEMPTS),
        (httpx.Response(503, html="<html>"), False, ATTEMPTS),
        (httpx.Response(403, text="<Error><Code>AccessDenied</Code></Error>"), True, 1),
        (httpx.Response(302, headers={"Location": "http://127.0.0.1/"}), True, 1),
    ],
    ids=["page", "503", "403", "redirect"],
)
def test_a_file_that_was_not_taken_is_not_run(
    sandbox: RunningSandbox, answer: httpx.Response, permanent: bool, tries: int
) -> None:
    network = Between(instead=answer)
    connector = sandbox.connector(http=httpx.Client(transport=network))
    refs = expired(connector, f"UP{answer.status_code}{tries}-", 2)
    before = connector.read(refs)
    with pytest.raises(BatchRefused, match=r"did not take the file .* Nothing was changed") as caught:
        connector.redate(dict.fromkeys(refs, (STARTS, ENDS)))
    assert caught.value.permanent is permanent
    assert len(network.uploads) == tries
    assert sandbox.calls("BulkRun") == []
    assert connector.read(refs) == before


def test_the_upload_carries_the_file_last_and_no_token(sandbox: RunningSandbox) -> None:
    network = Between()
    connector = sandbox.connector(http=httpx.Client(transport=network))
    [ref] = made(connector, "FORM", 1)
    ended(connector, connector.redate({ref: (STARTS, None)}))
    [upload] = network.uploads
    assert "X-Shopify-Access-Token" not in upload.headers
    names = [part.split(b'"')[1] for part in upload.content.split(b"form-data; name=")[1:]]
    assert (names[0], names[-1], names.count(b"key")) == (b"Content-Type", b"file", 1)
    line = {"id": ref, "input": {"startsAt": f"{STARTS:%Y-%m-%dT%H:%M:%SZ}", "endsAt": None}}
    assert upload.content.split(b"\r\n")[-3] == json.dumps(line, separators=(",", ":")).encode() + b"\n"


def test_a_token_revoked_between_upload_and_run_is_renewed(sandbox: RunningSandbox) -> None:
    network = Between(after=lambda: sandbox.arm(kind="token_revoked"))
    connector = sandbox.connector(http=httpx.Client(transport=network))
    refs = expired(connector, "RENEW", 2)
    ended(connector, connector.redate(dict.fromkeys(refs, (STARTS, ENDS))))
    assert windows(connector, refs) == {(WindowStatus.ACTIVE, STARTS, ENDS)}
    assert len(network.uploads) == 1
    assert len([call for call in sandbox.calls() if call["status"] == 401]) == 1


def test_access_taken_away_between_upload_and_run_stops_and_changes_nothing(sandbox: RunningSandbox) -> None:
    network = Between(after=lambda: sandbox.arm(kind="token_revoked", permanent=True))
    connector = sandbox.connector(http=httpx.Client(transport=network))
    refs = expired(connector, "REAWAY", 2)
    before = connector.read(refs)
    with pytest.raises(AccessRefused):
        connector.redate(dict.fromkeys(refs, (STARTS, ENDS)))
    sandbox.calm()
    time.sleep(1)
    assert sandbox.connector().read(refs) == before


@pytest.mark.parametrize(
    ("fault", "happened"),
    [
        ({"kind": "error_before_effect"}, "expired"),
        ({"kind": "error_after_effect"}, "active"),
        ({"kind": "html_instead_of_json"}, "active"),
        ({"kind": "truncated_json"}, "active"),
    ],
    ids=["before", "after", "page", "half"],
)
def test_a_lost_answer_to_the_run_is_an_unknown_fate_and_it_is_sent_once(
    sandbox: RunningSandbox, fault: dict[str, object], happened: str
) -> None:
    connector = sandbox.connector()
    refs = expired(connector, f"RELOST{fault['kind']}", 1)
    sandbox.arm(**fault, count=1, operation="BulkRun")
    with pytest.raises(FateUnknown, match="Whether the store did it is not known"):
        connector.redate(dict.fromkeys(refs, (STARTS, ENDS)))
    assert len(sandbox.calls("BulkRun")) == 1
    deadline = time.monotonic() + 10
    time.sleep(1)
    while happened == "active" and time.monotonic() < deadline and statuses(connector, refs) == ["expired"]:
        time.sleep(0.2)
    assert statuses(connector, refs) == [happened]


def test_a_lost_answer_to_the_staging_is_asked_again(sandbox: RunningSandbox) -> None:
    """A promised place that nobody uses is nothing: this mutation alone is repeated."""
    connector = sandbox.connector()
    refs = expired(connector, "RESTAGE", 1)
    sandbox.arm(kind="error_after_effect", count=2, operation="StageUpload")
    ended(connector, connector.redate(dict.fromkeys(refs, (STARTS, ENDS))))
    assert [len(sandbox.calls(name)) for name in ("StageUpload", "BulkRun")] == [3, 1]
    assert windows(connector, refs) == {(WindowStatus.ACTIVE, STARTS, ENDS)}


def test_jobs_of_both_kinds_are_polled_together(sandbox: RunningSandbox) -> None:
    connector = sandbox.connector()
    refs = expired(connector, "BOTH", 2)
    sandbox.arm(kind="slow_job", seconds=3)
    jobs = [connector.switch(refs[:1], active=True), connector.redate({refs[1]: (STARTS, ENDS)})]
    assert connector.jobs_done([*jobs, "gid://shopify/BulkOperation/1"]) == {
        **dict.fromkeys(jobs, False),
        "gid://shopify/BulkOperation/1": False,
    }
    for job in jobs:
        ended(connector, job)
    assert connector.jobs_done(jobs) == dict.fromkeys(jobs, True)


@pytest.mark.slow
def test_2000_windows_on_the_standard_plan_take_seconds_and_are_never_throttled(
    paced_sandbox: RunningSandbox,
) -> None:
    """By single updates 20,000 points, which are 200 seconds."""
    rows = [
        {"code": f"P{number:04}", "title": "Paced", "startsAt": "2026-06-01T00:00:00Z", "percentage": 20}
        for number in range(2000)
    ]
    paced_sandbox.control.post("/_sandbox/seed", json=rows, timeout=60).raise_for_status()
    refs = [row["id"] for row in paced_sandbox.told("discounts")]
    connector = paced_sandbox.connector(bucket=MemoryBucket(), tokens=MemoryTokens())
    assert {one.status for one in found_of(connector, refs)} == {WindowStatus.ACTIVE}
    started = time.monotonic()
    ended(connector, connector.redate(dict.fromkeys(refs, (STARTS, ENDS))))
    assert windows(connector, refs) == {(WindowStatus.ACTIVE, STARTS, ENDS)}
    assert time.monotonic() - started < 20
    assert len(refs) == 2000
    assert [call["operation"] for call in paced_sandbox.calls() if call["throttled"]] == []


# Against scripted answers: what the sandbox does not do.


class Script:
    """A store that takes the file; its answer to the run is the test's."""

    def __init__(self, run: dict[str, Any], *nodes: dict[str, Any], url: str = FILES) -> None:
        self.run, self.read, self.url = run, reading(*nodes), url
        self.store = ScriptedStore([self.answer])
        self.sent: list[str] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "files.example.com":
            self.sent.append("upload")
            return httpx.Response(201)
        body = json.loads(request.content)
        self.sent.append(body["query"].split("(")[0].split()[1])
        if self.sent[-1] == "StageUpload":
            target = {"url": self.url, "parameters": [{"name": "key", "value": "tmp/k"}]}
            return good({"stagedUploadsCreate": {"stagedTargets": [target], "userErrors": []}})
        if self.sent[-1] == "BulkRun":
            return good({"bulkOperationRunMutation": self.run})
        if self.sent[-1].startswith("Update"):
            return good({"r0": {"userErrors": []}})
        return self.read(request)


STARTED = {"bulkOperation": {"id": OPERATION}, "userErrors": []}


def refused(code: str) -> dict[str, Any]:
    return {"bulkOperation": None, "userErrors": [{"field": None, "code": code, "message": "No."}]}


def test_other_kinds_get_their_dates_by_their_own_update_before_the_file_runs() -> None:
    """The Basic update would turn a Bxgy discount into a Basic one."""
    script = Script(STARTED, node(1), node(2, kind="Bxgy"), node(3, kind="Mystery"), node(4))
    wanted = {gid(number): (STARTS, ENDS) for number in range(1, 6)}
    assert connector_to(script.store, FakeTime()).redate(wanted) == OPERATION
    assert script.sent == ["NodeKinds", "StageUpload", "upload", "UpdateBxgy", "BulkRun"]
    [upload] = [one for one in script.store.requests if one.url.host == "files.example.com"]
    assert [number for number in range(1, 6) if f'"{gid(number)}"'.encode() in upload.content] == [1, 4]
    variables = json.loads(script.store.requests[-1].content)["variables"]
    assert (variables["mutation"], variables["path"]) == (documents.text_of(documents.UPDATE_BASIC), "tmp/k")
    assert 10 <= len(variables["client"]) <= 255


def test_many_of_another_kind_go_by_a_file_of_their_own_update() -> None:
    script = Script(STARTED, node(1), node(2, kind="Bxgy"), node(3, kind="Bxgy"))
    connector_to(script.store, FakeTime()).redate({gid(number): (STARTS, ENDS) for number in range(1, 4)})
    assert script.sent == ["NodeKinds", "StageUpload", "upload", "UpdateBasic", "BulkRun"]
    variables = json.loads(script.store.requests[-1].content)["variables"]
    assert variables["mutation"] == documents.text_of(documents.UPDATE_BXGY)


def test_without_a_discount_that_can_be_changed_nothing_is_written() -> None:
    script = Script(STARTED, node(2, kind="Mystery"))
    with pytest.raises(BatchRefused, match="None of these discounts"):
        connector_to(script.store, FakeTime()).redate({gid(2): (STARTS, ENDS), gid(3): (STARTS, ENDS)})
    assert script.sent == ["NodeKinds"]


@pytest.mark.parametrize(
    ("code", "kind", "permanent"),
    [
        ("OPERATION_IN_PROGRESS", StoreError, False),
        ("LIMIT_REACHED", StoreError, False),
        ("NO_SUCH_FILE", BatchRefused, False),
        ("INTERNAL_FILE_SERVER_ERROR", BatchRefused, False),
        ("INVALID_MUTATION", BatchRefused, True),
        ("INVALID_STAGED_UPLOAD_FILE", BatchRefused, True),
    ],
)
def test_a_refused_run_is_what_the_store_says(code: str, kind: type[StoreError], permanent: bool) -> None:
    script = Script(refused(code), node(1))
    with pytest.raises(StoreError) as caught:
        connector_to(script.store, FakeTime()).redate({gid(1): (STARTS, ENDS)})
    assert (type(caught.value), caught.value.permanent) == (kind, permanent)
    assert script.sent.count("BulkRun") == 1


def test_a_run_without_an_operation_or_a_reason_is_in_doubt() -> None:
    script = Script({"bulkOperation": None, "userErrors": []}, node(1))
    with pytest.raises(FateUnknown, match="named no operation"):
        connector_to(script.store, FakeTime()).redate({gid(1): (STARTS, ENDS)})


def test_an_upload_address_on_the_inside_gets_nothing() -> None:
    script = Script(STARTED, node(1), url="http://169.254.169.254/latest")
    with pytest.raises(BatchRefused, match="does not send to"):
        connector_to(script.store, FakeTime()).redate({gid(1): (STARTS, ENDS)})
    assert script.sent == ["NodeKinds", "StageUpload"]
    assert {request.url.host for request in script.store.requests} == {"glow-lab.myshopify.com"}


def test_a_time_without_its_zone_is_not_sent() -> None:
    script = Script(STARTED, node(1))
    with pytest.raises(ValueError, match="zone"):
        connector_to(script.store, FakeTime()).redate({gid(1): (datetime(2026, 6, 1), None)})  # noqa: DTZ001
    assert script.sent == ["NodeKinds"]


@pytest.mark.parametrize(
    ("status", "done"),
    [
        ("CREATED", False), ("RUNNING", False), ("CANCELING", False),
        ("COMPLETED", True), ("FAILED", True), ("CANCELED", True), ("EXPIRED", True),
    ],
)  # fmt: skip
def test_an_operation_has_ended_however_it_ended(status: str, done: bool) -> None:
    store = ScriptedStore([good({"r0": {"id": OPERATION, "status": status}})])
    assert connector_to(store, FakeTime()).jobs_done([OPERATION]) == {OPERATION: done}


@pytest.mark.parametrize(
    "url",
    [
        "http://files.example.com/", "https://10.0.0.1/", "https://[::1]/", "https://localhost/",
        "ftp://files.example.com/", "https://u:p@files.example.com/", "https://files.example.com:99999/",
        "file:///etc/passwd", "", "https://[/",
    ],
)  # fmt: skip
def test_files_go_only_to_https_at_a_named_host(url: str) -> None:
    with pytest.raises(BatchRefused):
        upload_address(url, loopback=False)
    with pytest.raises(BatchRefused):
        upload_address(url.replace("[::1]", "10.0.0.2"), loopback=True)


def test_files_of_a_sandbox_stay_on_this_machine() -> None:
    assert upload_address("http://127.0.0.1:80/x", loopback=True) == "http://127.0.0.1:80/x"
    with pytest.raises(BatchRefused):
        upload_address("http://127.0.0.1:80/x", loopback=False)
    with pytest.raises(BatchRefused):
        upload_address("https://files.example.com/", loopback=True)
    assert upload_address("https://files.example.com/", loopback=False) == "https://files.example.com/"


# What kind a discount is.


def test_dates_after_a_read_need_no_second_one() -> None:
    script = Script(STARTED, node(1), node(2, kind="Bxgy"))
    connector = connector_to(script.store, FakeTime())
    connector.read([gid(1), gid(2)])
    assert connector.set_window({gid(1): (STARTS, None), gid(2): (STARTS, None)}) == {gid(1): "", gid(2): ""}
    assert script.sent == ["NodeStatuses", "UpdateBasic", "UpdateBxgy"]


def test_a_later_read_corrects_the_kind() -> None:
    script = Script(STARTED, node(1), node(2))
    connector = connector_to(script.store, FakeTime())
    connector.read([gid(1), gid(2)])
    script.read = reading(node(1, kind="Bxgy"))
    connector.read([gid(1), gid(2)])
    windows_ = {gid(1): (STARTS, None), gid(2): (STARTS, None)}
    assert connector.set_window(windows_) == {gid(1): "", gid(2): GONE}
    assert script.sent[2:] == ["NodeKinds", "UpdateBxgy"]


def test_only_so_many_kinds_are_kept_the_longest_unread_go_first() -> None:
    kinds = RememberedKinds(most=2)
    for ref in ("a", "b", "a", "c"):
        kinds.learn(ref, f"kind of {ref}")
    assert [kinds.of(ref) for ref in "abc"] == ["kind of a", None, "kind of c"]
    kinds.learn("a", None)
    assert kinds.of("a") is None


def test_more_refs_than_are_kept_still_get_their_dates() -> None:
    updated = Script(STARTED, node(1), node(2), node(3))
    connector = connector_to(updated.store, FakeTime())
    connector._kinds = RememberedKinds(most=1)
    assert connector.redate({gid(number): (STARTS, ENDS) for number in (1, 2, 3)}) == OPERATION
    [upload] = [one for one in updated.store.requests if one.url.host == "files.example.com"]
    assert [upload.content.count(f'"{gid(number)}"'.encode()) for number in (1, 2, 3)] == [1, 1, 1]
