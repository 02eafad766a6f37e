"""Many creations by an uploaded file: against the sandbox over HTTP, and against reports made by hand."""

from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from offerwell.integrations.graphql.retry import ATTEMPTS
from offerwell.integrations.graphql.wire import LONGEST_LINE_BYTES
from offerwell.integrations.shopify import documents
from offerwell.integrations.shopify.bulk_report import created_lines
from offerwell.integrations.store import CodeSpec, Created, DiscountKind, DiscountTerms, StoreError, WindowStatus
from offerwell.rules.discount_terms import ItemKind, Items
from tests.shopify.fakes import FakeTime, connector_to, good
from tests.shopify.test_on_sandbox import ENDS, STARTS, TERMS
from tests.shopify.test_redate import OPERATION, STARTED, Script, ended

if TYPE_CHECKING:
    from tests.shopify.conftest import RunningSandbox

BXGY = DiscountTerms(
    DiscountKind.BUY_X_GET_Y, Decimal(100), buys=Items(ItemKind.PRODUCTS, ("1",)),
    items=Items(ItemKind.COLLECTIONS, ("2",)), buys_quantity=2,
)  # fmt: skip
SHIPPING = DiscountTerms(DiscountKind.FREE_SHIPPING)


def specs(prefix: str, count: int, terms: DiscountTerms = TERMS) -> list[CodeSpec]:
    return [
        CodeSpec(f"{prefix}{n:04}", "Summer Glow", terms, STARTS, ENDS, ("offerwell-offer-1",)) for n in range(count)
    ]


def texts(wanted: list[CodeSpec]) -> list[str]:
    return [spec.code for spec in wanted]


@pytest.mark.parametrize("version", ["2026-07", "2026-10"])
def test_1000_codes_are_created_in_few_calls_and_each_is_known_by_its_ref(
    sandbox: RunningSandbox, version: str
) -> None:  # fmt: skip
    connector, wanted = sandbox.connector(version=version), specs(f"MANY{version}-", 1000)
    job = connector.create_many(wanted)
    ended(connector, job)
    told = connector.created_by(job, texts(wanted))
    names = Counter(call["operation"] for call in sandbox.calls())
    assert {name: n for name, n in names.items() if name != "BulkPoll"} == {
        "access_token": 1, "StageUpload": 1, "BulkRun": 1, "BulkResult": 1,
    }  # fmt: skip
    refs = [one.ref for one in told if one]
    shown = connector.read(refs)
    assert [shown[ref].code for ref in refs] == texts(wanted)  # type: ignore[union-attr]
    assert {(one.status, one.ends_at, one.title) for one in shown.values() if one} == {
        (WindowStatus.ACTIVE, ENDS, "Summer Glow")
    }


def test_its_requests_cost_what_was_reserved_for_them(sandbox: RunningSandbox) -> None:
    connector, wanted = sandbox.connector(), specs("COSTMANY", 3)
    connector.identify()
    sandbox.calm()
    ended(connector, job := connector.create_many(wanted))
    connector.created_by(job, texts(wanted))
    assert {call["operation"]: call["cost"] for call in sandbox.calls()} == {
        "StageUpload": documents.STAGE_UPLOAD.points,
        "BulkRun": documents.BULK_RUN.points,
        "BulkPoll": documents.BULK_POLL.points,
        "BulkResult": documents.BULK_RESULT.points,
    }


@pytest.mark.parametrize(
    ("terms", "kind"),
    [(TERMS, "DiscountCodeBasic"), (BXGY, "DiscountCodeBxgy"), (SHIPPING, "DiscountCodeFreeShipping")],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_each_kind_is_created_alone_and_in_a_file_and_stays_what_it_is(
    sandbox: RunningSandbox, terms: DiscountTerms, kind: str
) -> None:
    connector = sandbox.connector()
    wanted, one = specs(f"K{kind}", 5, terms), specs(f"ONE{kind}", 1, terms)
    [alone] = connector.create(one)
    ended(connector, job := connector.create_many(wanted))
    refs = [told.ref for told in connector.created_by(job, texts(wanted)) if told] + [alone.ref]
    assert connector.set_window(dict.fromkeys(refs[:2], (STARTS, None))) == dict.fromkeys(refs[:2], "")
    ended(connector, connector.redate(dict.fromkeys(refs[2:], (STARTS, None))))
    connector.switch(refs, active=False)
    rows = [row for row in sandbox.told("discounts") if row["id"] in refs]
    assert {(row["kind"], row["tags"][0]) for row in rows} == {(kind, "offerwell-offer-1")}
    assert len(rows) == 6


def test_mixed_kinds_keep_their_order_and_are_refused_as_one_file(sandbox: RunningSandbox) -> None:
    connector = sandbox.connector()
    mixed = [specs("MIXA", 1, SHIPPING)[0], specs("MIXB", 1)[0], specs("MIXC", 1, BXGY)[0], specs("MIXD", 1)[0]]
    told = connector.create(mixed)
    shown = connector.read([one.ref for one in told])
    assert [shown[one.ref].code for one in told] == texts(mixed)  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="one kind"):
        connector.create_many(mixed)
    assert sandbox.calls("StageUpload") == []


def test_refusals_of_single_lines_are_told_of_these_lines(sandbox: RunningSandbox) -> None:
    connector, wanted = sandbox.connector(), specs("REFUSE", 6)
    connector.create(wanted[1:2])
    wanted[3] = CodeSpec("RE\nFUSE", "Summer Glow", TERMS, STARTS)
    ended(connector, job := connector.create_many(wanted))
    told = connector.created_by(job, texts(wanted))
    assert [(bool(one.ref), one.taken) for one in told if one] == [
        (True, False), (False, True), (True, False), (False, False), (True, False), (True, False),
    ]  # fmt: skip
    assert "newline" in told[3].refusal  # type: ignore[union-attr]


def test_a_job_that_broke_off_tells_what_it_did(sandbox: RunningSandbox) -> None:
    connector, wanted = sandbox.connector(), specs("BROKE", 10)
    sandbox.arm(kind="half_failed_job", count=1, operation="import")
    ended(connector, job := connector.create_many(wanted))
    told = connector.created_by(job, texts(wanted))
    assert [one is not None and bool(one.ref) for one in told] == [True] * 5 + [False] * 5
    assert told[5:] == [None] * 5
    assert [code for code, found in connector.find(texts(wanted)).items() if found] == texts(wanted[:5])


def test_a_job_that_broke_off_at_once_tells_nothing(sandbox: RunningSandbox) -> None:
    connector, wanted = sandbox.connector(), specs("NOTHING", 1)
    sandbox.arm(kind="half_failed_job", count=1, operation="import")
    ended(connector, job := connector.create_many(wanted))
    assert connector.created_by(job, texts(wanted)) == [None]


def test_a_report_is_fetched_again_and_then_given_up(sandbox: RunningSandbox) -> None:
    connector, wanted = sandbox.connector(), specs("REPORT", 2)
    ended(connector, job := connector.create_many(wanted))
    sandbox.arm(kind="error_before_effect", operation="Results", count=1)
    assert all(one and one.ref for one in connector.created_by(job, texts(wanted)))
    sandbox.arm(kind="error_before_effect", operation="Results", count=ATTEMPTS)
    with pytest.raises(StoreError, match="could not be read: HTTP 503") as caught:
        connector.created_by(job, texts(wanted))
    assert not caught.value.permanent


def test_a_sixth_job_has_to_wait_and_creates_nothing(sandbox: RunningSandbox) -> None:
    connector, wanted = sandbox.connector(), specs("SIXTHJOB", 6)
    sandbox.arm(kind="slow_job", operation="import", seconds=3)
    jobs = [connector.create_many([spec]) for spec in wanted[:5]]
    with pytest.raises(StoreError, match="as many files of changes as it can"):
        connector.create_many(wanted[5:])
    for job in jobs:
        ended(connector, job)
    assert connector.find(texts(wanted[5:])) == {wanted[5].code: None}


# Against scripted answers.


class Report(Script):
    """Answers the question for the report, and gives it out."""

    def __init__(
        self, body: bytes, *, url: str | None = "https://files.example.com/r.jsonl", status: int = 200
    ) -> None:
        super().__init__(STARTED)
        self.body, self.url_told, self.status = body, url, status
        self.headers: list[httpx.Headers] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            self.headers.append(request.headers)
            return httpx.Response(self.status, content=self.body)
        told = {"id": OPERATION, "status": "COMPLETED", "errorCode": None, "url": self.url_told, "partialDataUrl": None}
        return good({"bulkOperation": told})


def line(number: int, payload: dict[str, Any]) -> bytes:
    return json.dumps({"data": {"discountCodeBasicCreate": payload}, "__lineNumber": number}).encode() + b"\n"


def made(ref: str) -> dict[str, Any]:
    return {"codeDiscountNode": {"id": ref}, "userErrors": []}


def asked(report: Report, count: int) -> Any:
    return connector_to(report.store, FakeTime()).created_by(OPERATION, [f"C{n}" for n in range(count)])


def test_lines_are_known_by_their_number_whatever_their_order() -> None:
    report = Report(line(2, made("c")) + line(0, made("a")) + line(1, made("b")))
    assert asked(report, 3) == [Created("a"), Created("b"), Created("c")]
    assert "X-Shopify-Access-Token" not in report.headers[0]


@pytest.mark.parametrize(
    "bad",
    [
        b'{"data":{"discountCodeBasicCreate":{"codeDiscountNode":{"id":"b"',
        b"not json\n", b"[]\n", b"null\n", b'{"__lineNumber":1}\n', b'{"data":null,"errors":[{}],"__lineNumber":1}\n',
        line(7, made("b")), line(-1, made("b")), b'{"data":{"a":{},"b":{}},"__lineNumber":1}\n',
        b'{"data":{"x":{"codeDiscountNode":null,"userErrors":[]}},"__lineNumber":1}\n', b"[" * 100_000 + b"\n",
    ],
)  # fmt: skip
def test_a_line_that_tells_nothing_leaves_its_code_untold(bad: bytes) -> None:
    assert asked(Report(line(0, made("a")) + bad), 2) == [Created("a"), None]


def test_a_report_without_an_address_tells_nothing() -> None:
    assert asked(Report(b"", url=None), 2) == [None, None]


@pytest.mark.parametrize(
    "url",
    [
        "http://files.example.com/r",
        "https://127.0.0.1/r",
        "https://localhost/r",
        "https://a:b@files.example.com/r",
        "x",
    ],
)
def test_a_report_elsewhere_is_not_fetched(url: str) -> None:
    report = Report(b"", url=url)
    with pytest.raises(StoreError, match="address Offerwell does not read from") as caught:
        asked(report, 1)
    assert (caught.value.permanent, report.headers) == (True, [])


@pytest.mark.parametrize(
    ("status", "permanent", "tries"), [(403, True, 1), (404, True, 1), (302, True, 1), (503, False, 4)]
)
def test_a_report_that_is_not_given_out(status: int, permanent: bool, tries: int) -> None:
    report = Report(b"<html>", status=status)
    with pytest.raises(StoreError, match=f"could not be read: HTTP {status}") as caught:
        asked(report, 1)
    assert (caught.value.permanent, len(report.headers)) == (permanent, tries)


def test_a_report_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("offerwell.integrations.graphql.wire.LARGEST_REPORT_BYTES", 100_000)
    with pytest.raises(StoreError, match="larger than"):
        asked(Report(line(0, made("a")) * 5_000), 1)
    monkeypatch.undo()
    with pytest.raises(StoreError, match="longer than 1 MB"):
        asked(Report(b"x" * (LONGEST_LINE_BYTES + 2)), 1)


def test_lines_are_not_kept() -> None:
    """Fifty thousand lines of 1 KB are read in the memory of their outcomes."""
    lines = (line(n, {**made(f"gid {n}"), "rest": "x" * 1000}) for n in range(50_000))
    tracemalloc.start()
    told = created_lines(lines, 50_000)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert told[-1] == Created("gid 49999")
    assert used < 30_000_000
