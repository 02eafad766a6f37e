"""The connected stores, how they are, and how many codes wait for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db.models import Count, F, Min

from offerwell.integrations.shopify.pacing import BucketState, restored
from offerwell.models import BulkChange, OfferStore, Store, StoreCode, StorePace, StoreProblem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

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
    `waiting_since`: when the intent was confirmed that the store has not followed for longest.
    """

    store: Store
    health: StoreHealth
    waiting: int
    waiting_since: datetime | None
    attention: int
    refused: int
    offers: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """A store's rate limit in points, as it stood at `at` by the store's last answer and our requests since."""

    available: int
    maximum: int
    restore_rate: int
    at: datetime


def stores_seen() -> list[StoreSeen]:
    """All stores of the workspace by label. Seven statements at most."""
    return _seen(list(Store.objects.order_by("label", "pk")))


def store_seen(store: Store) -> StoreSeen:
    """One store."""
    return _seen([store])[0]


def bucket_of(store: Store, *, at: datetime) -> Bucket | None:
    """The store's points now, by what it told last; None for a store that was never asked, or counts no points."""
    pace = StorePace.objects.filter(store=store).first()
    if pace is None:
        return None
    told = BucketState(pace.available, pace.maximum, pace.restore_rate, pace.measured_at, pace.busy_until)
    free = max(0, int(restored(told, at.timestamp()).available))
    return Bucket(free, int(pace.maximum), int(pace.restore_rate), datetime.fromtimestamp(pace.measured_at, UTC))


def offers_of_store(store: Store) -> list[Offer]:
    """The offers whose codes go to the store, by name."""
    links = OfferStore.objects.filter(store=store).select_related("offer")
    return [link.offer for link in links.order_by("offer__name_key")]


def _seen(stores: list[Store]) -> list[StoreSeen]:
    ids = [store.pk for store in stores]
    rows = StoreCode.objects.filter(store_id__in=ids)
    # Both counts read a partial index that holds only such rows.
    behind = rows.filter(due_at__isnull=False, generation__gt=F("observed_generation"))
    waiting = _counts(behind, "pk")
    since = _waiting_since(behind) if waiting else {}
    troubled = rows.exclude(problem="")
    attention, refused = _counts(troubled, "pk"), _counts(troubled.exclude(problem=StoreProblem.DRIFTED), "pk")
    offers = _counts(OfferStore.objects.filter(store_id__in=ids), "offer_id")
    return [
        StoreSeen(
            store,
            _health(store),
            waiting.get(store.pk, 0),
            since.get(store.pk),
            attention.get(store.pk, 0),
            refused.get(store.pk, 0),
            offers.get(store.pk, 0),
        )
        for store in stores
    ]


def _waiting_since(behind: QuerySet[StoreCode]) -> dict[int, datetime]:
    """By store. A generation is the id of the change that set the intent; 0 stands for a code nobody changed yet."""
    oldest: dict[int, int] = dict(behind.order_by().values_list("store_id").annotate(first=Min("generation")))
    at = dict(BulkChange.objects.filter(pk__in=set(oldest.values())).values_list("pk", "at"))
    made: dict[int, datetime] = {}
    if 0 in oldest.values():
        new = behind.filter(generation=0).order_by().values_list("store_id")
        made = dict(new.annotate(first=Min("code__created_at")))
    return {store_id: moment for store_id, number in oldest.items() if (moment := at.get(number) or made.get(store_id))}


def _counts(rows: Iterable[object], what: str) -> dict[int, int]:
    return dict(rows.order_by().values_list("store_id").annotate(n=Count(what)))  # type: ignore[attr-defined]


def _health(store: Store) -> StoreHealth:
    if not store.is_on:
        return StoreHealth.OFF
    return StoreHealth.TROUBLE if store.trouble else StoreHealth.CONNECTED
