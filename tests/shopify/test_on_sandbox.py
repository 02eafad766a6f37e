"""The connector against a store that behaves: over HTTP, with real costs, jobs, tokens and faults."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import httpx
import pytest

from offerwell.integrations.graphql.tokens import MemoryTokens
from offerwell.integrations.shopify import documents
from offerwell.integrations.shopify.client import AdminClient, Call
from offerwell.integrations.shopify.connector import GONE
from offerwell.integrations.shopify.credentials import StaticToken
from offerwell.integrations.shopify.pacing import MemoryBucket
from offerwell.integrations.store import (
    AccessRefused,
    BatchRefused,
    CodeSpec,
    DiscountKind,
    DiscountTerms,
    FateUnknown,
    StoreError,
    WindowStatus,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offerwell.integrations.shopify import ShopifyConnector
    from tests.shopify.conftest import RunningSandbox

NOW = datetime.now(UTC).replace(microsecond=0)
STARTS = NOW - timedelta(days=30)
ENDS = NOW + timedelta(days=90)
TERMS = DiscountTerms(DiscountKind.PERCENT, Decimal(20))


def specs(prefix: str, count: int, ends_at: datetime | None = None) -> list[CodeSpec]:
    return [
        CodeSpec(f"{prefix}{number:04}", f"Summer Glow {number}", TERMS, STARTS, ends_at, ("offer-1",))
        for number in range(count)
    ]


def made(connector: ShopifyConnector, prefix: str, count: int, ends_at: datetime | None = None) -> list[str]:
    created = connector.create(specs(prefix, count, ends_at))
    assert [one.refusal for one in created] == [""] * count
    return [one.ref for one in created]


def switched(connector: ShopifyConnector, refs: Sequence[str], *, active: bool) -> None:
    """Switch, and wait for the job to end."""
    job = connector.switch(refs, active=active)
    deadline = time.monotonic() + 20
    while not connector.jobs_done([job])[job]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def statuses(connector: ShopifyConnector, refs: Sequence[str]) -> list[str]:
    found = connector.read(refs)
    return [one.status.value if one else "gone" for one in (found[ref] for ref in refs)]


# The spine.


def test_identify(sandbox: RunningSandbox) -> None:
    identity = sandbox.connector().identify()
    assert identity.domain == sandbox.told("info")["shop"]
    assert (identity.name, identity.currency) == ("Offerwell Sandbox", "USD")
    assert {"read_discounts", "write_discounts"} <= identity.scopes
    assert "/" in identity.timezone or identity.timezone == "UTC"


@pytest.mark.parametrize("version", ["2026-07", "2026-10"])
def test_create_off_on_and_the_planned_end_again(sandbox: RunningSandbox, version: str) -> None:
    connector = sandbox.connector(version=version)
    name = f"SPINE{version}-"
    refs = made(connector, name, 6, ENDS)
    made_as = connector.read(refs)
    assert [(one.code, one.title, one.codes_count) for one in made_as.values()] == [
        (f"{name}{number:04}", f"Summer Glow {number}", 1) for number in range(6)
    ]
    assert {(one.status, one.starts_at, one.ends_at) for one in made_as.values()} == {
        (WindowStatus.ACTIVE, STARTS, ENDS)
    }

    switched(connector, refs, active=False)
    assert statuses(connector, refs) == ["expired"] * 6
    rows = {row["code"]: row["status"] for row in sandbox.told("discounts")}
    assert [rows[f"{name}{number:04}"] for number in range(6)] == ["EXPIRED"] * 6

    switched(connector, refs, active=True)
    assert {(one.status, one.starts_at, one.ends_at) for one in connector.read(refs).values()} == {
        (WindowStatus.ACTIVE, STARTS, None)
    }
    assert connector.set_window(dict.fromkeys(refs, (STARTS, ENDS))) == dict.fromkeys(refs, "")
    assert connector.read(refs) == made_as


def test_what_was_planned_for_later_is_scheduled(sandbox: RunningSandbox) -> None:
    connector = sandbox.connector()
    [ref] = made(connector, "LATER", 1)
    later = NOW + timedelta(days=3)
    assert connector.set_window({ref: (later, ENDS)}) == {ref: ""}
    found = connector.read([ref])[ref]
    assert (found.status, found.starts_at, found.ends_at) == (WindowStatus.SCHEDULED, later, ENDS)


def test_dates_the_wrong_way_round_are_refused_in_the_stores_words(sandbox: RunningSandbox) -> None:
    connector = sandbox.connector()
    good, bad = made(connector, "ROUND", 2)
    before = connector.read([bad])
    refused_by = connector.set_window({good: (STARTS, ENDS), bad: (ENDS, STARTS)})
    assert refused_by[good] == ""
    assert "before" in refused_by[bad] or "after" in refused_by[bad]
    assert connector.read([bad]) == before


def test_a_code_is_found_as_a_shopper_types_it(sandbox: RunningSandbox) -> None:
    connector = sandbox.connector()
    [ref] = made(connector, "Found", 1)
    found = connector.find(["FOUND0000", "nobody"])
    assert found["nobody"] is None
    assert (found["FOUND0000"].ref, found["FOUND0000"].code) == (ref, "Found0000")


def test_a_taken_code_is_named_and_the_others_are_made(sandbox: RunningSandbox) -> None:
    connector = sandbox.connector()
    [ref] = made(connector, "TAKEN", 1)
    [first, second] = connector.create([*specs("TAKEN", 1), *specs("FREE", 1)])
    assert (first.ref, first.taken) == ("", True)
    assert first.refusal == "Code must be unique. Please try a different code. (TAKEN, basicCodeDiscount.code)"
    assert (second.taken, second.refusal) == (False, "")
    assert connector.find(["TAKEN0000"])["TAKEN0000"].ref == ref
    assert connector.find(["FREE0000"])["FREE0000"].ref == second.ref


def test_a_deleted_discount_is_none(sandbox: RunningSandbox) -> None:
    connector = sandbox.connector()
    kept, gone = made(connector, "DEL", 2)
    sandbox.arm(kind="outside_edit", code="DEL0001", action="delete")
    assert connector.read([kept, gone])[gone] is None
    assert connector.find(["DEL0001"]) == {"DEL0001": None}
    assert connector.set_window({kept: (STARTS, ENDS), gone: (STARTS, ENDS)}) == {kept: "", gone: GONE}


def test_a_discount_of_several_codes_is_seen_by_ref_and_by_each_code(sandbox: RunningSandbox) -> None:
    connector = sandbox.connector()
    [ref] = made(connector, "MULTI", 1)
    sandbox.arm(kind="outside_edit", code="MULTI0000", action="add_code", to="SECRET")
    assert connector.read([ref])[ref].codes_count == 2
    found = connector.find(["secret"])["secret"]
    assert (found.ref, found.codes_count) == (ref, 2)


# Limits and prices.


def test_each_request_costs_what_was_reserved_for_it(sandbox: RunningSandbox) -> None:
    connector = sandbox.connector()
    connector.identify()
    refs = made(connector, "COST", 7)
    connector.find(["COST0000", "COST0001"])
    connector.set_window(dict.fromkeys(refs[:3], (STARTS, ENDS)))
    switched(connector, refs, active=False)
    connector.switch(refs, active=True)
    costs = {call["operation"]: call["cost"] for call in sandbox.calls() if call["operation"] != "access_token"}
    assert costs == {
        "Identify": documents.IDENTIFY.points,
        "CreateBasic": 7 * documents.CREATE_BASIC.points,
        "CodeLookup": 2 * documents.CODE_LOOKUP.points,
        "NodeStatuses": documents.NODE_STATUSES.points,
        "NodeKinds": documents.NODE_KINDS.points,
        "UpdateBasic": 3 * documents.UPDATE_BASIC.points,
        "BulkDeactivate": documents.BULK_DEACTIVATE.points,
        "BulkActivate": documents.BULK_ACTIVATE.points,
        "JobPoll": documents.JOB_POLL.points,
    }


def test_600_codes_take_few_calls(sandbox: RunningSandbox) -> None:
    connector = sandbox.connector()
    refs = made(connector, "FEW", 600)
    assert statuses(connector, refs) == ["active"] * 600
    jobs = [connector.switch(refs[start : start + 250], active=False) for start in (0, 250, 500)]
    while not all(connector.jobs_done(jobs).values()):
        time.sleep(0.1)
    assert statuses(connector, refs) == ["expired"] * 600
    counts = {name: len(sandbox.calls(name)) for name in ("CreateBasic", "NodeStatuses", "BulkDeactivate")}
    assert counts == {"CreateBasic": 7, "NodeStatuses": 6, "BulkDeactivate": 3}


def test_251_ids_are_refused_here_and_there_and_nothing_changes(sandbox: RunningSandbox) -> None:
    connector = sandbox.connector()
    [ref] = made(connector, "MANY", 1)
    refs = [ref, *(f"gid://shopify/DiscountCodeNode/{number}" for number in range(9_000_000, 9_000_250))]
    with pytest.raises(ValueError, match="1 to 250 refs, not 251"):
        connector.switch(refs, active=False)
    assert sandbox.calls("BulkDeactivate") == []
    with pytest.raises(BatchRefused, match="input array size of 251 is greater than the maximum allowed of 250"):
        raw_client(sandbox).send(switch_call(refs))
    assert statuses(connector, [ref]) == ["active"]


def raw_client(sandbox: RunningSandbox) -> AdminClient:
    tokens = MemoryTokens()
    sandbox.connector(tokens=tokens).identify()
    [token] = tokens._tokens.values()
    endpoint = f"{sandbox.origin}/admin/api/2026-10/graphql.json"
    return AdminClient(endpoint, StaticToken(token.value), MemoryBucket(), httpx.Client(trust_env=False))


def switch_call(refs: list[str]) -> Call:
    return Call(documents.text_of(documents.BULK_DEACTIVATE), {"ids": refs}, 10, is_write=True)


# Trouble.


def test_a_token_revoked_on_the_way_is_renewed_once(sandbox: RunningSandbox) -> None:
    connector = sandbox.connector()
    refs = made(connector, "REVOKE", 3)
    sandbox.arm(kind="token_revoked")
    switched(connector, refs, active=False)
    assert statuses(connector, refs) == ["expired"] * 3
    assert [call["status"] for call in sandbox.calls("access_token")] == [200, 200]
    assert len([call for call in sandbox.calls() if call["status"] == 401]) == 1


def test_access_taken_away_stops_and_changes_nothing(sandbox: RunningSandbox) -> None:
    connector = sandbox.connector()
    refs = made(connector, "AWAY", 3)
    sandbox.arm(kind="token_revoked", permanent=True)
    with pytest.raises(AccessRefused, match=r"refuses the client ID and secret \(invalid_client\)") as caught:
        connector.switch(refs, active=False)
    assert caught.value.permanent is True
    assert sandbox.calls("BulkDeactivate") == []
    sandbox.calm()
    assert statuses(connector, refs) == ["active"] * 3


def test_a_static_token_that_is_revoked_stops(sandbox: RunningSandbox) -> None:
    tokens = MemoryTokens()
    sandbox.connector(tokens=tokens).identify()
    [token] = tokens._tokens.values()
    connector = sandbox.connector(token=token.value)
    [ref] = made(connector, "STATIC", 1)
    sandbox.arm(kind="token_revoked")
    with pytest.raises(AccessRefused, match="HTTP 401"):
        connector.switch([ref], active=False)
    assert statuses(sandbox.connector(), [ref]) == ["active"]


@pytest.mark.parametrize("style", ["200", "429"])
def test_throttling_is_never_a_failure(sandbox: RunningSandbox, style: str) -> None:
    connector = sandbox.connector()
    refs = made(connector, f"SLOW{style}", 3)
    sandbox.arm(kind="throttle", count=2, style=style)
    switched(connector, refs, active=False)
    calls = sandbox.calls("BulkDeactivate")
    assert [call["throttled"] for call in calls] == [True, True, False]
    assert [call["status"] for call in calls] == [int(style), int(style), 200]
    assert statuses(connector, refs) == ["expired"] * 3


@pytest.mark.parametrize(
    ("fault", "happened"),
    [
        ({"kind": "error_before_effect"}, "active"),
        ({"kind": "error_after_effect"}, "expired"),
        ({"kind": "html_instead_of_json", "after": False}, "active"),
        ({"kind": "html_instead_of_json"}, "expired"),
        ({"kind": "truncated_json"}, "expired"),
        ({"kind": "timeout", "seconds": 0.2}, "expired"),
        ({"kind": "timeout", "seconds": 0.2, "after": False}, "active"),
    ],
    ids=str,
)
def test_a_lost_answer_is_an_unknown_fate_and_the_write_is_not_repeated(
    sandbox: RunningSandbox, request: pytest.FixtureRequest, fault: dict[str, object], happened: str
) -> None:
    connector = sandbox.connector()
    [ref] = made(connector, "".join(filter(str.isalnum, request.node.callspec.id)).upper(), 1)
    sandbox.arm(**fault, count=1, mutations=True)
    with pytest.raises(FateUnknown, match="Whether the store did it is not known"):
        connector.switch([ref], active=False)
    assert len(sandbox.calls("BulkDeactivate")) == 1
    time.sleep(0.5)
    assert statuses(connector, [ref]) == [happened]


@pytest.mark.parametrize("kind", ["error_before_effect", "html_instead_of_json", "truncated_json"])
def test_a_read_gets_over_trouble_by_itself(sandbox: RunningSandbox, kind: str) -> None:
    connector = sandbox.connector()
    [ref] = made(connector, f"READ{kind}", 1)
    sandbox.arm(kind=kind, count=2, mutations=False)
    assert statuses(connector, [ref]) == ["active"]
    assert len(sandbox.calls("NodeStatuses")) == 3


def test_a_lost_create_is_found_by_looking_it_up(sandbox: RunningSandbox) -> None:
    connector = sandbox.connector()
    sandbox.arm(kind="error_after_effect", count=1, mutations=True)
    with pytest.raises(FateUnknown):
        connector.create(specs("LOOKUP", 3))
    found = connector.find([f"LOOKUP{number:04}" for number in range(3)])
    assert [one.status for one in found.values()] == [WindowStatus.ACTIVE] * 3
    assert len(sandbox.calls("CreateBasic")) == 1


def test_a_slow_job_is_not_done_until_it_is(sandbox: RunningSandbox) -> None:
    connector = sandbox.connector()
    [ref] = made(connector, "SLOWJOB", 1)
    sandbox.arm(kind="slow_job", count=1, seconds=1.5)
    job = connector.switch([ref], active=False)
    assert connector.jobs_done([job]) == {job: False}
    assert statuses(connector, [ref]) == ["active"]
    time.sleep(1.8)
    assert connector.jobs_done([job]) == {job: True}
    assert statuses(connector, [ref]) == ["expired"]


def test_a_store_that_is_not_there_is_a_passing_trouble() -> None:
    from offerwell.integrations.shopify import connect

    connector = connect(
        "127.0.0.1:9",
        "a",
        "b",
        bucket=MemoryBucket(),
        tokens=MemoryTokens(),
        allow_loopback=True,
        sleep=lambda _: None,
    )
    with pytest.raises(StoreError, match="could not be reached") as caught:
        connector.switch(["gid://shopify/DiscountCodeNode/1"], active=False)
    assert type(caught.value) is StoreError
    assert caught.value.permanent is False


# Pacing, for real.


@pytest.mark.slow
def test_700_codes_by_three_workers_of_one_bucket_are_never_throttled(paced_sandbox: RunningSandbox) -> None:
    """Standard plan: 2,000 points and 100 a second. 7,000 points take 50 seconds, and no more than a little longer."""
    bucket, tokens = MemoryBucket(), MemoryTokens()
    wanted = specs("PACED", 700)
    parts = [wanted[start : start + 90] for start in range(0, 700, 90)]
    started = time.monotonic()
    with ThreadPoolExecutor(3) as workers:
        created = list(workers.map(paced_sandbox.connector(bucket=bucket, tokens=tokens).create, parts))
    took = time.monotonic() - started
    refs = [one.ref for part in created for one in part]
    assert len(set(refs)) == 700
    assert [one.refusal for part in created for one in part] == [""] * 700
    assert [call["throttled"] for call in paced_sandbox.calls("CreateBasic")] == [False] * 8
    assert 50 <= took < 56
    assert len(paced_sandbox.calls("access_token")) == 1
