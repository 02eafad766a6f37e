"""Which members' places a payout change is about, and the rule of `rules/payouts.py` as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q

from offerwell.models import BulkChangeItem, Enrollment
from offerwell.queries.offer_members import selected_enrollments
from offerwell.rules.offer_status import Planned

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from offerwell.queries.planned_change import Wish


def payout_rows(wish: Wish) -> QuerySet[Any]:
    """The places of the selected members, or those that the undone change changed."""
    if wish.undoes is not None:
        changed = BulkChangeItem.objects.filter(change_id=wish.undoes.pk)
        return Enrollment.objects.filter(offer=wish.offer, pk__in=changed.values("target_id"))
    assert wish.selection is not None  # noqa: S101  a wish has a selection or undoes a change
    return selected_enrollments(wish.offer, wish.selection)


def payout_rule(wish: Wish) -> list[tuple[Q, Planned]]:
    """The conditions of the rule, in the rule's order; what meets none will change."""
    if wish.undoes is not None:
        return [(~Q(payout_change_id=wish.undoes.pk), Planned.CHANGED_SINCE)]
    return [(Q(payout_option=wish.payout_option), Planned.ALREADY_SO)]
