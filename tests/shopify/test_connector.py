"""The protocol in Shopify's words: what is sent, and what is made of the answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from offerwell.integrations.graphql.tokens import MemoryTokens
from offerwell.integrations.shopify import connect
from offerwell.integrations.shopify.connector import GONE, UNKNOWN_KIND
from offerwell.integrations.shopify.pacing import MemoryBucket
from offerwell.integrations.store import (
    BatchRefused,
    CodeSpec,
    Created,
    DiscountKind,
    DiscountTerms,
    FateUnknown,
    StoreCode,
    StoreConnector,
    StoreError,
    StoreIdentity,
    WindowStatus,
)
from tests.shopify.fakes import FakeTime, ScriptedStore, connector_to, error_answer, gid, good, job_answer

if TYPE_CHECKING:
    import httpx

STARTS = datetime(2026, 6, 1, tzinfo=UTC)
ENDS = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
TWENTY_PERCENT = DiscountTerms(DiscountKind.PERCENT, Decimal(20))


def spec(code: str, **rest: Any) -> CodeSpec:
    return CodeSpec(
        code,
        f"Summer Glow {code}",
        rest.pop("terms", TWENTY_PERCENT),
        STARTS,
        rest.pop("ends_at", None),
        **rest,
    )


def node(
    number: int, *codes: str, status: str = "ACTIVE", kind: str = "Basic", count: int | None = None
) -> dict[str, Any]:
    texts = codes or (f"CODE{number}",)
    return {
        "id": gid(number),
        "codeDiscount": {
            "__typename": f"DiscountCode{kind}",
            "title": f"Title {number}",
            "status": status,
            "startsAt": "2026-06-01T00:00:00Z",
            "endsAt": "2026-12-31T23:59:59Z" if status == "EXPIRED" else None,
            "codesCount": {"count": len(texts) if count is None else count},
            "codes": {"nodes": [{"code": text} for text in texts[:2]]},
        },
    }


def reading(*nodes: dict[str, Any]) -> Any:
    """Answers a read of any ids from these nodes."""
    by_id = {one["id"]: one for one in nodes}

    def answer(request: httpx.Request) -> httpx.Response:
        ids = json.loads(request.content)["variables"]["ids"]
        return good({"nodes": [by_id.get(ref) for ref in ids]})

    return answer


def echoing(field: str, answers: dict[str, Any], variable: str) -> Any:
    """Answers an aliased request: each alias by the value of its variable."""

    def answer(request: httpx.Request) -> httpx.Response:
        variables = json.loads(request.content)["variables"]
        count = sum(name.startswith(f"{variable}_") for name in variables)
        return good({f"r{index}": answers.get(key(variables[f"{variable}_{index}"])) for index in range(count)})

    def key(value: Any) -> str:
        return value[field] if isinstance(value, dict) else value

    return answer


def test_it_fits_the_protocol() -> None:
    connector: StoreConnector = connector_to(ScriptedStore([]), FakeTime())
    assert connector.batch_size == 250


def test_one_kind_of_credentials_is_needed() -> None:
    for given in ({}, {"client_id": "a"}, {"client_id": "a", "client_secret": "b", "token": "c"}):
        with pytest.raises(ValueError, match="either"):
            connect("glow-lab.myshopify.com", bucket=MemoryBucket(), tokens=MemoryTokens(), **given)


def test_identify() -> None:
    shop = {
        "name": "Glow Lab",
        "myshopifyDomain": "glow-lab.myshopify.com",
        "currencyCode": "USD",
        "ianaTimezone": "America/New_York",
    }
    scopes = [{"handle": "read_discounts"}, {"handle": "write_discounts"}]
    store = ScriptedStore([good({"shop": shop, "currentAppInstallation": {"accessScopes": scopes}})])
    assert connector_to(store, FakeTime()).identify() == StoreIdentity(
        "glow-lab.myshopify.com",
        "Glow Lab",
        "USD",
        "America/New_York",
        frozenset({"read_discounts", "write_discounts"}),
    )


# Reads.


@pytest.mark.parametrize("kind", ["Basic", "Bxgy", "FreeShipping", "App"])
@pytest.mark.parametrize("status", ["ACTIVE", "SCHEDULED", "EXPIRED"])
def test_a_discount_of_any_kind_is_read(kind: str, status: str) -> None:
    store = ScriptedStore([reading(node(1, "ANNA20", status=status, kind=kind))])
    ends_at = ENDS if status == "EXPIRED" else None
    assert connector_to(store, FakeTime()).read([gid(1)]) == {
        gid(1): StoreCode(gid(1), WindowStatus(status.lower()), STARTS, ends_at, "ANNA20", "Title 1", 1)
    }


def test_what_the_store_has_not_is_none() -> None:
    store = ScriptedStore([good({"nodes": [None, {}]})])
    assert connector_to(store, FakeTime()).read([gid(1), "gid://shopify/Product/2"]) == {
        gid(1): None,
        "gid://shopify/Product/2": None,
    }


def test_several_codes_in_one_discount_are_seen_with_or_without_a_count() -> None:
    counted, uncounted = node(1, "A", "B", count=57), node(2, "C", "D")
    uncounted["codeDiscount"]["codesCount"] = None
    store = ScriptedStore([reading(counted, uncounted)])
    found = connector_to(store, FakeTime()).read([gid(1), gid(2)])
    assert [found[ref].codes_count for ref in (gid(1), gid(2))] == [57, 2]


def test_250_refs_per_read_each_asked_once() -> None:
    refs = [gid(number) for number in range(501)]
    store = ScriptedStore([reading(*(node(number) for number in range(0, 501, 2)))])
    found = connector_to(store, FakeTime()).read([*refs, refs[0]])
    assert list(found) == refs
    assert [ref for ref in refs if found[ref] is None] == [gid(number) for number in range(1, 501, 2)]
    assert [len(body["variables"]["ids"]) for body in store.bodies()] == [250, 250, 1]


def test_nothing_to_ask_asks_nothing() -> None:
    store = ScriptedStore([])
    connector = connector_to(store, FakeTime())
    assert (connector.read([]), connector.find([]), connector.jobs_done([])) == ({}, {}, {})
    assert (connector.create([]), connector.set_window({})) == ([], {})
    assert store.requests == []


def test_find_gives_each_code_as_it_was_typed_for() -> None:
    lookups = {"anna20": {"id": gid(1)}, "BEA": {"id": gid(2)}, "GONE": {"id": gid(9)}}
    store = ScriptedStore(
        [echoing("", lookups, "code"), reading(node(1, "ANNA20"), node(2, "FIRST", "SECOND", count=3))]
    )
    found = connector_to(store, FakeTime()).find(["anna20", "BEA", "NOBODY", "GONE", "anna20"])
    assert found == {
        "anna20": StoreCode(gid(1), WindowStatus.ACTIVE, STARTS, None, "ANNA20", "Title 1", 1),
        "BEA": StoreCode(gid(2), WindowStatus.ACTIVE, STARTS, None, "BEA", "Title 2", 3),
        "NOBODY": None,
        "GONE": None,
    }
    assert store.bodies()[1]["variables"] == {"ids": [gid(1), gid(2), gid(9)]}


def test_find_asks_200_codes_at_a_time() -> None:
    store = ScriptedStore([echoing("", {}, "code")])
    codes = [f"C{number}" for number in range(401)]
    assert connector_to(store, FakeTime()).find(codes) == dict.fromkeys(codes)
    assert [len(body["variables"]) for body in store.bodies()] == [200, 200, 1]


def test_jobs_that_are_not_known_have_not_been_seen_to_end() -> None:
    polls = {"j1": {"id": "j1", "done": True}, "j2": {"id": "j2", "done": False}}
    store = ScriptedStore([echoing("", polls, "id")])
    assert connector_to(store, FakeTime()).jobs_done(["j1", "j2", "j3"]) == {
        "j1": True,
        "j2": False,
        "j3": False,
    }


# Switching.


@pytest.mark.parametrize(
    ("active", "root"), [(True, "discountCodeBulkActivate"), (False, "discountCodeBulkDeactivate")]
)
def test_switch_is_one_bulk_mutation_by_ids(active: bool, root: str) -> None:
    store = ScriptedStore([good({root: {"job": {"id": "gid://shopify/Job/7"}, "userErrors": []}})])
    refs = [gid(number) for number in range(250)]
    assert connector_to(store, FakeTime()).switch(refs, active=active) == "gid://shopify/Job/7"
    [body] = store.bodies()
    assert body["variables"] == {"ids": refs}
    assert f"{root}(ids: $ids)" in body["query"]


@pytest.mark.parametrize("count", [0, 251])
def test_switch_takes_no_more_than_a_batch_and_sends_nothing(count: int) -> None:
    store = ScriptedStore([job_answer()])
    with pytest.raises(ValueError, match=f"1 to 250 refs, not {count}"):
        connector_to(store, FakeTime()).switch([gid(number) for number in range(count)], active=True)
    assert store.requests == store.grants == []


def test_a_refused_switch_says_why_in_the_stores_words() -> None:
    error = {"field": ["ids"], "code": "INVALID", "message": "Code discount does not exist."}
    store = ScriptedStore([good({"discountCodeBulkActivate": {"job": None, "userErrors": [error]}})])
    with pytest.raises(BatchRefused, match=r"Code discount does not exist\. \(INVALID, ids\)$"):
        connector_to(store, FakeTime()).switch([gid(1)], active=True)


def test_a_switch_without_a_job_or_a_reason_is_in_doubt() -> None:
    store = ScriptedStore([good({"discountCodeBulkActivate": {"job": None, "userErrors": []}})])
    with pytest.raises(FateUnknown, match="named no job"):
        connector_to(store, FakeTime()).switch([gid(1)], active=True)


# Creating.


def made(number: int) -> dict[str, Any]:
    return {"codeDiscountNode": {"id": gid(number)}, "userErrors": []}


def refused(message: str, code: str | None, *field: str) -> dict[str, Any]:
    return {
        "codeDiscountNode": None,
        "userErrors": [{"field": list(field), "code": code, "message": message}],
    }


TAKEN = refused("Code must be unique. Please try a different code.", "TAKEN", "basicCodeDiscount", "code")


def test_create_answers_in_order_with_the_stores_words() -> None:
    blank = refused("Title can't be blank", "BLANK", "basicCodeDiscount", "title")
    store = ScriptedStore([echoing("code", {"A": made(1), "B": TAKEN, "C": blank, "D": made(4)}, "input")])
    assert connector_to(store, FakeTime()).create([spec(code) for code in "ABCD"]) == [
        Created(gid(1)),
        Created(
            refusal="Code must be unique. Please try a different code. (TAKEN, basicCodeDiscount.code)",
            taken=True,
        ),
        Created(refusal="Title can't be blank (BLANK, basicCodeDiscount.title)"),
        Created(gid(4)),
    ]


def test_a_title_that_is_taken_is_not_a_code_that_is() -> None:
    title = refused("Title must be unique", "TAKEN", "basicCodeDiscount", "title")
    store = ScriptedStore([good({"r0": title})])
    refusal = "Title must be unique (TAKEN, basicCodeDiscount.title)"
    assert connector_to(store, FakeTime()).create([spec("A")]) == [Created(refusal=refusal, taken=False)]


def test_halving_asks_no_more_often_than_it_must() -> None:
    """90 specs, one bad: 90, then 45 + 45, then 22 + 23 of the bad half, and so on down to the one."""
    numbers = {f"C{number:02}": made(number) for number in range(90)}

    def answer(request: httpx.Request) -> httpx.Response:
        if b'"C37"' in request.content:
            return error_answer("INVALID_VARIABLE")
        return echoing("code", numbers, "input")(request)

    store = ScriptedStore([answer])
    created = connector_to(store, FakeTime()).create([spec(code) for code in numbers])
    assert [number for number, one in enumerate(created) if one.refusal] == [37]
    assert len(store.requests) <= 1 + 2 * 7


def test_create_sends_90_at_a_time() -> None:
    codes = [f"C{number}" for number in range(200)]
    store = ScriptedStore([echoing("code", {code: made(number) for number, code in enumerate(codes)}, "input")])
    created = connector_to(store, FakeTime()).create([spec(code) for code in codes])
    assert [one.ref for one in created] == [gid(number) for number in range(200)]
    assert [len(body["variables"]) for body in store.bodies()] == [90, 90, 20]


def test_a_spec_that_spoils_its_request_does_not_spoil_the_others() -> None:
    """Shopify refuses the whole request for one bad variable: halving finds it, nothing is made twice."""
    numbers = {f"C{number}": made(number) for number in range(5)}

    def answer(request: httpx.Request) -> httpx.Response:
        if b'"C3"' in request.content and request.content.count(b'"code"') >= 1:
            return error_answer("INVALID_VARIABLE", "Variable $input_3 was provided invalid value")
        return echoing("code", numbers, "input")(request)

    created = connector_to(ScriptedStore([answer]), FakeTime()).create([spec(code) for code in numbers])
    assert [one.ref for one in created] == [gid(0), gid(1), gid(2), "", gid(4)]
    assert created[3].refusal == "The store refused the request: Variable $input_3 was provided invalid value."


def test_the_input_of_a_percentage_code() -> None:
    store = ScriptedStore([good({"r0": made(1)})])
    madrid = timezone(timedelta(hours=2))
    connector_to(store, FakeTime()).create(
        [
            CodeSpec(
                "ANNA20",
                "Summer Glow Anna",
                TWENTY_PERCENT,
                datetime(2026, 6, 1, 2, tzinfo=madrid),
                None,
                ("offer-1",),
            )
        ]
    )
    assert store.bodies()[0]["variables"] == {
        "input_0": {
            "title": "Summer Glow Anna",
            "code": "ANNA20",
            "context": {"all": "ALL"},
            "customerGets": {"value": {"percentage": 0.2}, "items": {"all": True}},
            "appliesOncePerCustomer": False,
            "usageLimit": None,
            "combinesWith": {"productDiscounts": False, "orderDiscounts": False, "shippingDiscounts": False},
            "startsAt": "2026-06-01T00:00:00Z",
            "endsAt": None,
            "tags": ["offer-1"],
        }
    }


def test_the_input_of_a_sum_with_a_minimum_and_limits() -> None:
    store = ScriptedStore([good({"r0": made(1)})])
    terms = DiscountTerms(
        DiscountKind.AMOUNT, Decimal("7.50"), minimum=Decimal("1E+2"), once_per_customer=True, usage_limit=3
    )
    connector_to(store, FakeTime()).create([spec("BEA", terms=terms, ends_at=ENDS)])
    sent = store.bodies()[0]["variables"]["input_0"]
    assert sent["customerGets"] == {
        "value": {"discountAmount": {"amount": "7.50", "appliesOnEachItem": False}},
        "items": {"all": True},
    }
    assert sent["minimumRequirement"] == {"subtotal": {"greaterThanOrEqualToSubtotal": "100"}}
    assert (sent["appliesOncePerCustomer"], sent["usageLimit"], sent["endsAt"]) == (
        True,
        3,
        "2026-12-31T23:59:59Z",
    )


def test_a_time_without_its_zone_is_our_mistake_and_is_not_sent() -> None:
    store = ScriptedStore([job_answer()])
    naive = CodeSpec("A", "A", TWENTY_PERCENT, datetime(2026, 6, 1))  # noqa: DTZ001 - the point
    with pytest.raises(ValueError, match="zone"):
        connector_to(store, FakeTime()).create([naive])
    assert store.requests == []


# Dates.


def test_each_kind_gets_its_dates_by_its_own_update() -> None:
    """The Basic update would turn a Bxgy discount into a Basic one."""
    kinds = ("Basic", "Bxgy", "FreeShipping", "App", "Mystery")
    nodes = [node(number, kind=kind) for number, kind in enumerate(kinds)]
    invalid = {"userErrors": [{"field": ["id"], "code": "INVALID", "message": "Not yours"}]}
    updated = {"userErrors": []}
    store = ScriptedStore([reading(*nodes), *(good({"r0": one}) for one in (updated, updated, updated, invalid))])
    windows = {gid(number): (STARTS, ENDS if number else None) for number in range(6)}
    assert connector_to(store, FakeTime()).set_window(windows) == {
        gid(0): "",
        gid(1): "",
        gid(2): "",
        gid(3): "Not yours (INVALID, id)",
        gid(4): UNKNOWN_KIND,
        gid(5): GONE,
    }
    sent = store.bodies()[1:]
    for body, kind, number in zip(sent, kinds, range(4), strict=False):
        ends = "2026-12-31T23:59:59Z" if number else None
        assert f"r0: discountCode{kind}Update(id: $id_0" in body["query"]
        assert body["variables"] == {
            "id_0": gid(number),
            "input_0": {"startsAt": "2026-06-01T00:00:00Z", "endsAt": ends},
        }
    assert len(sent) == 4


def test_dates_go_90_at_a_time() -> None:
    nodes = [node(number) for number in range(100)]
    updated = {gid(number): {"userErrors": []} for number in range(100)}
    store = ScriptedStore([reading(*nodes), echoing("", updated, "id")])
    refused_by = connector_to(store, FakeTime()).set_window({gid(number): (STARTS, None) for number in range(100)})
    assert refused_by == {gid(number): "" for number in range(100)}
    assert [len(body["variables"]) for body in store.bodies()] == [1, 180, 20]


def test_a_change_the_store_refuses_whole_spoils_no_other() -> None:
    refs = [gid(number) for number in range(3)]

    def answer(request: httpx.Request) -> httpx.Response:
        if f'"{gid(1)}"'.encode() in request.content:
            return error_answer("INVALID_VARIABLE", "Variable $input_1 is invalid")
        return echoing("", {ref: {"userErrors": []} for ref in refs}, "id")(request)

    store = ScriptedStore([reading(*(node(number) for number in range(3))), answer])
    assert connector_to(store, FakeTime()).set_window(dict.fromkeys(refs, (STARTS, None))) == {
        gid(0): "",
        gid(1): "The store refused the request: Variable $input_1 is invalid.",
        gid(2): "",
    }


def test_a_closed_connector_sends_nothing_more() -> None:
    store = ScriptedStore([job_answer()])
    connector = connector_to(store, FakeTime())
    connector.close()
    with pytest.raises(RuntimeError, match="closed"):
        connector.switch([gid(1)], active=False)
    assert store.requests == []


def test_a_status_nobody_knows_is_not_guessed() -> None:
    store = ScriptedStore([reading(node(1, status="PAUSED"))])
    with pytest.raises(StoreError, match="in a form Offerwell does not know"):
        connector_to(store, FakeTime()).read([gid(1)])
