"""Which payout options have rules about collections now, and how those collections stand in their stores."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.models import CollectionProducts, PayoutOption, StoreCollection
from offerwell.models.id_list import id_rows
from offerwell.queries.payout_rules import sets_now

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from offerwell.queries.payout_rules import RuleSet

Place = tuple[int, str]
"""A store, and its id of a collection."""


@dataclass(frozen=True, slots=True)
class CollectionUse:
    """An option, and where the collections of its rules of now are."""

    option: PayoutOption
    rules: RuleSet
    places: frozenset[Place]


@dataclass(frozen=True, slots=True)
class PartSeen:
    """A store's part of a collection as the rule has it; `trouble` is why it could not be read since then."""

    store: str
    count: int
    read_at: datetime | None
    trouble: str
    trouble_since: datetime | None


@dataclass(frozen=True, slots=True)
class CollectionSeen:
    """A collection of a rule. `count`: its products in all its stores."""

    title: str
    count: int
    parts: tuple[PartSeen, ...]


def collection_uses() -> list[CollectionUse]:
    """Of all options of the workspace. Three statements."""
    sets = [one for one in sets_now() if one.collection_rows]
    places = places_of({row for one in sets for row in one.collection_rows})
    options = PayoutOption.objects.filter(pk__in=id_rows(one.option_id for one in sets)).select_related("offer")
    by_pk = {option.pk: option for option in options}
    return [
        CollectionUse(by_pk[one.option_id], one, frozenset(places[row] for row in one.collection_rows)) for one in sets
    ]


def places_of(rows: Iterable[int]) -> Mapping[int, Place]:
    """Row of products → where it was read. One statement."""
    found = CollectionProducts.objects.filter(pk__in=id_rows(rows)).values_list("pk", "store_id", "ref")
    return {pk: (store_id, ref) for pk, store_id, ref in found}


def collections_seen(rules: RuleSet) -> list[tuple[CollectionSeen, ...]]:
    """For each rule its collections. Two statements, or none where there are none."""
    rows = rules.collection_rows
    parts = _parts(rows) if rows else {}
    return [
        tuple(CollectionSeen(one.title, one.count, tuple(parts[part.row] for part in one.parts))
              for one in rule.collections)
        for rule in rules.rules
    ]  # fmt: skip


def _parts(rows: Iterable[int]) -> dict[int, PartSeen]:
    listed = CollectionProducts.objects.filter(pk__in=id_rows(rows))
    found = list(listed.values_list("pk", "store_id", "ref", "store__label", "count"))
    followed = {
        (one.store_id, one.ref): one
        for one in StoreCollection.objects.filter(store__in=id_rows(store for _pk, store, *_rest in found))
    }
    return {
        pk: _part(label, count, followed.get((store_id, ref))) for pk, store_id, ref, label, count in found
    }  # fmt: skip


def _part(label: str, count: int, one: StoreCollection | None) -> PartSeen:
    if one is None:
        return PartSeen(label, count, None, "", None)
    return PartSeen(label, count, one.read_at, one.trouble, one.trouble_since)


@dataclass(frozen=True, slots=True)
class NewestProducts:
    """The newest row of a collection: what a rule keeps of it."""

    store_id: int
    row: int
    count: int
    title: str


def newest_products(places: Iterable[Place]) -> Mapping[Place, NewestProducts]:
    """Of those that are followed. One statement; the products themselves are not read."""
    by_store: dict[int, set[str]] = defaultdict(set)
    for store_id, ref in places:
        by_store[store_id].add(ref)
    listed = StoreCollection.objects.filter(store__in=id_rows(by_store))
    found = listed.values_list("store_id", "ref", "newest_id", "newest__count", "newest__title")
    return {
        (store_id, ref): NewestProducts(store_id, row, count, title)
        for store_id, ref, row, count, title in found
        if ref in by_store[store_id]
    }
