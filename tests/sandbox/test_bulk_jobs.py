"""Bulk changes: promised at once, done later, by ids of up to 250."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.sandbox.in_process import InProcess, sandbox
from tests.sandbox.test_refusals import fingerprint
from tests.sandbox.test_window_rules import create

BULK = "mutation Bulk($ids: [ID!]!) { discountCodeBulk%s(ids: $ids) { job { id done } userErrors { field message code } } }"
JOB = "query Poll($id: ID!) { job(id: $id) { id done } }"


def seed(here: InProcess, count: int, **more: Any) -> list[str]:
    """Fill the store and answer the ids."""
    lines = [{"code": f"GLOW{number}", "title": "Founders Club", **more} for number in range(count)]
    assert here.request("POST", "/_sandbox/seed", json=lines).json() == {
        "created": count,
        "already_there": 0,
        "reset": False,
    }
    return [row["id"] for row in fingerprint(here)]


def statuses(here: InProcess) -> Counter[str]:
    """Count the statuses."""
    return Counter(row["status"] for row in fingerprint(here))


def test_effect_comes_when_the_job_is_done() -> None:
    with sandbox(job_seconds=10.0) as here:
        ids = seed(here, 250, endsAt="2027-01-01T00:00:00Z")
        job = here.ask(BULK % "Deactivate", ids=ids)["data"]["discountCodeBulkDeactivate"]["job"]
        assert job["done"] is False
        assert here.ask(JOB, id=job["id"])["data"] == {"job": {"id": job["id"], "done": False}}
        assert statuses(here) == {"ACTIVE": 250}
        here.clock.now += 10
        assert here.ask(JOB, id=job["id"])["data"] == {"job": {"id": job["id"], "done": True}}
        assert statuses(here) == {"EXPIRED": 250}
        here.ask(BULK % "Activate", ids=ids)
        here.clock.now += 10
        assert statuses(here) == {"ACTIVE": 250}
        assert {row["endsAt"] for row in fingerprint(here)} == {None}


def test_delete_takes_the_codes_with_it() -> None:
    with sandbox(job_seconds=0.0) as here:
        ids = seed(here, 3)
        here.ask(BULK % "Delete", ids=ids[:2])
        assert [row["code"] for row in fingerprint(here)] == ["GLOW2"]
        read = here.ask("query Nodes($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)["data"]["nodes"]
        assert read == [None, None, {"id": ids[2]}]
        assert create(here, "glow0")


def test_251_ids_are_refused_whole() -> None:
    with sandbox(job_seconds=0.0) as here:
        ids = seed(here, 251)
        body = here.ask(BULK % "Deactivate", ids=ids)
        (error,) = body["errors"]
        assert error["message"] == "The input array size of 251 is greater than the maximum allowed of 250."
        assert error["path"] == ["discountCodeBulkDeactivate", "ids"]
        assert error["extensions"] == {"code": "MAX_INPUT_SIZE_EXCEEDED"}
        assert "data" not in body
        assert statuses(here) == {"ACTIVE": 251}


def test_jobs_of_one_request_share_one_id() -> None:
    document = (
        "mutation Two($a: [ID!]!, $b: [ID!]!) { one: discountCodeBulkDeactivate(ids: $a) { job { id } } "
        "two: discountCodeBulkDeactivate(ids: $b) { job { id } } }"
    )
    with sandbox(job_seconds=0.0) as here:
        ids = seed(here, 4)
        data = here.ask(document, a=ids[:1], b=ids[1:2])["data"]
        assert data["one"]["job"]["id"] == data["two"]["job"]["id"]
        other = here.ask(BULK % "Deactivate", ids=ids[2:3])["data"]["discountCodeBulkDeactivate"]["job"]["id"]
        assert other != data["one"]["job"]["id"]
        assert statuses(here) == {"EXPIRED": 3, "ACTIVE": 1}


@pytest.mark.parametrize(
    ("arguments", "field", "message", "code"),
    [
        ("", None, "Missing expected argument key: 'ids', 'search' or 'saved_search_id'.", "MISSING_ARGUMENT"),
        (
            '(ids: ["gid://shopify/DiscountCodeNode/1"], search: "a")',
            None,
            "Only one of 'ids', 'search' or 'saved_search_id' is allowed.",
            "TOO_MANY_ARGUMENTS",
        ),
        ('(search: " ")', ["search"], "'Search' can't be blank.", "BLANK"),
        ('(savedSearchId: "gid://shopify/SavedSearch/0")', ["savedSearchId"], "Invalid 'saved_search_id'.", "INVALID"),
    ],
)
@pytest.mark.parametrize("verb", ["Activate", "Deactivate", "Delete"])
def test_bad_targets(verb: str, arguments: str, field: list[str] | None, message: str, code: str) -> None:
    with sandbox(job_seconds=0.0) as here:
        seed(here, 2)
        before = fingerprint(here)
        document = (
            f"mutation {{ discountCodeBulk{verb}{arguments} {{ job {{ id }} userErrors {{ field message code }} }} }}"
        )
        payload = here.ask(document)["data"][f"discountCodeBulk{verb}"]
        assert payload == {"job": None, "userErrors": [{"field": field, "message": message, "code": code}]}
        assert fingerprint(here) == before


def test_unknown_search_fields_are_taken_by_activate_and_refused_by_delete() -> None:
    document = 'mutation { discountCodeBulk%s(search: "frobnicate:x") { userErrors { field message code } } }'
    with sandbox(job_seconds=0.0) as here:
        seed(here, 2)
        assert here.ask(document % "Deactivate")["data"] == {"discountCodeBulkDeactivate": {"userErrors": []}}
        assert statuses(here) == {"EXPIRED": 2}  # assumed: an unknown field restricts nothing
        (error,) = here.ask(document % "Delete")["data"]["discountCodeBulkDelete"]["userErrors"]
        assert error["message"] == "Invalid search field(s): frobnicate. Check the query syntax."
        assert len(fingerprint(here)) == 2


def test_codes_are_added_one_by_one() -> None:
    add = (
        "mutation Add($id: ID!, $codes: [DiscountRedeemCodeInput!]!) "
        "{ discountRedeemCodeBulkAdd(discountId: $id, codes: $codes) { bulkCreation { id done importedCount } userErrors { message } } }"
    )
    poll = (
        "query Poll($id: ID!) { discountRedeemCodeBulkCreation(id: $id) { done codesCount importedCount failedCount "
        "codes(first: 250) { nodes { code discountRedeemCode { id } errors { field message code } } } } }"
    )
    with sandbox(job_seconds=5.0) as here:
        gid = create(here, "BASE")
        create(here, "OTHER")
        given = ["", "A\nB", "X" * 256, "DUP", "dup", "base", "Other", "OK"]
        creation = here.ask(add, id=gid, codes=[{"code": code} for code in given])["data"]["discountRedeemCodeBulkAdd"][
            "bulkCreation"
        ]
        assert (creation["done"], creation["importedCount"]) == (False, 0)
        here.clock.now += 5
        result = here.ask(poll, id=creation["id"])["data"]["discountRedeemCodeBulkCreation"]
        assert (result["done"], result["codesCount"], result["importedCount"], result["failedCount"]) == (True, 8, 2, 6)
        unique = "must be unique. Please try a different code."
        expected = [
            "is too short (minimum is 1 character)",
            "cannot contain newline characters.",
            "is too long (maximum is 255 characters)",
            None,
            "Codes must be unique within BulkDiscountCodeCreation",
            unique,
            unique,
            None,
        ]
        rows = result["codes"]["nodes"]
        assert [row["errors"][0]["message"] if row["errors"] else None for row in rows] == expected
        assert [row["discountRedeemCode"] is not None for row in rows] == [message is None for message in expected]
        assert [row["code"] for row in fingerprint(here) if row["id"] == gid] == ["BASE", "DUP", "OK"]


def test_tags_are_added_and_removed() -> None:
    document = "mutation Tag($ids: [ID!]!, $tags: [String!]!) { discountBulkTags%s(ids: $ids, tags: $tags) { userErrors { message } } }"
    read = "query Tags($id: ID!) { codeDiscountNode(id: $id) { codeDiscount { ... on DiscountCodeBasic { tags } } } }"
    with sandbox(job_seconds=0.0) as here:
        (gid,) = seed(here, 1)
        here.ask(document % "Add", ids=[gid], tags=["crx-offer-1", "vip"])
        assert here.ask(read, id=gid)["data"]["codeDiscountNode"]["codeDiscount"] == {"tags": ["crx-offer-1", "vip"]}
        listed = here.ask('{ discountNodes(first: 5, query: "tag:vip") { nodes { id } } }')["data"]["discountNodes"][
            "nodes"
        ]
        assert listed == [{"id": gid}]
        here.ask(document % "Remove", ids=[gid], tags=["vip"])
        assert here.ask(read, id=gid)["data"]["codeDiscountNode"]["codeDiscount"] == {"tags": ["crx-offer-1"]}
