"""What a conversion earns: the payout options of an offer. Every enrollment has one of them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from offerwell.models.offer import Offer
from offerwell.models.workspace import WorkspaceOwned


class PayoutKind(models.TextChoices):
    """What is paid for."""

    CPS = "cps", "CPS"
    CPA = "cpa", "CPA"
    CPA_CPS = "cpa_cps", "CPA + CPS"
    CPC = "cpc", "CPC"


class PayoutOption(WorkspaceOwned):
    """One way to pay for an offer's conversions. Terms never change: members were promised them.

    `basis_points` is the share of a sale (1,000 is 10 %); `amount` is in the smallest unit of `currency`, for
    each conversion or, with CPC, each unique click. What a kind has no use for is empty.
    """

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="payout_options")
    name = models.CharField(max_length=60)
    name_key = models.CharField(max_length=60)
    kind = models.CharField(max_length=8, choices=PayoutKind)
    basis_points = models.PositiveIntegerField(null=True, blank=True)
    amount = models.PositiveBigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["offer", "name_key"], name="payout_name_once"),
            models.UniqueConstraint(
                fields=["offer"], condition=models.Q(is_default=True), name="payout_default_once"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name


class PayoutRules(WorkspaceOwned):
    """The rules and tiers of a payout option from a moment on, until a newer row. Never changed: triggers refuse it.

    `rules` and `tiers` are as `rules/pay_rules.py` and `rules/pay_tiers.py` write them; empty: none.
    """

    option = models.ForeignKey(PayoutOption, on_delete=models.PROTECT, db_index=False, related_name="rule_sets")
    from_at = models.DateTimeField()
    rules = models.JSONField(default=list)
    tiers = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["option", "id"], name="payout_rules_by_option")]
