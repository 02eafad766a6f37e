"""Collections by the connector, over HTTP with real costs: found by what people call them, read page after page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from offerwell.integrations.store import AccessRefused, CollectionStore, FoundCollection, StoreError
from tests.shopify.fakes import FakeTime, ScriptedStore, connector_to, good

if TYPE_CHECKING:
    from tests.shopify.conftest import RunningSandbox

ALL_SCOPES = ["read_discounts", "write_discounts", "read_orders", "read_products"]
SKIN_CARE = FoundCollection("7001", "Skin care", "skin-care")


@pytest.fixture(autouse=True)
def _as_at_first(sandbox: RunningSandbox) -> None:
    sandbox.control.post("/_sandbox/seed", json={"reset": True}).raise_for_status()


def put(sandbox: RunningSandbox, **wanted: object) -> str:
    answer = sandbox.control.post("/_sandbox/collections", json=wanted).raise_for_status()
    return str(answer.json()[-1]["number"])


@pytest.mark.parametrize(
    "text",
    [
        "Skin care", "  sKIN cARE ", "skin-care", "7001", "gid://shopify/Collection/7001",
        "https://admin.shopify.com/store/glow/collections/7001",
    ],
)  # fmt: skip
def test_a_collection_is_found_by_title_handle_id_and_address(sandbox: RunningSandbox, text: str) -> None:
    connector = sandbox.connector()
    assert isinstance(connector, CollectionStore)
    assert list(connector.collections_named(text)) == [SKIN_CARE]


@pytest.mark.parametrize("text", ["Skin", "care", "7999", 'Skin" care', "\\", "title:Skin", "*"])
def test_a_part_of_a_title_is_none(sandbox: RunningSandbox, text: str) -> None:
    assert list(sandbox.connector().collections_named(text)) == []


def test_two_of_one_title_are_both_told_and_a_title_may_be_a_number(sandbox: RunningSandbox) -> None:
    twin = put(sandbox, title="SKIN CARE", products=["Mist"])
    odd = put(sandbox, title="7001", products=["Mist"])
    connector = sandbox.connector()
    assert {one.ref for one in connector.collections_named("skin care")} == {"7001", twin}
    assert {one.ref for one in connector.collections_named("7001")} == {"7001", odd}


def test_products_are_read_page_after_page(sandbox: RunningSandbox) -> None:
    titles = [f"Product {n}" for n in range(601)]
    ref = put(sandbox, title="All", products=titles)
    sandbox.control.delete("/_sandbox/requests").raise_for_status()
    found = sandbox.connector().collection(ref, most=5_000)
    assert found is not None
    assert (found.title, found.count, sorted(title for _ref, title in found.products)) == ("All", 601, sorted(titles))
    assert all(ref.isdigit() for ref, _title in found.products)
    calls = sandbox.calls("CollectionProducts")
    assert (len(calls), max(call["cost"] for call in calls)) == (3, 15)


def test_a_collection_above_the_limit_costs_one_request(sandbox: RunningSandbox) -> None:
    ref = put(sandbox, title="Huge", products=[str(n) for n in range(10_000)])
    sandbox.control.delete("/_sandbox/requests").raise_for_status()
    found = sandbox.connector().collection(ref, most=5_000)
    assert found is not None
    assert (found.count, found.products, len(sandbox.calls("CollectionProducts"))) == (10_000, (), 1)


def test_what_is_not_there_is_none(sandbox: RunningSandbox) -> None:
    assert sandbox.connector().collection("9", most=5_000) is None


def test_without_the_scope_the_sentence_says_what_to_do(sandbox: RunningSandbox) -> None:
    sandbox.arm(kind="scopes_changed", scopes=ALL_SCOPES[:3])
    try:
        with pytest.raises(AccessRefused, match=r"lacks the scope read_products\. Add it to the app, release a new"):
            sandbox.connector().collections_named("Skin care")
    finally:
        sandbox.arm(kind="scopes_changed", scopes=ALL_SCOPES)


@pytest.mark.parametrize(
    "answer",
    [
        {"collection": {"title": "X"}},
        {"collection": {"title": "X", "productsCount": {"count": "many"}, "products": {}}},
        {"other": None},
    ],
)
def test_an_answer_of_another_form_is_no_answer(answer: dict[str, object]) -> None:
    connector = connector_to(ScriptedStore([good(answer)]), FakeTime(), token="t")
    with pytest.raises(StoreError, match="in a form Offerwell does not know"):
        connector.collection("1", most=10)


def test_pages_without_an_end_are_left() -> None:
    page = {"nodes": [{"id": "gid://shopify/Product/1", "title": "A"}],
            "pageInfo": {"hasNextPage": True, "endCursor": "x"}}  # fmt: skip
    answer = {"collection": {"title": "X", "productsCount": {"count": 1}, "products": page}}
    store = ScriptedStore([good(answer)])
    with pytest.raises(StoreError, match="have no end"):
        connector_to(store, FakeTime(), token="t").collection("1", most=500)
    assert len(store.requests) == 4


def test_a_question_is_asked_again_after_passing_trouble() -> None:
    found = {"collectionByIdentifier": None, "collections": {"nodes": [], "pageInfo": {"hasNextPage": False}}}
    store = ScriptedStore([httpx.Response(503), good(found)])
    assert list(connector_to(store, FakeTime(), token="t").collections_named("x")) == []
    assert len(store.requests) == 2
