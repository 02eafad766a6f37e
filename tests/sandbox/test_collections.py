"""Collections of the sandbox store: read by id, handle and title, changed by its staff, kept over a restart."""

from __future__ import annotations

import pytest

from tests.sandbox.in_process import sandbox

NAMED = """query($handle: String!, $search: String) {
  collectionByIdentifier(identifier: {handle: $handle}) { title }
  collections(first: 9, query: $search) { nodes { id title handle } pageInfo { hasNextPage } } }"""
PRODUCTS = """query($id: ID!, $after: String) { collection(id: $id) { title productsCount { count }
  products(first: 2, after: $after) { nodes { id title } pageInfo { hasNextPage endCursor } } } }"""


def put(here, **wanted):
    answer = here.request("POST", "/_sandbox/collections", json=wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()[-1]


def titles(here, query, handle="none"):
    found = here.ask(NAMED, handle=handle, search=query)["data"]
    return found["collectionByIdentifier"], [node["title"] for node in found["collections"]["nodes"]]


def test_the_shop_begins_with_two_collections():
    with sandbox() as here:
        assert titles(here, None, "skin-care") == ({"title": "Skin care"}, ["Skin care", "Gift sets"])
        assert titles(here, 'title:"gift"') == (None, ["Gift sets"])
        assert titles(here, 'title:"say \\"hi\\""') == (None, [])
        assert titles(here, "title:CARE")[1] == ["Skin care"]


def test_products_come_page_after_page():
    with sandbox() as here:
        made = put(here, title="All", products=["a", "b", "c", "a"])
        gid, seen, after = f"gid://shopify/Collection/{made['number']}", [], None
        while True:
            found = here.ask(PRODUCTS, id=gid, after=after)["data"]["collection"]
            seen += [node["title"] for node in found["products"]["nodes"]]
            if not found["products"]["pageInfo"]["hasNextPage"]:
                break
            after = found["products"]["pageInfo"]["endCursor"]
        assert (seen, found["productsCount"]["count"], found["title"]) == (["a", "b", "c"], 3, "All")


def test_staff_change_rename_and_delete(tmp_path):
    with sandbox(state=tmp_path / "state") as here:
        made = put(here, title="All", products=["a"])
        put(here, id=made["number"], title="Every", products=["b"])
        assert here.request("DELETE", "/_sandbox/collections/7001").status_code == 200
        assert here.request("DELETE", "/_sandbox/collections/7001").status_code == 404
    with sandbox(state=tmp_path / "state") as here:
        kept = here.request("GET", "/_sandbox/collections").json()
        assert [(one["title"], one["handle"], one["products"]) for one in kept] == [
            ("Gift sets", "gift-sets", ["Glow gift box", "Duo"]), ("Every", "all", ["b"]),
        ]  # fmt: skip
        assert here.ask(PRODUCTS, id="gid://shopify/Collection/7001")["data"]["collection"] is None
        here.request("POST", "/_sandbox/seed", json={"reset": True})
        assert titles(here, None)[1] == ["Skin care", "Gift sets"]


@pytest.mark.parametrize("wanted", [{}, {"id": 5, "title": "X"}, {"id": "x"}])
def test_what_is_no_collection_is_refused(wanted):
    with sandbox() as here:
        assert here.request("POST", "/_sandbox/collections", json=wanted).status_code == 400
        assert len(here.request("GET", "/_sandbox/collections").json()) == 2


def test_without_the_scope_nothing_is_told():
    with sandbox() as here:
        here.store.granted = ("write_discounts",)
        [error] = here.ask(PRODUCTS, id="gid://shopify/Collection/7001")["errors"]
        assert error["extensions"]["code"] == "ACCESS_DENIED"
        assert error["message"] == "Access denied for collection field. Required access: `read_products` access scope."


def test_only_a_search_by_title_is_there():
    with sandbox() as here:
        [error] = here.ask(NAMED, handle="x", search="collection_type:smart")["errors"]
        assert error["extensions"]["code"] == "NOT_IMPLEMENTED_IN_SANDBOX"
