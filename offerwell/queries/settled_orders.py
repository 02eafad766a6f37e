"""Whether an order is settled: its commission stands on a statement that was approved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Sum

from offerwell.models import Payment, Statement, StatementEntry
from offerwell.rules.written_dates import day_text

if TYPE_CHECKING:
    from offerwell.models import Conversion


def why_settled(conversion: Conversion) -> str:
    """Why its conversion cannot be rejected or accepted any more; empty: it can.

    What sums to nothing on statements (rejected before it was approved) was never paid, and may still be accepted.
    """
    entry = {"entry__order": conversion.order_id, "entry__member_id": conversion.member_id}
    settled = StatementEntry.objects.filter(**entry)
    if not settled.aggregate(total=Sum("entry__amount"))["total"]:
        return ""
    statement = Statement.objects.select_related("run").filter(entries__in=settled).order_by("-pk")[0]
    payment = Payment.objects.filter(statement=statement).order_by("-seq").first()
    if payment is not None and payment.amount > 0:
        day = day_text(payment.sent_on)
        return f"Its commission was paid on {day} ({statement.run}). A refund in the store still counts."
    return f"Its commission is on an approved statement ({statement.run}). A refund in the store still counts."
