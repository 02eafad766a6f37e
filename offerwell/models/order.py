"""Orders of stores as last told, whose they are, and how we come to hear of them. Nothing here says who bought."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from offerwell.models.enrollment import Enrollment
from offerwell.models.member import Member
from offerwell.models.offer import Offer
from offerwell.models.payout import PayoutOption, PayoutRules
from offerwell.models.store import Store
from offerwell.models.workspace import WorkspaceOwned
from offerwell.rules.attribution import WINDOW_DAYS, First, Way


class Order(WorkspaceOwned):
    """The newest snapshot of one order of one store. Money in the smallest unit of `currency`.

    `version` (microseconds of the store's own time of change) and `read_at` (when we asked) say which snapshot is
    newer; an older one is ignored. `first` and `window_days` are the attribution rules of the day it came in: they stay
    with it. `candidates` are all of them, best first; `decided_by` is the reason. `buyer_member_id`: the buyer gave
    this member's e-mail address, which is not kept. `is_unconfirmed`: only a browser told of it (`BrowserReport`).
    """

    store = models.ForeignKey(Store, on_delete=models.PROTECT, db_index=False, related_name="+")
    ref = models.CharField(max_length=80)
    name = models.CharField(max_length=60, blank=True)
    placed_at = models.DateTimeField()
    version = models.BigIntegerField()
    read_at = models.DateTimeField()
    currency = models.CharField(max_length=3)
    net = models.BigIntegerField()
    refunded = models.BigIntegerField(default=0)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    is_test = models.BooleanField(default=False)
    is_returning = models.BooleanField(null=True, blank=True)
    codes = models.JSONField(default=list)
    click_ids = models.JSONField(default=list)
    buyer_member_id = models.BigIntegerField(null=True, blank=True)
    first = models.CharField(max_length=4, default=str(First.CODE))
    window_days = models.PositiveSmallIntegerField(default=WINDOW_DAYS)
    decided_by = models.CharField(max_length=8, default=str(Way.NONE))
    candidates = models.JSONField(default=list)
    taken_at = models.DateTimeField()
    is_unconfirmed = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["store", "ref"], name="order_once"),
            models.CheckConstraint(
                condition=models.Q(refunded__gte=0, refunded__lte=models.F("net")), name="order_money"
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["workspace", "placed_at", "id"], name="order_by_time"),
            models.Index(fields=["workspace", "name"], name="order_by_name"),
            models.Index(
                fields=["workspace", "placed_at", "id"],
                condition=models.Q(is_unconfirmed=True),
                name="order_unconfirmed",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.ref


class OrderLine(WorkspaceOwned):
    """A line of the newest snapshot. `kept` of `quantity` was neither refunded nor removed; `net` is of all of it."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    ref = models.CharField(max_length=80)
    title = models.CharField(max_length=200, blank=True)
    product_ref = models.CharField(max_length=80, blank=True)
    quantity = models.PositiveIntegerField()
    kept = models.PositiveIntegerField()
    net = models.BigIntegerField()
    refunded = models.BigIntegerField(default=0)


class ConversionStatus(models.TextChoices):
    """Whether it earns. Withdrawn: the order was cancelled or a test, or nobody is credited any more."""

    ACCEPTED = "accepted", "Accepted"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Conversion(WorkspaceOwned):
    """An order credited to a member: one for an order. `sales` is what is left of its net, while it is accepted.

    `rules` are those of its option at the moment of the order; `tier` is decided once for a place and its rules
    (empty: they have no tiers), and stays. `judged_at` is set once a person rejected or accepted it; what they said
    then stands.
    """

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="conversion")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False, related_name="+")
    enrollment = models.ForeignKey(Enrollment, on_delete=models.PROTECT, db_index=False, related_name="+")
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, db_index=False, related_name="+")
    payout_option = models.ForeignKey(
        PayoutOption, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    rules = models.ForeignKey(PayoutRules, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    tier = models.PositiveSmallIntegerField(null=True, blank=True)
    way = models.CharField(max_length=8)
    status = models.CharField(max_length=10, choices=ConversionStatus)
    rejected_reason = models.CharField(max_length=200, blank=True)
    judged_at = models.DateTimeField(null=True, blank=True)
    judged_by = models.CharField(max_length=160, blank=True)
    placed_at = models.DateTimeField()
    currency = models.CharField(max_length=3)
    sales = models.BigIntegerField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["workspace", "member", "placed_at"], name="conversion_by_member"),
            models.Index(fields=["workspace", "offer", "placed_at"], name="conversion_by_offer"),
            models.Index(fields=["workspace", "status", "placed_at"], name="conversion_by_status"),
        ]


class OrderHint(WorkspaceOwned):
    """A store said something about an order: read it. The row is the queue. `heard` counts, so that none is lost."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, db_index=False, related_name="+")
    ref = models.CharField(max_length=80)
    heard = models.PositiveIntegerField(default=1)
    due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    note = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["store", "ref"], name="order_hint_once")]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="order_hint_due")
        ]


class OrderPull(WorkspaceOwned):
    """Reading a store's orders page by page, by their time of change: a back-fill, or what webhooks did not say.

    `reading_from` and `cursor` are where the reading under way is (null: none is); `began_at` is when it began, and
    becomes `read_until` at its end. `backfill_from` is what a person asked for. `due_at`: the next page, or look.
    """

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="+")
    backfill_from = models.DateTimeField(null=True, blank=True)
    reading_from = models.DateTimeField(null=True, blank=True)
    cursor = models.TextField(blank=True)
    began_at = models.DateTimeField(null=True, blank=True)
    read_until = models.DateTimeField(null=True, blank=True)
    orders = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    problem = models.TextField(blank=True)


class AttributionRules(WorkspaceOwned):
    """What the workspace says of codes and links on one order; without a row, the defaults.

    `trusts_browsers`: orders that only a browser told of earn at once, instead of after a person or the shop said so.
    """

    first = models.CharField(max_length=4, default=str(First.CODE))
    window_days = models.PositiveSmallIntegerField(default=WINDOW_DAYS)
    trusts_browsers = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace"], name="attribution_rules_once")]
