"""Collections as they are read: by id, by handle, as a list that is searched by title; and their products.

Assumed: a search for a title finds every collection with these words in it, whatever the case, as the documented search
of other lists does. The index is never behind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from offerwell.sandbox.connections import Page, cut_page
from offerwell.sandbox.registry import Call, Shown, field, plain
from offerwell.sandbox.resolvers_reads import counted

if TYPE_CHECKING:
    from offerwell.sandbox.shelf import Collection

Given = Mapping[str, Any]
SEARCH = re.compile(r"""title:(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))""")
ESCAPED = re.compile(r"\\(.)")

plain("Collection", "id title handle")
plain("Product", "id title")


@field("QueryRoot", "collection")
def collection(_root: None, call: Call, given: Given) -> Shown | None:
    """A collection by its id."""
    return shown(call.store.shelf.find(given["id"]))


@field("QueryRoot", "collectionByIdentifier")
def by_identifier(_root: None, call: Call, given: Given) -> Shown | None:
    """A collection by its handle, or by its id."""
    wanted = given["identifier"]
    if wanted.get("id"):
        return shown(call.store.shelf.find(wanted["id"]))
    handle = str(wanted.get("handle") or "")
    return shown(next((one for one in call.store.shelf.collections.values() if one.handle == handle), None))


@field("QueryRoot", "collections")
def collections(_root: None, call: Call, given: Given) -> Page:
    """A page of collections; the only search is by title."""
    text = given.get("query") or ""
    found = SEARCH.fullmatch(text)
    if text and found is None:
        message = "sandbox: only title: is implemented as a search of collections"
        raise GraphQLError(message, extensions={"code": "NOT_IMPLEMENTED_IN_SANDBOX"})
    words = ESCAPED.sub(r"\1", (found[1] or found[2]) if found else "").lower().split()
    chosen = [one for one in call.store.shelf.collections.values() if all(word in one.title.lower() for word in words)]
    return cut_page([shown(one) for one in chosen], lambda one: (one.values["number"], one.values["number"]), given)


def shown(item: Collection | None) -> Shown | None:
    """A collection as the API shows it."""
    if item is None:
        return None
    values = {
        "id": item.gid, "title": item.title, "handle": item.handle, "number": item.number, "products": item.products,
    }  # fmt: skip
    return Shown("Collection", values)


@field("Collection", "productsCount")
def products_count(item: Shown, _call: Call, given: Given) -> Shown:
    """How many products it has."""
    return counted(len(item.values["products"]), given)


@field("Collection", "products")
def products(item: Shown, call: Call, given: Given) -> Page:
    """A page of its products."""
    numbers = call.store.shelf.numbers
    listed = [(numbers[title], title) for title in item.values["products"]]
    page = cut_page(listed, lambda one: (one[0], one[0]), given)
    items = [
        Shown("Product", {"id": f"gid://shopify/Product/{number}", "title": title}) for number, title in page.items
    ]
    return Page(items, page.cursors, page.has_next, page.has_previous)
