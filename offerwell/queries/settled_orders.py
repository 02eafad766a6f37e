"""Whether an order is settled: its commission stands on a statement that was approved, or is being approved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from offerwell.models import Account, LedgerEntry, Payment, PayoutRun, RunState, Statement
from offerwell.rules.written_dates import day_text

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from offerwell.models import Conversion


def settled_entries() -> QuerySet[LedgerEntry, Any]:
    """Members' entries on a statement, unordered; of a payout that is being approved all, whatever is frozen yet."""
    entries = LedgerEntry.objects.filter(account=Account.MEMBER).order_by()
    run = PayoutRun.objects.filter(state=RunState.APPROVING).first()
    if run is None:
        return entries.filter(on_statement__isnull=False)
    entries = entries.annotate(counts_from=Coalesce(F("order__placed_at"), F("at")))
    return entries.filter(Q(on_statement__isnull=False) | Q(pk__lte=run.top_entry, counts_from__lt=run.until))


def why_settled(conversion: Conversion) -> str:
    """Why its conversion cannot be rejected or accepted any more; empty: it can.

    What sums to nothing on statements (rejected before it was approved) was never paid, and may still be accepted.
    """
    settled = settled_entries().filter(order=conversion.order_id, member_id=conversion.member_id)
    if not settled.aggregate(total=Sum("amount"))["total"]:
        return ""
    of_it = Statement.objects.filter(entries__entry__in=settled.values("pk"), run__state=RunState.APPROVED)
    statement = of_it.select_related("run").order_by("-pk").first()
    if statement is None:
        return "Its commission is on a statement that is being approved. A refund in the store still counts."
    payment = Payment.objects.filter(statement=statement).order_by("-seq").first()
    if payment is not None and payment.amount > 0:
        day = day_text(payment.sent_on)
        return f"Its commission was paid on {day} ({statement.run}). A refund in the store still counts."
    return f"Its commission is on an approved statement ({statement.run}). A refund in the store still counts."
