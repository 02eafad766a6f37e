"""A person's own statements, and what was paid and is due: approved payouts only, of their own members."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Sum

from offerwell.models import Account, LedgerEntry, Payment, PayoutAddress, RunState, Statement
from offerwell.queries.payable import with_payments
from offerwell.queries.payout_runs import LINES_SIZE, StatementSeen, statement_seen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from offerwell.queries.creator_earnings import Sums

MOST_LISTED = 60


@dataclass(frozen=True, slots=True)
class Balance:
    """Earned = paid + due, in each currency. Smallest units; due below zero comes off what is earned next."""

    earned: Sums
    paid: Sums
    due: Sums


def own_balance(member_ids: Sequence[int]) -> Balance:
    """Over all time, from the ledger and the payments. Two statements."""
    entries = LedgerEntry.objects.filter(account=Account.MEMBER, member_id__in=member_ids).order_by()
    earned = Counter(dict(entries.values_list("currency").annotate(total=Sum("amount"))))
    payments = Payment.objects.filter(statement__member__in=member_ids).order_by()
    paid = Counter(dict(payments.values_list("statement__currency").annotate(total=Sum("amount"))))
    due = Counter(earned)
    due.subtract(paid)
    return Balance(_sums(earned), _sums(paid), _sums(due))


def _sums(amounts: Counter[str]) -> Sums:
    return tuple((currency, int(amount)) for currency, amount in sorted(amounts.items()) if amount)


def own_statements(member_ids: Sequence[int]) -> tuple[Any, ...]:
    """The newest approved statements, with `paid`. One statement."""
    return tuple(every_own_statement(member_ids)[:MOST_LISTED])


def every_own_statement(member_ids: Sequence[int]) -> QuerySet[Statement, Any]:
    """All approved statements, newest first, with `paid`."""
    return _own(member_ids).select_related("run", "workspace").order_by("-run_id", "-pk")


def own_statement(member_ids: Sequence[int], statement_id: int, *, after: int = 0) -> StatementSeen | None:
    """One of them with its lines. None for somebody else's, and for a draft."""
    if not _own(member_ids).filter(pk=statement_id).exists():
        return None
    return statement_seen(statement_id, after=after, size=LINES_SIZE)


def _own(member_ids: Sequence[int]) -> QuerySet[Statement, Any]:
    rows = Statement.objects.filter(member_id__in=member_ids, run__state=RunState.APPROVED)
    return with_payments(rows)


def own_payout_address(member_ids: Sequence[int]) -> str:
    """The address the person set, for all brands; empty for none."""
    address = PayoutAddress.objects.filter(member_id__in=member_ids).order_by("-at", "-pk").first()
    return address.email if address else ""
