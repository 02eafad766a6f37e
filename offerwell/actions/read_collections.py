"""Ask stores which products are in the collections that a payout rule names, and keep what they said.

Nothing is kept while stores are asked: `asked_collections` only reads, and `kept_rules` keeps what it gave inside the
transaction that stores the rules. So a rule whose collection is not there leaves nothing behind.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from offerwell.actions.store_connection import open_store
from offerwell.integrations.store import AGAIN, CollectionStore, FoundCollection, StoreError
from offerwell.models import SPOKEN_KINDS, CollectionProducts, Store, StoreCollection
from offerwell.rules.pay_collections import MOST_PRODUCTS, RuleCollection, StorePart
from offerwell.rules.pay_rules import RulesRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from offerwell.models import Offer
    from offerwell.rules.pay_rules import PayRule

READ_EVERY = timedelta(days=1)
NO_STORE = (
    "The products of a collection are read from the offer’s stores, and none of them can be asked. Connect one under "
    "Settings › Stores and switch it on, or name the products instead."
)
SWITCHED_OFF = "It is switched off. Switch it on under Settings › Stores."
NO_COLLECTIONS = "It cannot tell its collections. Name the products instead."


@dataclass(frozen=True, slots=True)
class Reading:
    """What a store said of one of its collections. `began_at`: when it was asked.

    `by_id`: what was asked for is its id there, and neither its title nor its handle.
    """

    store_id: int
    label: str
    ref: str
    title: str
    products: tuple[tuple[str, str], ...]
    began_at: datetime
    by_id: bool = False


class CollectionGone(StoreError):
    """The store has no such collection any more."""

    def __init__(self) -> None:
        super().__init__("The store has no such collection any more.", permanent=True)


class CollectionTooLarge(StoreError):
    """There are more products in it than a rule takes."""

    def __init__(self, title: str) -> None:
        reason = f"The collection {title} has more than {MOST_PRODUCTS:,} products, which is the most a rule takes."
        super().__init__(f"{reason} Split it in the store, or name parts of it.", permanent=True)


def later(at: datetime, began: float) -> datetime:
    """`at` and what passed since `began` (monotonic seconds): orders placed meanwhile had the former rules."""
    return at + timedelta(seconds=time.monotonic() - began)


def asked_stores(offer: Offer) -> list[Store]:
    """Who can be asked: the stores its codes go to; for links alone, which lead anywhere, all of the workspace."""
    on = Store.objects.filter(kind__in=SPOKEN_KINDS, is_on=True, uninstalled_at=None).order_by("pk")
    own = offer.store_links.values("store_id")
    return list(on.filter(pk__in=own) if own.exists() else on)


def asked_collections(offer: Offer, texts: Iterable[str], *, at: datetime) -> dict[str, list[Reading]]:
    """Text → its collection in each store that has it. Raises RulesRefused where no rule could be made of it."""
    wanted = list(texts)
    stores = asked_stores(offer)
    if not stores:
        raise RulesRefused({"collections": NO_STORE})
    found: dict[str, list[Reading]] = {text: [] for text in wanted}
    for store in stores:
        try:
            for text, reading in _of_store(store, wanted, at=at).items():
                found[text].append(reading)
        except StoreError as error:
            reason = error.reason.removesuffix(AGAIN).strip()
            raise RulesRefused({"collections": f"{store.label}: {reason} Nothing was stored."}) from error
    for text, readings in found.items():
        _refuse_wrong(text, readings, stores)
    return found


def _of_store(store: Store, texts: Sequence[str], *, at: datetime) -> dict[str, Reading]:
    """Only what the store has. Raises StoreError, RulesRefused."""
    found: dict[str, Reading] = {}
    with closing(opened(store)) as connector:
        for text in texts:
            named = connector.collections_named(text)
            if len(named) > 1:
                raise RulesRefused({"collections": _several(store, text, named)})
            if named:
                reading = read_collection(connector, store, named[0].ref, at=at)
                found[text] = replace(reading, by_id=not is_called(named[0], text))
    return found


def is_called(found: FoundCollection, text: str) -> bool:
    """Whether the text is its title or its handle, and not only its id: another store's id says nothing."""
    return text.lower() in {found.title.lower(), found.handle.lower()}


def opened(store: Store) -> CollectionStore:
    """The store's connector. Raises StoreError where the store cannot be asked."""
    if not store.is_on or store.uninstalled_at is not None:
        raise StoreError(SWITCHED_OFF, permanent=True)
    connector = open_store(store)
    if not isinstance(connector, CollectionStore):
        connector.close()
        raise StoreError(NO_COLLECTIONS, permanent=True)
    return connector


def read_collection(connector: CollectionStore, store: Store, ref: str, *, at: datetime) -> Reading:
    """The collection now. Raises StoreError; also where it is gone, or too large."""
    now = connector.collection(ref, most=MOST_PRODUCTS)
    if now is None:
        raise CollectionGone
    if now.count > MOST_PRODUCTS:
        raise CollectionTooLarge(now.title)
    return Reading(store.pk, store.label, ref, now.title, tuple(sorted(now.products)), at)


def _several(store: Store, text: str, named: Sequence[FoundCollection]) -> str:
    listed = "; ".join(f"{one.title}, handle {one.handle}, id {one.ref}" for one in named[:5])
    more = f" and {len(named) - 5} more" if len(named) > 5 else ""  # noqa: PLR2004
    return (
        f"{store.label} has {len(named)} collections called “{text}”: {listed}{more}. Write the id of the one you mean."
    )


def _refuse_wrong(text: str, readings: Sequence[Reading], stores: Sequence[Store]) -> None:
    if not readings:
        where = " or ".join(store.label for store in stores)
        sentence = f"There is no collection “{text}” at {where}. Write its title, handle or id as the store has it."
        raise RulesRefused({"collections": sentence})
    titles = {reading.title.lower() for reading in readings}
    if len(titles) > 1 and any(reading.by_id for reading in readings):
        listed = " and ".join(f"{reading.title} at {reading.label}" for reading in readings)
        sentence = f"“{text}” is {listed}. Write the title or the handle of the one you mean."
        raise RulesRefused({"collections": sentence})
    if not any(reading.products for reading in readings):
        title, where = readings[0].title, " or ".join(reading.label for reading in readings)
        sentence = f"The collection {title} has no products at {where}. Put products into it first."
        raise RulesRefused({"collections": sentence})


def kept_rules(rules: Sequence[PayRule], found: Mapping[str, Sequence[Reading]], workspace_id: int) -> list[PayRule]:
    """The rules with the rows of what was read, by what their collections ask for. Inside the caller's transaction."""
    rows = {text: [keep_reading(reading, workspace_id) for reading in readings] for text, readings in found.items()}
    return [replace(rule, collections=_once(_with_rows(one, rows.get(one.asked)) for one in rule.collections))
            for rule in rules]  # fmt: skip


def _once(collections: Iterable[RuleCollection]) -> tuple[RuleCollection, ...]:
    """A collection that was asked for in two ways is one."""
    found: dict[object, RuleCollection] = {}
    for one in collections:
        found.setdefault(one.parts, one)
    return tuple(found.values())


def _with_rows(collection: RuleCollection, rows: Sequence[CollectionProducts] | None) -> RuleCollection:
    if rows is None:
        return collection
    return replace(collection, title=rows[0].title, parts=tuple(part_of(row) for row in rows))


def part_of(row: CollectionProducts) -> StorePart:
    """What a rule keeps of a row."""
    return StorePart(row.store_id, row.pk, row.count)


def keep_reading(reading: Reading, workspace_id: int) -> CollectionProducts:
    """The row of what the collection holds: the newest, or a new one where it differs. A slower reading gives way.

    What changed is due at once: other options may be about it, and have to follow.
    """
    known = StoreCollection.objects.select_related("newest").filter(store=reading.store_id, ref=reading.ref).first()
    if known is not None and known.read_at > reading.began_at:
        return known.newest
    row = known.newest if known is not None and _is_same(known.newest, reading) else _new_row(reading, workspace_id)
    is_settled = known is None or row == known.newest
    StoreCollection.objects.update_or_create(
        workspace_id=workspace_id, store_id=reading.store_id, ref=reading.ref,
        defaults={
            "newest": row, "read_at": reading.began_at, "trouble": "", "trouble_since": None,
            "due_at": reading.began_at + READ_EVERY if is_settled else reading.began_at,
        },
    )  # fmt: skip
    return row


def _is_same(row: CollectionProducts, reading: Reading) -> bool:
    return (row.title, row.products) == (reading.title, [list(product) for product in reading.products])


def _new_row(reading: Reading, workspace_id: int) -> CollectionProducts:
    made: CollectionProducts = CollectionProducts.objects.create(
        workspace_id=workspace_id, store_id=reading.store_id, ref=reading.ref, title=reading.title,
        products=[list(product) for product in reading.products], count=len(reading.products),
        read_at=reading.began_at,
    )  # fmt: skip
    return made
