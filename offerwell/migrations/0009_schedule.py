"""Scheduled changes: what a person confirmed for later, and what became of it."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

_OPEN = models.Q(state__in=["waiting", "returning"])
_STATES = [
    ("waiting", "Waiting"), ("returning", "Changes back"), ("done", "Done"), ("cancelled", "Cancelled"),
    ("failed", "Failed"), ("missed", "Missed"),
]  # fmt: skip


def _to(model: str, **more: object) -> models.ForeignKey:  # type: ignore[type-arg]
    return models.ForeignKey(model, on_delete=django.db.models.deletion.PROTECT, **more)  # type: ignore[arg-type]


class Migration(migrations.Migration):
    """One table. A worker looks into its partial index every second."""

    dependencies: ClassVar = [("offerwell", "0007_drift")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="ScheduledChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("part", models.CharField(choices=[("codes", "Codes"), ("links", "Links")], max_length=8)),
                ("to_active", models.BooleanField()),
                ("selection", models.JSONField()),
                ("planned", models.JSONField()),
                ("zone", models.CharField(max_length=64)),
                ("run_at", models.DateTimeField()),
                ("return_at", models.DateTimeField(blank=True, null=True)),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("state", models.CharField(choices=_STATES, default="waiting", max_length=10)),
                ("reason", models.TextField(blank=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("actor_name", models.CharField(max_length=160)),
                ("door", models.CharField(max_length=16)),
                ("key", models.CharField(max_length=80)),
                ("body_hash", models.CharField(max_length=64)),
                ("scheduled_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("cancelled_by", models.CharField(blank=True, max_length=160)),
                ("actor", _to(settings.AUTH_USER_MODEL, null=True, related_name="+")),
                ("change", _to("offerwell.bulkchange", null=True, related_name="scheduled_as")),
                ("offer", _to("offerwell.offer", db_index=False, related_name="+")),
                ("return_change", _to("offerwell.bulkchange", null=True, related_name="returned_as")),
                ("workspace", _to("offerwell.workspace", db_index=False, related_name="+")),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["due_at"], condition=models.Q(due_at__isnull=False), name="scheduled_change_due"
                    ),
                    models.Index(
                        fields=["workspace", "offer", "run_at"], condition=models.Q(due_at__isnull=False),
                        name="scheduled_change_open",
                    ),
                    models.Index(
                        fields=["workspace", "-ended_at", "-id"], condition=models.Q(due_at=None),
                        name="scheduled_change_over",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=["workspace", "key"], name="scheduled_change_key_once"),
                    models.CheckConstraint(
                        condition=models.Q(return_at=None) | models.Q(return_at__gt=models.F("run_at")),
                        name="scheduled_change_returns_later",
                    ),
                    models.CheckConstraint(
                        condition=(_OPEN & models.Q(due_at__isnull=False)) | (~_OPEN & models.Q(due_at=None)),
                        name="scheduled_change_due_while_open",
                    ),
                ],
            },
        ),
    ]  # fmt: skip
