"""Count the saved views of a large offer in the background, so that no page has to."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from offerwell.models import OfferTally
from offerwell.queries.offer_tallies import count_view, tallies_of
from offerwell.rules.selection import View

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Offer

# Every page of a busy offer sends a wake-up; one count in this time is enough.
AT_MOST_EVERY = timedelta(seconds=10)


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
