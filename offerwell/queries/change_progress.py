"""How far a bulk change has come: per store and in all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from offerwell.models import BulkChange, ChangeProgress, ItemOutcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet


class ChangeState(StrEnum):
    """Derived from the stores' answers; links need none, so their changes are done at once."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    DONE_WITH_FAILURES = "done_with_failures"


@dataclass(frozen=True, slots=True)
class StoreProgress:
    """One store's counts of a change; they add up to its items."""

    store: str
    store_id: int
    confirmed: int
    already_so: int
    recreated: int
    conflict: int
    failed: int
    superseded: int
    waiting: int

    @property
    def settled(self) -> int:
        """Items the store will not be asked for any more."""
        return self.confirmed + self.already_so + self.recreated + self.conflict + self.failed + self.superseded

    def to_json(self) -> dict[str, Any]:
        """The documented JSON of one store."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "store_id"}

    @property
    def bad(self) -> int:
        """Items this store did not take."""
        return self.failed + self.conflict


@dataclass(frozen=True, slots=True)
class Progress:
    """A change with its stores."""

    change: BulkChange
    stores: tuple[StoreProgress, ...]

    @property
    def waiting(self) -> int:
        """Items any store still has to answer for."""
        return sum(store.waiting for store in self.stores)

    @property
    def bad(self) -> int:
        """Items that failed or met a conflict."""
        return sum(store.failed + store.conflict for store in self.stores)

    @property
    def items(self) -> int:
        """Items over all stores."""
        return sum(store.settled + store.waiting for store in self.stores)

    @property
    def state(self) -> ChangeState:
        """Pending until a store answered, running until all did."""
        if not self.waiting:
            return ChangeState.DONE_WITH_FAILURES if self.bad else ChangeState.DONE
        return ChangeState.RUNNING if self.waiting < self.items else ChangeState.PENDING

    def to_json(self) -> dict[str, Any]:
        """The documented JSON of a change."""
        return {
            "id": self.change.pk,
            "state": str(self.state),
            "offer": self.change.offer.name,
            "what": str(self.change.what),
            "part": self.change.part,
            "target": self.change.target,
            "changed": self.change.changed,
            "already_so": self.change.already_so,
            "excluded": self.change.excluded,
            "excluded_reasons": self.change.excluded_reasons,
            "undoes": self.change.undoes_id,
            "at": self.change.at.isoformat(),
            "by": self.change.actor_name,
            "stores": [store.to_json() for store in self.stores],
        }


def progress_of(change: BulkChange) -> Progress:
    """The change's counts now."""
    return progress_of_all([change])[0]


def progress_of_all(changes: Iterable[BulkChange]) -> list[Progress]:
    """The counts of several changes in one statement, in their order."""
    listed = list(changes)
    found: dict[int, list[StoreProgress]] = {change.pk: [] for change in listed}
    for row in ChangeProgress.objects.filter(change_id__in=list(found)).select_related("store").order_by("store_id"):
        found[row.change_id].append(_store_progress(row))
    return [Progress(change, tuple(found[change.pk])) for change in listed]


def _store_progress(row: ChangeProgress) -> StoreProgress:
    return StoreProgress(
        store=row.store.label, store_id=row.store_id, confirmed=row.confirmed, already_so=row.already_so,
        recreated=row.recreated, conflict=row.conflict, failed=row.failed, superseded=row.superseded,
        waiting=row.waiting,
    )  # fmt: skip


def bad_outcomes(change: BulkChange) -> QuerySet[ItemOutcome]:
    """The items of a change that failed or met a conflict, by code."""
    bad = ItemOutcome.objects.filter(change_id=change.pk, result__in=["failed", "conflict"])
    return bad.order_by("code_id", "store_id")
