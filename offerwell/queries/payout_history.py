"""Which payout option a place in an offer had at a moment: what it has now, without what was chosen since."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.models import BulkChange, BulkChangeItem, ChangeKind, Enrollment
from offerwell.models.id_list import id_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class PlaceThen:
    """A member's place in an offer, with its payout options in the order of time."""

    offer_id: int
    option_id: int | None
    changes: tuple[tuple[datetime, int | None], ...] = ()

    @property
    def options(self) -> set[int]:
        """Every option it had."""
        return {option for option in (self.option_id, *(was for _, was in self.changes)) if option}

    def option_at(self, moment: datetime) -> int | None:
        """The option at that moment: what the first change after it replaced, or what stands now."""
        return next((was for at, was in self.changes if at > moment), self.option_id)


def places_then(enrollment_ids: Iterable[int], *, since: datetime) -> Mapping[int, PlaceThen]:
    """Enrollment → its place; changes before `since` are left out. Three statements at most."""
    wanted = id_rows(set(enrollment_ids))
    places = list(
        Enrollment.objects.filter(pk__in=wanted).values_list("pk", "offer_id", "payout_option_id", "payout_change_id")
    )
    changes = _changes([pk for pk, _offer, _option, change in places if change], since)
    return {pk: PlaceThen(offer, option, tuple(changes.get(pk, ()))) for pk, offer, option, _change in places}


def _changes(enrollment_ids: list[int], since: datetime) -> dict[int, list[tuple[datetime, int | None]]]:
    if not enrollment_ids:
        return {}
    made = dict(BulkChange.objects.filter(kind=ChangeKind.PAYOUT, at__gt=since).values_list("pk", "at"))
    items = BulkChangeItem.objects.filter(change_id__in=id_rows(made), target_id__in=id_rows(enrollment_ids))
    found: dict[int, list[tuple[datetime, int | None]]] = defaultdict(list)
    for change_id, target_id, was in items.order_by("change_id").values_list("change_id", "target_id", "was_option_id"):
        found[target_id].append((made[change_id], was))
    return found
