"""Uploaded files between preview and report."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """One table."""

    dependencies = [("offerwell", "0002_guards_and_search")]

    operations = [
        migrations.CreateModel(
            name="ImportFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("purpose", models.CharField(max_length=8)),
                ("name", models.CharField(max_length=200)),
                ("path", models.CharField(blank=True, max_length=200)),
                ("size", models.PositiveBigIntegerField()),
                ("choices", models.JSONField(default=list)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("uploaded", "Uploaded"),
                            ("waiting", "Waiting"),
                            ("running", "Importing"),
                            ("done", "Imported"),
                            ("refused", "Not imported"),
                        ],
                        default="uploaded",
                        max_length=8,
                    ),
                ),
                ("done_rows", models.PositiveIntegerField(default=0)),
                ("total_rows", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("beat_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("refusal", models.TextField(blank=True)),
                ("report", models.JSONField(blank=True, null=True)),
                ("rejected_path", models.CharField(blank=True, max_length=200)),
                (
                    "offer",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="offerwell.offer"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
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
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["waiting", "running"])),
                        fields=["state", "id"],
                        name="import_file_due",
                    )
                ],
            },
        ),
    ]
