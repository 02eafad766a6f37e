"""What a confirmed payout change writes: the option of each member's place. No store hears of it.

Part of the one transaction of `actions/change_offer_status.py`; set-based, like all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import OuterRef, Subquery

from offerwell.models import BulkChangeItem, Enrollment

if TYPE_CHECKING:
    from offerwell.models import BulkChange
    from offerwell.queries.planned_change import Wish


def write_options(change: BulkChange, wish: Wish) -> None:
    """Give the places of the change's items their option: the chosen one, or each its own back."""
    items = BulkChangeItem.objects.filter(change_id=change.pk)
    option: object = wish.payout_option and wish.payout_option.pk
    if wish.undoes is not None:
        undone = BulkChangeItem.objects.filter(change_id=wish.undoes.pk, target_id=OuterRef("pk"))
        option = Subquery(undone.values("was_option_id")[:1])
    Enrollment.objects.filter(pk__in=items.values("target_id")).update(
        payout_option_id=option, payout_change_id=change.pk
    )
