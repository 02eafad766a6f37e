"""What the raw rows say of sales by day: conversions as they stand, and the ledger. Rollups must say the same.

One place for it: the fold takes differences of it, the rebuild stores it, `verify` compares with it. What clicks earn
has no order: it stands beside, of whole days.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncDate

from offerwell.models import NO_STORE, Account, ClickDay, Conversion, ConversionStatus, LedgerEntry
from offerwell.queries.report_days import orders_of_day

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from django.db.models import QuerySet

    from offerwell.models import Workspace

# Day, offer, member, store, currency → orders, sales, commission; amounts in the smallest unit.
Key = tuple["date", int, int, int, str]
Sums = tuple[int, int, int]
NONE: Sums = (0, 0, 0)


def sales_of(workspace: Workspace, orders: Any) -> Mapping[Key, Sums]:
    """Of these orders (ids, or a sub-select of them), without what sums to nothing. Two statements.

    The day is that of the order in the workspace's zone; commission is the member's whose it is in the ledger.
    """
    found: dict[Key, list[int]] = defaultdict(lambda: [0, 0, 0])
    for day, offer_id, member_id, store_id, currency, n, sales in _sold(workspace, orders):
        found[day, offer_id, member_id, store_id, currency][:2] = n, int(sales)
    for day, offer_id, member_id, store_id, currency, earned in _earned(workspace, orders):
        found[day, offer_id, member_id, store_id, currency][2] = int(earned)
    return {key: (n, sales, earned) for key, (n, sales, earned) in found.items() if n or sales or earned}


def sales_of_day(workspace: Workspace, day: date) -> Mapping[Key, Sums]:
    """Of the orders placed on that day, and of its clicks. Three statements."""
    return {**sales_of(workspace, orders_of_day(workspace, day)), **_earned_by_clicks(day)}


def _earned_by_clicks(day: date) -> Mapping[Key, Sums]:
    counted = ClickDay.objects.filter(day=day).values("pk")
    rows = LedgerEntry.objects.filter(click_day__in=counted, account=Account.MEMBER).order_by()
    sums = rows.values_list("click_day__offer_id", "member_id", "currency").annotate(total=Sum("amount"))
    return {
        (day, offer_id, member_id, NO_STORE, currency): (0, 0, int(total))
        for offer_id, member_id, currency, total in sums.filter(~Q(total=0))
    }


def _sold(workspace: Workspace, orders: Any) -> QuerySet[Any, Any]:
    rows = Conversion.objects.filter(order__in=orders, status=ConversionStatus.ACCEPTED)
    rows = rows.annotate(day=TruncDate("placed_at", tzinfo=ZoneInfo(workspace.timezone))).order_by()
    return rows.values_list("day", "offer_id", "member_id", "order__store_id", "currency").annotate(
        Count("pk"), Sum("sales")
    )


def _earned(workspace: Workspace, orders: Any) -> QuerySet[Any, Any]:
    """A conversion that moved to another member left entries that sum to zero."""
    rows = LedgerEntry.objects.filter(order__in=orders, account=Account.MEMBER)
    day = TruncDate("order__conversion__placed_at", tzinfo=ZoneInfo(workspace.timezone))
    rows = rows.annotate(day=day, offer=F("order__conversion__offer_id")).order_by()
    sums = rows.values_list("day", "offer", "member_id", "order__store_id", "currency")
    return sums.annotate(total=Sum("amount")).filter(~Q(total=0))
