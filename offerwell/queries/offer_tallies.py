"""How many members each saved view of an offer holds: exact while that is cheap, else as last counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import CharField, Count, Max, Value

from offerwell.models import BulkChange, Enrollment, OfferTally
from offerwell.queries.offer_members import enrollments_matching
from offerwell.rules.selection import MemberFilter, View

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Offer

# Up to here every page load counts; above, a background job does (a count of a million takes seconds).
COUNTED_LIVE = 20_000
# A bulk change carries the time it was confirmed, which may be this long before others can see it.
LONGEST_CHANGE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class ViewCount:
    """One saved view. `members` is None until the first count of a large offer is in."""

    view: View
    members: int | None


@dataclass(frozen=True, slots=True)
class Tallies:
    """The counts of all views; `are_stale` when the offer changed after they were counted.

    `newest` is the highest enrollment id, 0 without members: the snapshot bound of "all members".
    """

    counts: tuple[ViewCount, ...]
    are_stale: bool
    newest: int
    counted_at: datetime | None = None

    def of(self, view: View) -> int | None:
        """The count of one view."""
        return next(count.members for count in self.counts if count.view == view)


def tallies_of(offer: Offer, *, live_up_to: int = COUNTED_LIVE) -> Tallies:
    """The counts of the offer's saved views now, without ever walking a large offer."""
    kept = {row.view: row for row in OfferTally.objects.filter(offer=offer)}
    if not _was_large(kept, live_up_to):
        newest_first = Enrollment.objects.filter(offer=offer).order_by("-pk").values("pk")
        found = newest_first[: live_up_to + 1].aggregate(members=Count("pk"), newest=Max("pk"))
        if found["members"] <= live_up_to:
            return _counted_now(offer, newest=found["newest"] or 0)
    return _as_last_counted(offer, kept)


def _was_large(kept: dict[str, OfferTally], live_up_to: int) -> bool:
    """Members are never taken out of an offer: one that was large is."""
    return View.ALL in kept and kept[View.ALL].members > live_up_to


def count_view(offer: Offer, view: View) -> int:
    """Count one view exactly."""
    return enrollments_matching(offer, MemberFilter(view=view)).order_by().count()


def _counted_now(offer: Offer, *, newest: int) -> Tallies:
    """Every view in one statement; a view of nobody has no row."""
    first, *others = [
        enrollments_matching(offer, MemberFilter(view=view))
        .order_by()
        .annotate(view=Value(str(view), output_field=CharField()))
        .values_list("view")
        .annotate(members=Count("pk"))
        for view in View
    ]
    counted = dict(first.union(*others, all=True))
    return Tallies(tuple(ViewCount(view, counted.get(view, 0)) for view in View), are_stale=False, newest=newest)


def _as_last_counted(offer: Offer, rows: dict[str, OfferTally]) -> Tallies:
    newest, joined_at = Enrollment.objects.filter(offer=offer).order_by("-pk").values_list(
        "pk", "enrolled_at"
    ).first() or (0, None)
    counted_at = min((row.counted_at for row in rows.values()), default=None)
    return Tallies(
        tuple(ViewCount(view, rows[view].members if view in rows else None) for view in View),
        are_stale=counted_at is None or _changed_after(offer, counted_at, joined_at),
        newest=newest,
        counted_at=counted_at,
    )


def _changed_after(offer: Offer, counted_at: datetime, joined_at: datetime | None) -> bool:
    """Whether a bulk change or a new member came after the count."""
    if joined_at is not None and joined_at > counted_at:
        return True
    return BulkChange.objects.filter(offer=offer, at__gt=counted_at - LONGEST_CHANGE).exists()
