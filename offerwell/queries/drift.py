"""The codes that differ in a store, a page at a time, and those that were put right by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from offerwell.models import Drift, Offer, PromoCode, Store, StoreCode
from offerwell.queries.drift_plan import chosen
from offerwell.rules.drift import DriftSelection, may_restore_again
from offerwell.rules.store_sync import NEVER, Difference

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.rules.drift import DriftFilter

PAGE_SIZE = 50
# Counting every one of a million differences would cost more than the page.
COUNTED_UP_TO = 10_000
_OFFERS_LISTED = 200


@dataclass(frozen=True, slots=True)
class DriftPlace:
    """Where a page begins: after this store and code."""

    store: int
    code: int


@dataclass(frozen=True, slots=True)
class DriftRow:
    """One code on one store: what we want and what the store shows. `is_guarded`: the policy gave up on it."""

    row: StoreCode
    kind: Difference
    starts_at: datetime | None
    ends_at: datetime | None
    is_guarded: bool

    @property
    def drift(self) -> Drift:
        """What was seen."""
        return self.row.drift

    @property
    def code(self) -> PromoCode:
        """The code, with its offer and member."""
        return self.row.code


@dataclass(frozen=True, slots=True)
class DriftPage:
    """A page, and where the next begins."""

    rows: tuple[DriftRow, ...]
    next: DriftPlace | None


def drift_page(
    wanted: DriftFilter, *, after: DriftPlace | None, at: datetime, most_restores: int, size: int = PAGE_SIZE
) -> DriftPage:
    """The differences by store and code. One statement."""
    found = list(_after(_with_everything(wanted), after)[: size + 1])
    rows = tuple(_drift_row(row, at=at, most=most_restores) for row in found[:size])
    last = found[size - 1] if len(found) > size else None
    return DriftPage(rows, DriftPlace(last.store_id, last.code_id) if last else None)


def every_drift(wanted: DriftFilter, *, at: datetime, most_restores: int) -> Iterator[DriftRow]:
    """All of them, page after page."""
    place: DriftPlace | None = None
    while True:
        page = drift_page(wanted, after=place, at=at, most_restores=most_restores, size=500)
        yield from page.rows
        if page.next is None:
            return
        place = page.next


def count_drifts(wanted: DriftFilter) -> int:
    """How many, up to one more than `COUNTED_UP_TO`."""
    return chosen(DriftSelection(filter=wanted)).order_by().values("pk")[: COUNTED_UP_TO + 1].count()


def drifts_of_offer(offer: Offer) -> int:
    """How many codes of the offer differ in a store, counted up to the same limit."""
    rows = StoreCode.objects.filter(problem="drifted", code__offer=offer).order_by()
    return rows.values("code_id").distinct()[: COUNTED_UP_TO + 1].count()


def drift_choices() -> tuple[list[Offer], list[Store]]:
    """What the table can be filtered by: offers with codes, and stores."""
    offers = Offer.objects.exclude(type="sales_link").order_by("name_key")[:_OFFERS_LISTED]
    return list(offers), list(Store.objects.order_by("label"))


def restored_by_policy(size: int = 10) -> list[Drift]:
    """The codes that were put right by themselves last, newest first."""
    rows = Drift.objects.filter(restored_at__isnull=False).select_related(
        "store_code__store", "store_code__code__offer", "store_code__code__enrollment__member"
    )
    return list(rows.order_by("-restored_at")[:size])


def _with_everything(wanted: DriftFilter) -> QuerySet[StoreCode]:
    return chosen(DriftSelection(filter=wanted)).select_related(
        "drift", "store", "code__offer", "code__enrollment__member"
    )


def _after(rows: QuerySet[StoreCode], place: DriftPlace | None) -> QuerySet[StoreCode]:
    if place is not None:
        rows = rows.filter(store_id__gte=place.store).filter(Q(store_id__gt=place.store) | Q(code_id__gt=place.code))
    return rows.order_by("store_id", "code_id")


def _drift_row(row: StoreCode, *, at: datetime, most: int) -> DriftRow:
    code, drift = row.code, row.drift
    ends_at = code.ends_at or code.offer.ends_at
    guarded = not may_restore_again(drift.restores, drift.restores_from, at=at, most=most)
    return DriftRow(
        row=row,
        kind=Difference(drift.kind),
        starts_at=code.starts_at or code.offer.starts_at,
        ends_at=None if ends_at == NEVER else ends_at,
        is_guarded=guarded,
    )
