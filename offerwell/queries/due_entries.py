"""Which ledger entries are on no statement yet.

An entry counts from the day its order was placed, whatever day a refund or a rejection of it was posted: a statement
has everything that is known of its orders when it is approved. One of no order counts from its own moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import F
from django.db.models.functions import Coalesce

from offerwell.models import Account, LedgerEntry

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet


def due_entries(*, until: datetime) -> QuerySet[LedgerEntry, Any]:
    """Entries of members that are on no statement and count before `until`, unordered."""
    rows = LedgerEntry.objects.filter(account=Account.MEMBER, on_statement=None).order_by()
    return rows.annotate(counts_from=Coalesce(F("order__placed_at"), F("at"))).filter(counts_from__lt=until)
