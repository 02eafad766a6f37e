"""What the store refuses, in the recorded words; after each refusal nothing has changed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.in_process import InProcess, sandbox
from tests.sandbox.test_window_rules import CREATE, create, terms, window

UPDATE = (
    "mutation Update($id: ID!, $input: DiscountCodeBasicInput!) { discountCodeBasicUpdate(id: $id, basicCodeDiscount: $input) "
    "{ codeDiscountNode { id codeDiscount { __typename } } userErrors { field message code } } }"
)
ROOT = "basicCodeDiscount"


def fingerprint(here: InProcess) -> list[Any]:
    """Everything the store shows of its discounts."""
    shown: list[Any] = here.request("GET", "/_sandbox/discounts").json()
    return shown


@pytest.mark.parametrize(
    ("change", "field", "message", "code"),
    [
        ({"title": ""}, ["title"], "Title can't be blank", "BLANK"),
        ({"title": "T" * 256}, ["title"], "Title is too long (maximum is 255 characters)", "TOO_LONG"),
        ({"code": None}, ["code"], "Code can't be blank", "BLANK"),
        ({"code": ""}, ["code"], "Code is too short (minimum is 1 character)", "TOO_SHORT"),
        ({"code": "A\nB"}, ["code"], "Code cannot contain newline characters.", "INVALID"),
        ({"code": "A" * 256}, ["code"], "Code is too long (maximum is 255 characters)", "TOO_LONG"),
        ({"code": "GLOW1"}, ["code"], "Code must be unique. Please try a different code.", "TAKEN"),
        ({"code": "glow1"}, ["code"], "Code must be unique. Please try a different code.", "TAKEN"),
        ({"endsAt": "2025-01-01T00:00:00Z"}, ["endsAt"], "Ends at needs to be after starts_at", "INVALID"),
        (
            {"usageLimit": 2**31},
            ["usageLimit"],
            "Usage limit must be less than or equal to 2147483647",
            "LESS_THAN_OR_EQUAL_TO",
        ),
        ({"usageLimit": 0}, ["usageLimit"], "Usage limit must be greater than 0", "GREATER_THAN"),
        (
            {"customerGets": {"value": {"percentage": 1.5}, "items": {"all": True}}},
            ["customerGets", "value", "percentage"],
            "Value must be between 0.0 and 1.0",
            "VALUE_OUTSIDE_RANGE",
        ),
        (
            {"customerGets": {"value": {"discountAmount": {"amount": "-5"}}, "items": {"all": True}}},
            ["customerGets", "value", "discountAmount", "amount"],
            "Value must be less than or equal to 0",
            "LESS_THAN_OR_EQUAL_TO",
        ),
        (
            {"minimumRequirement": {"quantity": {"greaterThanOrEqualToQuantity": "9999999999"}}},
            ["minimumRequirement", "quantity", "greaterThanOrEqualToQuantity"],
            "Minimum quantity must be less than 2147483647",
            "LESS_THAN",
        ),
    ],
)
def test_create_is_refused(change: dict[str, Any], field: list[str], message: str, code: str) -> None:
    with sandbox() as here:
        create(here, "GLOW1")
        before = fingerprint(here)
        payload = here.ask(CREATE, input={**terms("FRESH"), **change})["data"]["discountCodeBasicCreate"]
        assert payload["userErrors"] == [{"field": [ROOT, *field], "message": message, "code": code}]
        assert payload["codeDiscountNode"] is None
        assert fingerprint(here) == before


def test_update_changes_only_what_is_given() -> None:
    with sandbox() as here:
        gid = create(here, endsAt="2027-01-01T00:00:00Z", usageLimit=3)
        here.clock.now += 10
        errors = here.ask(UPDATE, id=gid, input={"code": "RENAMED"})["data"]["discountCodeBasicUpdate"]["userErrors"]
        assert errors == []
        (row,) = fingerprint(here)
        assert (row["code"], row["title"], row["endsAt"]) == ("RENAMED", "Glow", "2027-01-01T00:00:00Z")
        assert fingerprint(here) == here.request("GET", "/_sandbox/discounts?code=renamed").json()
        assert here.request("GET", "/_sandbox/discounts?code=GLOW1").json() == []


@pytest.mark.parametrize(
    ("gid", "message"),
    [("gid://shopify/DiscountCodeNode/0", "Discount does not exist")],
)
def test_update_of_nothing_is_refused(gid: str, message: str) -> None:
    with sandbox() as here:
        create(here)
        before = fingerprint(here)
        errors = here.ask(UPDATE, id=gid, input=terms("NEW"))["data"]["discountCodeBasicUpdate"]["userErrors"]
        assert errors == [{"field": ["id"], "message": message, "code": None}]
        assert fingerprint(here) == before


def test_code_of_a_discount_with_several_codes_cannot_be_changed() -> None:
    with sandbox(job_seconds=0.0) as here:
        gid = create(here)
        add = (
            "mutation Add($id: ID!, $codes: [DiscountRedeemCodeInput!]!) "
            "{ discountRedeemCodeBulkAdd(discountId: $id, codes: $codes) { userErrors { message } } }"
        )
        assert (
            here.ask(add, id=gid, codes=[{"code": "SECOND"}])["data"]["discountRedeemCodeBulkAdd"]["userErrors"] == []
        )
        window(here, gid)
        before = fingerprint(here)
        errors = here.ask(UPDATE, id=gid, input={"code": "NEW"})["data"]["discountCodeBasicUpdate"]["userErrors"]
        assert errors == [{"field": ["id"], "message": "Cannot update the code of a bulk discount.", "code": None}]
        assert fingerprint(here) == before


def test_basic_update_turns_bxgy_into_basic() -> None:
    document = (
        "mutation Create($input: DiscountCodeBxgyInput!) { discountCodeBxgyCreate(bxgyCodeDiscount: $input) "
        "{ codeDiscountNode { id codeDiscount { __typename } } userErrors { message } } }"
    )
    items = {"products": {"productsToAdd": ["gid://shopify/Product/1"]}}
    gets = {"value": {"discountOnQuantity": {"quantity": "1", "effect": {"percentage": 0.5}}}, "items": items}
    given = {"title": "B", "code": "BUY", "startsAt": "2026-01-01T00:00:00Z", "context": {"all": "ALL"}}
    given |= {"customerBuys": {"value": {"quantity": "1"}, "items": items}, "customerGets": gets}
    with sandbox() as here:
        node = here.ask(document, input=given)["data"]["discountCodeBxgyCreate"]["codeDiscountNode"]
        assert node["codeDiscount"] == {"__typename": "DiscountCodeBxgy"}
        payload = here.ask(UPDATE, id=node["id"], input=terms("BUY"))["data"]["discountCodeBasicUpdate"]
        assert payload["codeDiscountNode"] == {"id": node["id"], "codeDiscount": {"__typename": "DiscountCodeBasic"}}


def test_lookup_by_code_ignores_case() -> None:
    with sandbox() as here:
        gid = create(here, "GlowUp20")
        found = here.ask(
            '{ codeDiscountNodeByCode(code: "gLOWuP20") { id } none: codeDiscountNodeByCode(code: "X") { id } }'
        )
        assert found["data"] == {"codeDiscountNodeByCode": {"id": gid}, "none": None}


@pytest.mark.parametrize(
    ("document", "missing"),
    [
        ("{ draftOrders(first: 1) { nodes { id } } }", "QueryRoot.draftOrders"),
        (
            '{ codeDiscountNode(id: "gid://shopify/DiscountCodeNode/1") { metafield(key: "a") { id } } }',
            "DiscountCodeNode.metafield",
        ),
        (
            'mutation { productDelete(input: {id: "gid://shopify/Product/1"}) { deletedProductId } }',
            "Mutation.productDelete",
        ),
    ],
)
def test_what_is_not_implemented_says_so(document: str, missing: str) -> None:
    with sandbox() as here:
        body = here.ask(document)
        assert body["errors"][0]["message"] == f"sandbox: {missing} is not implemented"
        assert "data" not in body


def test_nothing_is_done_when_part_of_a_request_is_not_implemented() -> None:
    with sandbox() as here:
        document = CREATE.replace("userErrors", 'more: codeDiscountNode { metafield(key: "a") { id } } userErrors')
        body = here.ask(document, input=terms("GLOW1"))
        assert body["errors"][0]["message"] == "sandbox: DiscountCodeNode.metafield is not implemented"
        assert fingerprint(here) == []
