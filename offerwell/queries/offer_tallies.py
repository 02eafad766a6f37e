"""How many members each saved view of an offer holds: exact while that is cheap, else as last counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import CharField, Count, Value

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
    """The counts of all views; `are_stale` when the offer changed after they were counted."""

    counts: tuple[ViewCount, ...]
    are_stale: bool
    counted_at: datetime | None = None

    def of(self, view: View) -> int | None:
        """The count of one view."""
        return next(count.members for count in self.counts if count.view == view)


def tallies_of(offer: Offer, *, live_up_to: int = COUNTED_LIVE) -> Tallies:
    """The counts of the offer's saved views now, without ever walking a large offer."""
    kept = {row.view: row for row in OfferTally.objects.filter(offer=offer)}
    if _was_large(kept, live_up_to) or is_large(offer, live_up_to=live_up_to):
        return _as_last_counted(offer, kept)
    counted = _counted_now(offer)
    return Tallies(tuple(ViewCount(view, counted.get(view, 0)) for view in View), are_stale=False)


def is_large(offer: Offer, *, live_up_to: int = COUNTED_LIVE) -> bool:
    """Whether the offer has too many members to count on a page load."""
    return Enrollment.objects.filter(offer=offer).order_by()[: live_up_to + 1].count() > live_up_to


def _was_large(kept: dict[str, OfferTally], live_up_to: int) -> bool:
    """Members are never taken out of an offer: one that was large is."""
    return View.ALL in kept and kept[View.ALL].members > live_up_to


def count_view(offer: Offer, view: View) -> int:
    """Count one view exactly."""
    return enrollments_matching(offer, MemberFilter(view=view)).order_by().count()


def _counted_now(offer: Offer) -> dict[str, int]:
    """Every view in one statement; a view of nobody has no row."""
    first, *others = [
        enrollments_matching(offer, MemberFilter(view=view))
        .order_by()
        .annotate(view=Value(str(view), output_field=CharField()))
        .values_list("view")
        .annotate(members=Count("pk"))
        for view in View
    ]
    return dict(first.union(*others, all=True))


def _as_last_counted(offer: Offer, rows: dict[str, OfferTally]) -> Tallies:
    oldest = min((row.counted_at for row in rows.values()), default=None)
    counts = tuple(ViewCount(view, rows[view].members if view in rows else None) for view in View)
    return Tallies(counts, are_stale=oldest is None or _changed_after(offer, oldest), counted_at=oldest)


def _changed_after(offer: Offer, counted_at: datetime) -> bool:
    """Whether a bulk change or a new member came after the count."""
    if BulkChange.objects.filter(offer=offer, at__gt=counted_at - LONGEST_CHANGE).exists():
        return True
    joined = Enrollment.objects.filter(offer=offer).order_by("-pk").values_list("enrolled_at", flat=True).first()
    return joined is not None and joined > counted_at
