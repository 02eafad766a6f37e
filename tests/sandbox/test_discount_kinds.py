"""Buy X get Y and free shipping: created, read back with the items they name, refused for what they cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.in_process import InProcess, sandbox

ERRORS = "userErrors { field message code }"
BXGY = f"mutation C($input: DiscountCodeBxgyInput!) {{ made: discountCodeBxgyCreate(bxgyCodeDiscount: $input) {{ codeDiscountNode {{ id }} {ERRORS} }} }}"
SHIPPING = f"mutation C($input: DiscountCodeFreeShippingInput!) {{ made: discountCodeFreeShippingCreate(freeShippingCodeDiscount: $input) {{ codeDiscountNode {{ id }} {ERRORS} }} }}"
ITEMS = (
    "__typename ... on DiscountProducts { products(first: 9) { nodes { id } } productVariants(first: 9) { nodes { id } } } "
    "... on DiscountCollections { collections(first: 9) { nodes { id } } }"
)
READ = (
    "query R($id: ID!) { codeDiscountNode(id: $id) { codeDiscount { ... on DiscountCodeBxgy { summary "
    f"customerBuys {{ items {{ {ITEMS} }} }} customerGets {{ items {{ {ITEMS} }} }} }} }} }} }}"
)
PRODUCTS = {"products": {"productsToAdd": ["gid://shopify/Product/1", "gid://shopify/Product/2"]}}
COLLECTION = {"collections": {"add": ["gid://shopify/Collection/9"]}}


def common(code: str, **fields: Any) -> dict[str, Any]:
    return {"title": "T", "code": code, "startsAt": "2026-09-01T00:00:00Z", "context": {"all": "ALL"}, **fields}


def bxgy(code: str, buys: Any = PRODUCTS, gets: Any = COLLECTION) -> dict[str, Any]:
    value = {"discountOnQuantity": {"quantity": "1", "effect": {"percentage": 0.5}}}
    return common(
        code, customerBuys={"value": {"quantity": "2"}, "items": buys}, customerGets={"value": value, "items": gets}
    )  # fmt: skip


def made(here: InProcess, document: str, given: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = here.ask(document, input=given)["data"]["made"]
    return answer


def test_both_sides_are_shown_by_their_ids() -> None:
    with sandbox() as here:
        gid = made(here, BXGY, bxgy("A"))["codeDiscountNode"]["id"]
        shown = here.ask(READ, id=gid)["data"]["codeDiscountNode"]["codeDiscount"]
        assert shown == {
            "summary": "Buy 2 items, get 1 item at 50% off",
            "customerBuys": {"items": {
                "__typename": "DiscountProducts", "productVariants": {"nodes": []},
                "products": {"nodes": [{"id": "gid://shopify/Product/1"}, {"id": "gid://shopify/Product/2"}]},
            }},
            "customerGets": {"items": {
                "__typename": "DiscountCollections", "collections": {"nodes": [{"id": "gid://shopify/Collection/9"}]},
            }},
        }  # fmt: skip


def test_more_of_a_product_than_its_id_fails_loudly() -> None:
    with sandbox() as here:
        gid = made(here, BXGY, bxgy("A"))["codeDiscountNode"]["id"]
        answer = here.ask(READ.replace("nodes { id }", "nodes { id title }"), id=gid)
        assert "is not implemented" in answer["errors"][0]["message"]


@pytest.mark.parametrize(
    ("document", "given", "field", "code"),
    [
        (BXGY, bxgy("A", buys={"all": True}), ["bxgyCodeDiscount", "customerBuys", "items", "all"], "INVALID"),
        (BXGY, bxgy("A", gets={"all": True}), ["bxgyCodeDiscount", "customerGets", "items", "all"], "INVALID"),
        (BXGY, {**bxgy("A"), "customerGets": {"items": COLLECTION}}, ["bxgyCodeDiscount", "customerGets"], "BLANK"),
        (SHIPPING, common("A", destination={"all": True}, combinesWith={"shippingDiscounts": True}),
         ["freeShippingCodeDiscount", "combinesWith"], "INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS"),
    ],
)  # fmt: skip
def test_what_a_kind_cannot_be_is_refused(document: str, given: dict[str, Any], field: list[str], code: str) -> None:
    with sandbox() as here:
        [error] = made(here, document, given)["userErrors"]
        assert (error["field"], error["code"]) == (field, code)
        assert list(here.store.book) == []
