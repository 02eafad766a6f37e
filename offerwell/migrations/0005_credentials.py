"""Stores that a merchant installed: their refresh tokens, whose turn it is to renew them, installations under way."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

import offerwell.models.encrypted_text


class Migration(migrations.Migration):
    """Columns of the store, and one table."""

    dependencies: ClassVar = [("offerwell", "0004_store_trouble_since")]
    operations: ClassVar = [
        migrations.AddField(
            "store", "refresh_token", offerwell.models.encrypted_text.EncryptedText(blank=True, default="")
        ),
        migrations.AddField("store", "refresh_expires_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("store", "token_turn", models.CharField(blank=True, default="", max_length=32)),
        migrations.AddField("store", "token_turn_until", models.DateTimeField(blank=True, null=True)),
        migrations.CreateModel(
            name="PendingInstall",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("nonce", models.CharField(max_length=64, unique=True)),
                ("session_mark", models.CharField(max_length=64)),
                ("user_id", models.BigIntegerField()),
                ("label", models.CharField(max_length=80)),
                ("kind", models.CharField(max_length=12)),
                ("address", models.CharField(max_length=255)),
                ("client_id", models.CharField(max_length=255)),
                ("client_secret", offerwell.models.encrypted_text.EncryptedText()),
                ("started_at", models.DateTimeField()),
                (
                    "store",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="offerwell.store",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="offerwell.workspace",
                    ),
                ),
            ],
            options={"abstract": False},
        ),
    ]
