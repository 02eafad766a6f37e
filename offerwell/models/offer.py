"""What members promote: a discount, a tracked link, or both."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.db import models

from offerwell.models.store import Store
from offerwell.models.workspace import WorkspaceOwned
from offerwell.rules.discount_link import LinkPlan
from offerwell.rules.discount_terms import (
    ALL_ITEMS,
    Combines,
    DiscountKind,
    DiscountTerms,
    ItemKind,
    Items,
    Purchase,
)

ITEM_KINDS = [str(kind) for kind in ItemKind]


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
    """An offer. The columns of its discount mean what `rules.offer_draft.OfferDraft` says of each; see `terms`."""

    name = models.CharField(max_length=120)
    name_key = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    type = models.CharField(max_length=16, choices=OfferType)
    status = models.CharField(max_length=10, choices=OfferStatus, default=OfferStatus.ACTIVE)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    discount_kind = models.CharField(max_length=16, blank=True)
    discount_value = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    minimum_purchase = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    usage_limit = models.PositiveIntegerField(null=True, blank=True)
    once_per_customer = models.BooleanField(default=False)
    minimum_quantity = models.PositiveIntegerField(null=True, blank=True)
    applies_to = models.CharField(max_length=12, default=str(ItemKind.ALL))
    item_ids = models.JSONField(default=list, blank=True)
    buys_from = models.CharField(max_length=12, default=str(ItemKind.ALL))
    buys_ids = models.JSONField(default=list, blank=True)
    buys_quantity = models.PositiveIntegerField(null=True, blank=True)
    gets_quantity = models.PositiveIntegerField(null=True, blank=True)
    uses_per_order = models.PositiveIntegerField(null=True, blank=True)
    combines_product = models.BooleanField(default=False)
    combines_order = models.BooleanField(default=False)
    combines_shipping = models.BooleanField(default=False)
    purchase = models.CharField(max_length=12, default=str(Purchase.ONE_TIME))
    title = models.CharField(max_length=255, blank=True)
    tags = models.JSONField(default=list, blank=True)
    discount_links = models.BooleanField(default=False)
    redirect = models.CharField(max_length=500, blank=True)
    utm_source = models.CharField(max_length=100, blank=True)
    utm_medium = models.CharField(max_length=100, blank=True)
    utm_campaign = models.CharField(max_length=100, blank=True)
    code_pattern = models.CharField(max_length=80, blank=True)
    destination = models.URLField(max_length=2000, blank=True)
    extra_domains = models.JSONField(default=list, blank=True)
    deep_links = models.BooleanField(db_default=False, default=False)
    dead_link = models.CharField(max_length=8, db_default="shop", default="shop")
    dead_link_to = models.CharField(max_length=2000, blank=True, db_default="", default="")
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
            models.CheckConstraint(
                condition=models.Q(discount_kind__in=["", "free_shipping"], discount_value=None)
                | models.Q(discount_kind="amount", discount_value__isnull=False, discount_value__gt=0)
                | models.Q(
                    discount_kind__in=["percent", "bxgy"],
                    discount_value__isnull=False,
                    discount_value__gt=0,
                    discount_value__lte=100,
                ),
                name="offer_discount_is_of_a_kind",
            ),
            models.CheckConstraint(
                condition=~models.Q(discount_kind="bxgy")
                | models.Q(
                    buys_quantity__isnull=False,
                    buys_quantity__gte=1,
                    gets_quantity__isnull=False,
                    gets_quantity__gte=1,
                ),
                name="offer_bxgy_says_how_many",
            ),
            models.CheckConstraint(
                condition=models.Q(minimum_purchase=None) | models.Q(minimum_quantity=None),
                name="offer_has_one_minimum",
            ),
            models.CheckConstraint(
                condition=models.Q(applies_to__in=ITEM_KINDS, buys_from__in=ITEM_KINDS),
                name="offer_items_are_of_a_kind",
            ),
            models.CheckConstraint(
                condition=models.Q(purchase__in=[str(one) for one in Purchase]),
                name="offer_purchase_is_of_a_kind",
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

    @property
    def terms(self) -> DiscountTerms:
        """What its codes give. Only an offer with codes has terms."""
        return DiscountTerms(
            kind=DiscountKind(self.discount_kind), value=self.discount_value or Decimal(0),
            minimum=self.minimum_purchase, once_per_customer=self.once_per_customer, usage_limit=self.usage_limit,
            minimum_quantity=self.minimum_quantity, items=_items(self.applies_to, self.item_ids),
            buys=_items(self.buys_from, self.buys_ids), buys_quantity=self.buys_quantity or 1,
            gets_quantity=self.gets_quantity or 1, uses_per_order=self.uses_per_order,
            combines=Combines(self.combines_product, self.combines_order, self.combines_shipping),
            purchase=Purchase(self.purchase),
        )  # fmt: skip

    @property
    def discount_number(self) -> Decimal | None:
        """What `{discount}` in the names of its codes stands for."""
        return self.terms.number_for_names if self.discount_kind else None

    @property
    def title_in_store(self) -> str:
        """What its discounts are called in a store."""
        return self.title or self.name

    @property
    def link_plan(self) -> LinkPlan:
        """How its discount links are made."""
        return LinkPlan(self.redirect, self.utm_source, self.utm_medium, self.utm_campaign)


def _items(kind: str, ids: list[str]) -> Items:
    return Items(ItemKind(kind), tuple(ids)) if ids else ALL_ITEMS


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
