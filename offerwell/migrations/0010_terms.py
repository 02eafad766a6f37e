"""Discounts in full: more kinds and terms of an offer, its discount links, and dates that moved."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models
from django.db.models import CheckConstraint, Q

COLUMNS: tuple[tuple[str, models.Field], ...] = (
    ("minimum_quantity", models.PositiveIntegerField(blank=True, null=True)),
    ("applies_to", models.CharField(default="all", max_length=12)),
    ("item_ids", models.JSONField(blank=True, default=list)),
    ("buys_from", models.CharField(default="all", max_length=12)),
    ("buys_ids", models.JSONField(blank=True, default=list)),
    ("buys_quantity", models.PositiveIntegerField(blank=True, null=True)),
    ("gets_quantity", models.PositiveIntegerField(blank=True, null=True)),
    ("uses_per_order", models.PositiveIntegerField(blank=True, null=True)),
    ("combines_product", models.BooleanField(default=False)),
    ("combines_order", models.BooleanField(default=False)),
    ("combines_shipping", models.BooleanField(default=False)),
    ("purchase", models.CharField(default="one_time", max_length=12)),
    ("title", models.CharField(blank=True, max_length=255)),
    ("tags", models.JSONField(blank=True, default=list)),
    ("discount_links", models.BooleanField(default=False)),
    ("redirect", models.CharField(blank=True, max_length=500)),
    ("utm_source", models.CharField(blank=True, max_length=100)),
    ("utm_medium", models.CharField(blank=True, max_length=100)),
    ("utm_campaign", models.CharField(blank=True, max_length=100)),
)
ITEM_KINDS = ["all", "products", "collections"]
# A comparison with NULL is no "no" for a check: what must be there is said apart.
TRUTHS = (
    CheckConstraint(
        condition=Q(discount_kind__in=["", "free_shipping"], discount_value=None)
        | Q(discount_kind="amount", discount_value__isnull=False, discount_value__gt=0)
        | Q(
            discount_kind__in=["percent", "bxgy"],
            discount_value__isnull=False,
            discount_value__gt=0,
            discount_value__lte=100,
        ),
        name="offer_discount_is_of_a_kind",
    ),
    CheckConstraint(
        condition=~Q(discount_kind="bxgy")
        | Q(
            buys_quantity__isnull=False,
            buys_quantity__gte=1,
            gets_quantity__isnull=False,
            gets_quantity__gte=1,
        ),
        name="offer_bxgy_says_how_many",
    ),
    CheckConstraint(condition=Q(minimum_purchase=None) | Q(minimum_quantity=None), name="offer_has_one_minimum"),
    CheckConstraint(condition=Q(applies_to__in=ITEM_KINDS, buys_from__in=ITEM_KINDS), name="offer_items_are_of_a_kind"),
    CheckConstraint(condition=Q(purchase__in=["one_time", "subscription", "both"]), name="offer_purchase_is_of_a_kind"),
)


class Migration(migrations.Migration):
    """Offers there are keep their discount; nothing of them is rewritten."""

    dependencies: ClassVar = [("offerwell", "0009_schedule")]
    operations: ClassVar = [
        migrations.AlterField("offer", "discount_kind", models.CharField(blank=True, max_length=16)),
        *(migrations.AddField("offer", name, column) for name, column in COLUMNS),
        *(migrations.AddConstraint("offer", truth) for truth in TRUTHS),
        migrations.AddField("storecode", "is_redated", models.BooleanField(db_default=False, default=False)),
    ]
