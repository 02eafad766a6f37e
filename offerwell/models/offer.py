"""What members promote: a discount, a tracked link, or both."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from offerwell.models.store import Store
from offerwell.models.workspace import WorkspaceOwned


class OfferStatus(models.TextChoices):
    """What the brand set; *expired* is derived from the end date."""

    DRAFT = "draft", "Draft"
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    ARCHIVED = "archived", "Archived"


class OfferType(models.TextChoices):
    """The parts an offer has."""

    PROMO_CODE = "promo_code", "Promo Code"
    SALES_LINK = "sales_link", "Sales Link"
    BOTH = "both", "Sales Link + Promo Code"


class Offer(WorkspaceOwned):
    """An offer. `discount_value` is 20 for 20 %, or a sum in the store's currency."""

    name = models.CharField(max_length=120)
    name_key = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    type = models.CharField(max_length=16, choices=OfferType)
    status = models.CharField(max_length=10, choices=OfferStatus, default=OfferStatus.ACTIVE)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    discount_kind = models.CharField(max_length=10, blank=True)
    discount_value = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    minimum_purchase = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    usage_limit = models.PositiveIntegerField(null=True, blank=True)
    once_per_customer = models.BooleanField(default=False)
    code_pattern = models.CharField(max_length=80, blank=True)
    destination = models.URLField(max_length=2000, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "name_key"], name="offer_name_once"),
            models.CheckConstraint(
                condition=models.Q(starts_at=None)
                | models.Q(ends_at=None)
                | models.Q(ends_at__gt=models.F("starts_at")),
                name="offer_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def has_codes(self) -> bool:
        """Whether members get promo codes."""
        return self.type in {OfferType.PROMO_CODE, OfferType.BOTH}

    @property
    def has_links(self) -> bool:
        """Whether members get sales links."""
        return self.type in {OfferType.SALES_LINK, OfferType.BOTH}


class OfferStore(WorkspaceOwned):
    """The offer's codes go to this store."""

    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="store_links")
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="offer_links")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["offer", "store"], name="offer_store_once")]


class OfferTally(WorkspaceOwned):
    """How many members each saved view of a large offer held when last counted."""

    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="tallies")
    view = models.CharField(max_length=16)
    members = models.PositiveIntegerField()
    counted_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["offer", "view"], name="offer_tally_once")]
