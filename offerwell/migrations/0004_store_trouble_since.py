"""Since when a store is in trouble: the longer, the seldomer it is asked."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """One column."""

    dependencies: ClassVar = [("offerwell", "0003_import_file")]
    operations: ClassVar = [
        migrations.AddField("store", "trouble_since", models.DateTimeField(blank=True, null=True)),
    ]
