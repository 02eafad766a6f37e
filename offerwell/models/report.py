"""Rollups: what reports read instead of orders and clicks, by days of the workspace. Kept in step by `actions/`.

They hold nothing of their own: `offerwell reports rebuild` makes them anew, `offerwell verify` recounts them. A day is
that of the order's `placed_at`: a refund lowers the day of its order. What clicks earn stands on the day of the clicks,
with the store `NO_STORE`. The database checks no foreign key here: offers, members and stores are never deleted, and a
check would cost each batch of orders.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from offerwell.models.member import Member
from offerwell.models.offer import Offer
from offerwell.models.store import Store
from offerwell.models.workspace import WorkspaceOwned

NO_STORE = 0
"""The store of commission by clicks: links belong to none. It is in every total and no breakdown by store."""


class SalesSums(WorkspaceOwned):
    """What every rollup of sales has of a day."""

    day = models.DateField()
    currency = models.CharField(max_length=3)
    orders = models.BigIntegerField(default=0)
    sales = models.BigIntegerField(default=0)
    commission = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class ClickSums(WorkspaceOwned):
    """What every rollup of clicks has of a day."""

    day = models.DateField()
    clicks = models.BigIntegerField(default=0)
    uniques = models.BigIntegerField(default=0)
    repeats = models.BigIntegerField(default=0)
    bots = models.BigIntegerField(default=0)
    rescued = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class SalesDay(SalesSums):
    """Accepted conversions, and what the ledger has for them, added up. Amounts in the smallest unit of `currency`.

    `sales` and `orders` stand with the currency of the orders, `commission` with its own: there may be a row with
    commission alone. Rows of `NO_STORE` have commission alone, that of clicks.
    """

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="+")
    store = models.ForeignKey(Store, on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="+")

    class Meta:
        abstract = True


class OfferSalesDay(SalesDay):
    """Of one offer by one store on one day."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "day", "offer", "store", "currency"], name="offer_sales_day_once"
            )
        ]
        indexes: ClassVar = [
            # Carries the sums: a year of every offer is read from this index alone.
            models.Index(
                fields=["offer", "day", "workspace", "currency", "orders", "sales", "commission"],
                name="offer_sales_of_offer",
            ),
        ]


class ProgrammeSalesDay(SalesSums):
    """Of the whole programme on one day: the sums of its `OfferSalesDay` rows, one row where they are hundreds."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "day", "currency"], name="programme_sales_day_once")
        ]


class MemberSalesDay(SalesDay):
    """Of one member in one offer by one store on one day."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "member", "day", "offer", "store", "currency"],
                name="member_sales_day_once",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "day"], name="member_sales_by_day"),
            # Both carry the sums: members of an offer in order, and members of groups and projects, one by one.
            models.Index(
                fields=["offer", "day", "member", "workspace", "currency", "orders", "sales", "commission"],
                name="member_sales_of_offer",
            ),
            models.Index(
                fields=["member", "day", "offer", "workspace", "currency", "orders", "sales", "commission"],
                name="member_sales_of_member",
            ),
        ]


class OfferClickDay(ClickSums):
    """Clicks of one offer's links on one day: the sums of its `ClickDay` rows."""

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "day", "offer"], name="offer_click_day_once")
        ]
        indexes: ClassVar = [
            # Carries the sums, as of sales.
            models.Index(
                fields=["offer", "day", "workspace", "clicks", "uniques", "rescued", "bots"],
                name="offer_clicks_of_offer",
            )
        ]


class ProgrammeClickDay(ClickSums):
    """Clicks of all links on one day: the sums of its `OfferClickDay` rows."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace", "day"], name="programme_click_day_once")]


class MemberClickMonth(ClickSums):
    """Clicks of one member's links in one offer in one month: the sums of its `ClickDay` rows. `day` is its first.

    A year by project, by group or by member is read from months, and from days where it begins and ends. Of sales
    there are no months: they have a tenth of the rows, and rates of currencies change by the day.
    """

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="+")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "offer", "day", "member"], name="member_click_month_once")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["member", "day", "offer", "workspace", "clicks", "uniques", "rescued", "bots"],
                name="member_clicks_of_member",
            )
        ]


class ReportingCurrency(WorkspaceOwned):
    """The currency that totals of several currencies are shown in; without a row each currency stands apart."""

    currency = models.CharField(max_length=3)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace"], name="reporting_currency_once")]


class ExchangeRate(WorkspaceOwned):
    """From `day` on one `currency` is worth `rate` `into`, until there is a newer rate. For showing totals only."""

    currency = models.CharField(max_length=3)
    into = models.CharField(max_length=3)
    day = models.DateField()
    rate = models.DecimalField(max_digits=20, decimal_places=10)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "into", "currency", "day"], name="exchange_rate_once"),
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="exchange_rate_above_zero"),
        ]
