"""A store's collections, by what people call them, and the products in each. Needs the scope `read_products`.

Lines of orders name a product by its title, as it was when the order was placed; ids come with orders that are told by
other ways. Both are given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.integrations.graphql.answers import understood
from offerwell.integrations.shopify import documents
from offerwell.integrations.store import AGAIN, FoundCollection, ReadCollection, StoreError
from offerwell.rules.discount_terms import ItemKind
from offerwell.rules.store_items import item_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from offerwell.integrations.graphql.answers import Json
    from offerwell.integrations.shopify.documents import Operation

GID = "gid://shopify/Collection/"
# 100 titles with the same words each: who has more of them has to name the id.
MOST_PAGES = 20
QUESTION = "a question for collections"
PAGE = 250


@dataclass(frozen=True, slots=True)
class ShopifyCollections:
    """`ask` sends an operation with its variables and gives the data of the answer."""

    ask: Callable[[Operation, Mapping[str, object]], Json]

    def named(self, text: str) -> list[FoundCollection]:
        """Those whose id, handle or title is this text, whatever the case; also the address of an admin page."""
        wanted = text.strip().lower()
        found = {one.ref: one for one in self._searched(text.strip()) if wanted in {one.title.lower(), one.handle}}
        if number := item_number(text.strip(), ItemKind.COLLECTIONS):
            answer = self.ask(documents.COLLECTION_READ, {"id": f"{GID}{number}"})
            with understood(QUESTION):
                found |= {one.ref: one for one in _found([answer["collection"]])}
        return list(found.values())

    def _searched(self, text: str) -> list[FoundCollection]:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        asked: dict[str, object] = {"handle": text.lower(), "query": f'title:"{escaped}"', "after": None}
        found: list[FoundCollection] = []
        for _page in range(MOST_PAGES):
            answer = self.ask(documents.COLLECTIONS_NAMED, asked)
            with understood(QUESTION):
                listed = answer["collections"]
                found += _found([answer["collectionByIdentifier"], *listed["nodes"]])
                if not listed["pageInfo"]["hasNextPage"]:
                    break
                asked = {**asked, "after": listed["pageInfo"]["endCursor"]}
        return found

    def read(self, ref: str, *, most: int) -> ReadCollection | None:
        """Page after page, unless there are more than `most`."""
        products: dict[str, str] = {}
        title = ""
        after: str | None = None
        for _page in range(most // PAGE + 2):
            answer = self.ask(documents.COLLECTION_PRODUCTS, {"id": f"{GID}{ref}", "after": after})
            with understood(QUESTION):
                if (node := answer["collection"]) is None:
                    return None
                title, count, page = str(node["title"]), int(node["productsCount"]["count"]), node["products"]
                products |= {str(one["id"]).rpartition("/")[2]: str(one["title"]) for one in page["nodes"]}
                if max(count, len(products)) > most:
                    return ReadCollection(title, max(count, len(products)))
                if not page["pageInfo"]["hasNextPage"]:
                    return ReadCollection(title, len(products), tuple(products.items()))
                after = str(page["pageInfo"]["endCursor"])
        raise StoreError(f"The store’s pages of the collection {title} have no end. {AGAIN}")


def _found(nodes: list[Json | None]) -> list[FoundCollection]:
    return [
        FoundCollection(str(node["id"]).removeprefix(GID), str(node["title"]), str(node["handle"]))
        for node in nodes
        if node is not None
    ]
