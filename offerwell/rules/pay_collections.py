"""A collection that a rule is about: which products it held in which store when the rule was stored.

Lines of orders tell no collection, so it is the products that decide. They are rows of their own that never change
(`models/collection.py`); a rule names the rows, and whoever judges lines by it reads them first: nothing here asks
anybody. Products count in the store that sells them only: ids of two stores may be the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST_COLLECTIONS = 20
MOST_PRODUCTS = 5_000
"""Of one collection in one store."""
LONGEST_COLLECTION = 255
Keys = frozenset[str]


@dataclass(frozen=True, slots=True)
class StorePart:
    """A store's part: the row of its products, and how many these are. `keys` are their ids and titles, once read."""

    store: int
    row: int
    count: int
    keys: Keys | None = field(default=None, compare=False, repr=False)

    def has(self, store: int, names: frozenset[str]) -> bool:
        """Whether the product that a line of this store names so is in it. One look-up, whatever the number."""
        if store != self.store:
            return False
        if self.keys is None:
            raise LookupError(f"The products {self.row} were not read before a line was judged by them.")
        return not self.keys.isdisjoint(names)


@dataclass(frozen=True, slots=True)
class RuleCollection:
    """`asked` is what the person wrote: a title, a handle or an id; `title` the store's. No parts: not read yet."""

    asked: str
    title: str = ""
    parts: tuple[StorePart, ...] = ()

    @property
    def count(self) -> int:
        """Its products, in all its stores."""
        return sum(part.count for part in self.parts)

    def has(self, store: int, names: frozenset[str]) -> bool:
        """Whether a line is about one of its products."""
        return any(part.has(store, names) for part in self.parts)

    def read(self, keys: Mapping[int, Keys]) -> RuleCollection:
        """With the products of its rows."""
        return replace(self, parts=tuple(replace(part, keys=keys[part.row]) for part in self.parts))


def keys_of(products: Iterable[Sequence[str]]) -> Keys:
    """What lines may name them by: id or title, in lower case."""
    return frozenset(name.lower() for product in products for name in product if name)


def tidied_collections(collections: Iterable[RuleCollection]) -> tuple[RuleCollection, ...]:
    """Without spaces around what was written, and without copies."""
    found: dict[str, RuleCollection] = {}
    for one in collections:
        asked = " ".join(one.asked.split())
        if asked:
            found.setdefault(asked.lower(), replace(one, asked=asked))
    return tuple(found.values())


def collections_problem(collections: Sequence[RuleCollection]) -> str:
    """What is wrong with what was written; empty where the stores can be asked."""
    if len(collections) > MOST_COLLECTIONS or any(len(one.asked) > LONGEST_COLLECTION for one in collections):
        return f"Name at most {MOST_COLLECTIONS} collections, each with {LONGEST_COLLECTION} characters at most."
    return ""


def products_text(count: int) -> str:
    """“24 products”."""
    return f"{count:,} product{'' if count == 1 else 's'}"


def collections_json(collections: Iterable[RuleCollection]) -> list[dict[str, Any]]:
    """As they are stored."""
    return [
        {"asked": one.asked, "title": one.title, "parts": [[s.store, s.row, s.count] for s in one.parts]}
        for one in collections
    ]


def collections_of(stored: Iterable[Mapping[str, Any]]) -> tuple[RuleCollection, ...]:
    """Stored ones; their products are not read."""
    return tuple(
        RuleCollection(one["asked"], one["title"], tuple(StorePart(*part) for part in one["parts"])) for one in stored
    )
