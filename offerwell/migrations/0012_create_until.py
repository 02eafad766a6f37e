"""Until when a request to create a code may land: its text is not given free before."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """A column that is empty at first: no table is built anew."""

    dependencies: ClassVar = [("offerwell", "0011_refresh_and_payout")]
    operations: ClassVar = [
        migrations.AddField("storecode", "create_until", models.DateTimeField(blank=True, null=True)),
    ]
