"""Webhooks: their inbox, how each store reaches it, and since when an app is gone from its shop."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations, models
from django.db.models.deletion import CASCADE, PROTECT

from offerwell.models.encrypted_text import EncryptedText

STATES = [
    ("waiting", "Waiting"),
    ("done", "Done"),
    ("kept", "Kept"),
    ("ignored", "Not used"),
    ("unreadable", "Unreadable"),
    ("failed", "Failed"),
    ("redacted", "Erased"),
]


def _id() -> Any:
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def _workspace() -> Any:
    return models.ForeignKey(db_index=False, on_delete=PROTECT, related_name="+", to="offerwell.workspace")


class Migration(migrations.Migration):
    """Two tables, and one column without a default: no table is rebuilt."""

    dependencies: ClassVar = [("offerwell", "0005_credentials")]

    operations: ClassVar = [
        migrations.AddField("store", "uninstalled_at", models.DateTimeField(blank=True, null=True)),
        migrations.CreateModel(
            name="StoreWebhooks",
            fields=[
                ("id", _id()),
                ("key", models.CharField(max_length=43, unique=True)),
                ("shop_domain", models.CharField(blank=True, db_index=True, max_length=255)),
                ("secret", EncryptedText(blank=True)),
                ("previous_secret", EncryptedText(blank=True)),
                ("previous_secret_until", models.DateTimeField(blank=True, null=True)),
                ("base", models.CharField(blank=True, max_length=255)),
                ("topics", models.JSONField(default=list)),
                ("refusals", models.JSONField(default=dict)),
                ("problem", models.TextField(blank=True)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("next_check_at", models.DateTimeField(blank=True, null=True)),
                ("refused_at", models.DateTimeField(blank=True, null=True)),
                ("refused_why", models.CharField(blank=True, max_length=12)),
                (
                    "store",
                    models.OneToOneField(on_delete=CASCADE, related_name="webhooks", to="offerwell.store"),
                ),
                ("workspace", _workspace()),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="Webhook",
            fields=[
                ("id", _id()),
                ("event_key", models.CharField(max_length=64)),
                ("event_id", models.CharField(blank=True, max_length=100)),
                ("topic", models.CharField(blank=True, max_length=80)),
                ("body", models.BinaryField()),
                ("triggered_at", models.CharField(blank=True, max_length=40)),
                ("received_at", models.DateTimeField()),
                ("state", models.CharField(choices=STATES, default="waiting", max_length=10)),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("note", models.TextField(blank=True)),
                ("resource", models.CharField(blank=True, max_length=80)),
                (
                    "store",
                    models.ForeignKey(db_index=False, on_delete=PROTECT, related_name="+", to="offerwell.store"),
                ),
                ("workspace", _workspace()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("store", "event_key"), name="webhook_once")],
                "indexes": [
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="webhook_due"),
                    models.Index(fields=["store", "received_at"], name="webhook_received"),
                    models.Index(
                        condition=models.Q(("resource", ""), _negated=True),
                        fields=["store", "resource"],
                        name="webhook_about",
                    ),
                    models.Index(
                        condition=models.Q(("state__in", ["unreadable", "failed"])),
                        fields=["store", "id"],
                        name="webhook_bad",
                    ),
                ],
            },
        ),
    ]
