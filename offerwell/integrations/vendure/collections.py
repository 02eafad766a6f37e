"""The collections of one channel of a Vendure server, by what people call them, and the products in each.

A collection of Vendure holds variants, and lines of orders tell the product: a product is in the collection where any
of its variants is. Source: the Admin API of Vendure 3.7, run and read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from offerwell.integrations.graphql.answers import understood
from offerwell.integrations.store import AccessRefused, FoundCollection, ReadCollection, StoreError
from offerwell.integrations.vendure.client import AdminApi, Call
from offerwell.integrations.vendure.documents import COLLECTION_VARIANTS, LIST_COLLECTIONS, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offerwell.integrations.graphql.answers import Json
    from offerwell.integrations.vendure.documents import Operation

PAGE = 100
MOST_PAGES = 20
QUESTION = "a question for collections"
VARIANTS_EACH = 5
"""Of a product, on average: with more, its collection is too large to be read."""
_ID = re.compile(r"[0-9]{1,18}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


class VendureCollections:
    """Fits `integrations.store.CollectionStore`; the connector hands on to it."""

    def __init__(self, api: AdminApi) -> None:
        self._api = api

    def named(self, text: str) -> list[FoundCollection]:
        """Those whose id, slug or name is this text, whatever the case."""
        wanted = text.strip().lower()
        search = {"_or": [{"name": {"contains": text.strip()}}, {"slug": {"contains": text.strip()}}]}
        named = [one for one in self._listed(search) if wanted in {one.title.lower(), one.handle.lower()}]
        found = {one.ref: one for one in [*named, *self._with_id(text.strip())]}
        return list(found.values())

    def read(self, ref: str, *, most: int) -> ReadCollection | None:
        """Page after page of its variants, unless they are of more than `most` products."""
        products: dict[str, tuple[str, str]] = {}
        read, title = 0, ""
        for _page in range(most * VARIANTS_EACH // PAGE + 1):
            options = {"take": PAGE, "skip": read, "sort": {"id": "ASC"}}
            answer = self._ask(COLLECTION_VARIANTS, {"id": ref, "options": options})
            with understood(QUESTION):
                if (node := answer["collection"]) is None:
                    return None
                title, page = str(node["name"]), node["productVariants"]["items"]
                products |= {str(one["product"]["id"]): (str(one["product"]["id"]), "") for one in page}
                read += len(page)
                if len(products) > most:
                    break
                if not page or read >= int(node["productVariants"]["totalItems"]):
                    return ReadCollection(title, len(products), tuple(products.values()))
        return ReadCollection(title, most + 1)

    def _with_id(self, text: str) -> list[FoundCollection]:
        """A server whose ids have another form refuses the question: none of its collections has this one."""
        if not _ID.fullmatch(text):
            return []
        try:
            return self._listed({"id": {"eq": text}})
        except AccessRefused:
            raise
        except StoreError as error:
            if error.permanent:
                return []
            raise

    def _listed(self, wanted: Mapping[str, object]) -> list[FoundCollection]:
        found: list[FoundCollection] = []
        for _page in range(MOST_PAGES):
            options = {"filter": wanted, "sort": {"id": "ASC"}, "take": PAGE, "skip": len(found)}
            answer = self._ask(LIST_COLLECTIONS, {"options": options})
            with understood(QUESTION):
                page, total = answer["collections"]["items"], int(answer["collections"]["totalItems"])
                found += [FoundCollection(str(one["id"]), str(one["name"]), str(one["slug"])) for one in page]
                if not page or len(found) >= total:
                    break
        return found

    def _ask(self, operation: Operation, variables: dict[str, object]) -> Json:
        return self._api.send(Call(text_of(operation), variables, False, operation.permission))
