"""Count the saved views of a large offer in the background, so that no page has to."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django_scopes import scope, scopes_disabled

from offerwell.models import Offer, OfferTally
from offerwell.queries.offer_tallies import count_view, tallies_of
from offerwell.rules.selection import View

if TYPE_CHECKING:
    from datetime import datetime

# Every page of a busy offer sends a wake-up; one count in this time is enough.
AT_MOST_EVERY = timedelta(seconds=10)


def count_tallies_of(*, offer_id: int, at: datetime) -> bool:
    """The job: count for an offer known only by its id. An unknown offer is left alone."""
    with scopes_disabled():
        offer = Offer.objects.select_related("workspace").filter(pk=offer_id).first()
    if offer is None:
        return False
    with scope(workspace=offer.workspace):
        return count_offer_tallies(offer, at=at)


def count_offer_tallies(offer: Offer, *, at: datetime) -> bool:
    """Store the counts as of `at`. Gives False when they are fresh enough: two wake-ups count once.

    Counted outside a transaction, view by view: a count takes seconds and must not hold a writer's lock.
    """
    known = tallies_of(offer)
    if not known.are_stale or (known.counted_at is not None and at - known.counted_at < AT_MOST_EVERY):
        return False
    counted = {view: count_view(offer, view) for view in View}
    OfferTally.objects.bulk_create(
        [
            OfferTally(workspace_id=offer.workspace_id, offer=offer, view=view, members=members, counted_at=at)
            for view, members in counted.items()
        ],
        update_conflicts=True,
        unique_fields=["offer", "view"],
        update_fields=["members", "counted_at"],
    )
    return True
