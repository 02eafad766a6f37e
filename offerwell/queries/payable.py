"""Which statements are to be paid, which are paid, and to which address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan

from offerwell.models import Payment, Statement

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from offerwell.models import PayoutRun
    from offerwell.rules.payment_files import PaymentFile

# A spreadsheet would run such an address as a formula, and an apostrophe before it would be another address.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def with_payments(rows: QuerySet[Statement, Any]) -> QuerySet[Statement, Any]:
    """With `paid` (smallest units, 0 for nothing or returned)."""
    of = Payment.objects.filter(statement=OuterRef("pk")).order_by().values("statement")
    sums = Subquery(of.annotate(total=Sum("amount")).values("total"), output_field=BigIntegerField())
    return rows.annotate(paid=Coalesce(sums, 0))


def with_address(rows: QuerySet[Statement, Any]) -> QuerySet[Statement, Any]:
    """With `pay_to`: the address the creator set, else the member's e-mail; empty for none."""
    return rows.annotate(pay_to=Coalesce(F("member__payout_address__email"), F("member__email")))


def can_be_reached() -> Q:
    """Rows `with_address` that a payment file can name."""
    unusable = Q(pay_to="")
    for sign in _FORMULA:
        unusable |= Q(pay_to__startswith=sign)
    return ~unusable


def cannot_be_said(file: PaymentFile) -> Q:
    """Rows of sums that the provider's file cannot say to the smallest unit."""
    found = Q(pk__in=())
    for currency, least in file.coarse.items():
        if least > 1:
            found |= Q(GreaterThan(F("pays") % least, 0), currency=currency)
    return found


def to_pay(run: PayoutRun) -> QuerySet[Statement, Any]:
    """Statements of an approved payout that pay something and are not paid, with `paid` and `pay_to`."""
    rows = Statement.objects.filter(run=run, pays__gt=0)
    return with_address(with_payments(rows)).filter(Q(paid=0))
