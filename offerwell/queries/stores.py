"""The connected stores, how they are, and how many codes wait for them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db.models import Count, F

from offerwell.models import OfferStore, Store, StoreCode, StoreProblem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offerwell.models import Offer


class StoreHealth(StrEnum):
    """How a store is, in one word."""

    CONNECTED = "connected"
    TROUBLE = "trouble"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class StoreSeen:
    """A store with what a person wants to know of it. `waiting`, `attention` and `refused` count codes.

    `attention` is every code with a problem, `refused` those of them that the store did not take.
    """

    store: Store
    health: StoreHealth
    waiting: int
    attention: int
    refused: int
    offers: int


def stores_seen() -> list[StoreSeen]:
    """All stores of the workspace by label. Five statements."""
    return _seen(list(Store.objects.order_by("label", "pk")))


def store_seen(store: Store) -> StoreSeen:
    """One store."""
    return _seen([store])[0]


def offers_of_store(store: Store) -> list[Offer]:
    """The offers whose codes go to the store, by name."""
    links = OfferStore.objects.filter(store=store).select_related("offer")
    return [link.offer for link in links.order_by("offer__name_key")]


def _seen(stores: list[Store]) -> list[StoreSeen]:
    ids = [store.pk for store in stores]
    rows = StoreCode.objects.filter(store_id__in=ids)
    # Both counts read a partial index that holds only such rows.
    waiting = _counts(rows.filter(due_at__isnull=False, generation__gt=F("observed_generation")), "pk")
    troubled = rows.exclude(problem="")
    attention, refused = _counts(troubled, "pk"), _counts(troubled.exclude(problem=StoreProblem.DRIFTED), "pk")
    offers = _counts(OfferStore.objects.filter(store_id__in=ids), "offer_id")
    return [
        StoreSeen(
            store,
            _health(store),
            waiting.get(store.pk, 0),
            attention.get(store.pk, 0),
            refused.get(store.pk, 0),
            offers.get(store.pk, 0),
        )
        for store in stores
    ]


def _counts(rows: Iterable[object], what: str) -> dict[int, int]:
    return dict(rows.order_by().values_list("store_id").annotate(n=Count(what)))  # type: ignore[attr-defined]


def _health(store: Store) -> StoreHealth:
    if not store.is_on:
        return StoreHealth.OFF
    return StoreHealth.TROUBLE if store.trouble else StoreHealth.CONNECTED
