"""The commission ledger: entries are added, never changed. Triggers on both databases refuse the rest."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from offerwell.models.click import ClickDay
from offerwell.models.order import Order
from offerwell.models.workspace import WorkspaceOwned


class Account(models.TextChoices):
    """The two sides of a posting: what the member earns is what the brand owes."""

    MEMBER = "member", "Member"
    BRAND = "brand", "Brand"


class LedgerEntry(WorkspaceOwned):
    """One side of posting `seq` of an order, or of a link's clicks of a day; the two sum to zero.

    `amount` in the smallest unit of `currency`. The sum of a member's entries of an order is what the order should have
    earned (target − posted); of a day of clicks likewise. `version` and `cause` say which state of the order was posted
    (of clicks: how many unique ones), and what made the difference.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, db_index=False, related_name="entries")
    click_day = models.ForeignKey(ClickDay, on_delete=models.PROTECT, null=True, db_index=False, related_name="entries")
    seq = models.PositiveIntegerField()
    account = models.CharField(max_length=6, choices=Account)
    member_id = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    version = models.BigIntegerField()
    cause = models.CharField(max_length=12)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "seq", "account"], name="ledger_entry_once"),
            models.UniqueConstraint(
                fields=["click_day", "seq", "account"], condition=models.Q(click_day__isnull=False),
                name="ledger_click_entry_once",
            ),
            models.CheckConstraint(condition=~models.Q(amount=0), name="ledger_entry_moves"),
            models.CheckConstraint(
                condition=models.Q(order__isnull=True, click_day__isnull=False)
                | models.Q(order__isnull=False, click_day__isnull=True),
                name="ledger_entry_source",
            ),
        ]  # fmt: skip
        indexes: ClassVar = [models.Index(fields=["workspace", "member_id", "at"], name="ledger_by_member")]
