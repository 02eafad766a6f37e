"""Stores may be Vendure servers. Choices only: the column stays as it is."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """One more kind."""

    dependencies: ClassVar = [("offerwell", "0007_drift")]
    operations: ClassVar = [
        migrations.AlterField(
            "store",
            "kind",
            models.CharField(
                choices=[("shopify", "Shopify"), ("sandbox", "Sandbox store"), ("vendure", "Vendure")], max_length=12
            ),
        ),
    ]
