"""What the shop sells: products, and the collections they are in. Staff change collections by /_sandbox/collections.

A product is there from the moment that a collection or the storefront names its title. Products and collections have
id numbers that no restart changes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FIRST_PRODUCT, FIRST_COLLECTION = 8_001, 7_001
GOODS = {"Glow serum": "40.00", "Night cream": "25.50", "Lip balm": "7.95", "Glow gift box": "59.00"}
"""Title and price of what the storefront sells."""
AT_FIRST = {
    "Skin care": ("Glow serum", "Night cream", "Barrier serum", "Cloud cream", "Sun milk", "Night oil"),
    "Gift sets": ("Glow gift box", "Duo"),
}


class CollectionRefusedError(ValueError):
    """There is no such collection, or it cannot be so."""


@dataclass(slots=True)
class Collection:
    """A collection and the titles of its products, in its order."""

    number: int
    title: str
    handle: str
    products: list[str]

    @property
    def gid(self) -> str:
        """The global id."""
        return f"gid://shopify/Collection/{self.number}"


@dataclass(slots=True)
class Shelf:
    """All products by title, all collections by number."""

    numbers: dict[str, int] = field(default_factory=dict)
    collections: dict[int, Collection] = field(default_factory=dict)
    next_collection: int = FIRST_COLLECTION

    def __post_init__(self) -> None:
        """Begin with the storefront's goods."""
        self.stock()

    def stock(self) -> None:
        """Have what a new shop has, and nothing else."""
        self.numbers, self.collections, self.next_collection = {}, {}, FIRST_COLLECTION
        self.show(GOODS)
        for title, products in AT_FIRST.items():
            self.put({"title": title, "products": products})

    def show(self, titles: Iterable[str]) -> None:
        """Have a product of each title."""
        for title in titles:
            self.numbers.setdefault(title, FIRST_PRODUCT + len(self.numbers))

    def put(self, wanted: Mapping[str, Any]) -> Collection:
        """Make a collection of `title`, `handle` and `products` (titles), or change the one of `id`."""
        title = str(wanted.get("title") or "").strip()
        given = wanted.get("products")
        number = wanted.get("id")
        there = self.collections.get(int(number)) if number is not None else None
        if (number is not None and there is None) or not (title or there):
            message = "A collection needs a title; one that is changed needs the id that it has."
            raise CollectionRefusedError(message)
        products = there.products if given is None and there else [str(one) for one in given or ()]
        self.show(products)
        made = Collection(
            there.number if there else self.next_collection,
            title or (there.title if there else ""),
            str(wanted.get("handle") or (there.handle if there else self.free_handle(title))),
            list(dict.fromkeys(products)),
        )
        self.next_collection += 0 if there else 1
        self.collections[made.number] = made
        return made

    def free_handle(self, title: str) -> str:
        """The title as an address, numbered where another collection has it."""
        handle = "-".join("".join(c if c.isalnum() else " " for c in title.lower()).split()) or "collection"
        taken = {one.handle for one in self.collections.values()}
        ways = (handle, *(f"{handle}-{n}" for n in range(1, len(taken) + 2)))
        return next(way for way in ways if way not in taken)

    def delete(self, number: int) -> None:
        """Have no such collection any more; its products stay."""
        if self.collections.pop(number, None) is None:
            message = f"No collection has the id {number}."
            raise CollectionRefusedError(message)

    def find(self, gid: str) -> Collection | None:
        """Find a collection by its global id."""
        number = gid.removeprefix("gid://shopify/Collection/")
        return self.collections.get(int(number)) if number.isdigit() else None

    def shown(self) -> dict[str, Any]:
        """All of it as JSON can keep it."""
        listed = [asdict(one) for one in self.collections.values()]
        return {"numbers": self.numbers, "collections": listed, "next_collection": self.next_collection}

    def take(self, kept: Mapping[str, Any]) -> None:
        """Have what was kept."""
        if kept:
            self.numbers = dict(kept["numbers"])
            self.collections = {one["number"]: Collection(**one) for one in kept["collections"]}
            self.next_collection = int(kept["next_collection"])
