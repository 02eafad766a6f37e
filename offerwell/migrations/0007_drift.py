"""Differences between what the brand wants and what a store shows, and the regular look that finds them."""

from __future__ import annotations

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models

TABLE = "offerwell_windowitem"


def guard(_apps: Any, editor: Any) -> None:
    """History nobody can rewrite, as in 0002."""
    if editor.connection.vendor == "sqlite":
        statements = [
            f"CREATE TRIGGER {TABLE}_no_{verb} BEFORE {verb} ON {TABLE} BEGIN"
            f" SELECT RAISE(ABORT, '{TABLE} is append-only'); END"
            for verb in ("update", "delete")
        ]
    else:
        statements = [
            f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE ON {TABLE}"
            " FOR EACH STATEMENT EXECUTE FUNCTION offerwell_append_only()"
        ]
    for statement in statements:
        editor.execute(statement, params=None)


def look_again(_apps: Any, editor: Any) -> None:
    """Codes flagged before know only that they differ: they are read once more."""
    editor.execute(
        "UPDATE offerwell_storecode SET due_at = CURRENT_TIMESTAMP WHERE problem = 'drifted' AND due_at IS NULL",
        params=None,
    )


def key() -> models.BigAutoField:
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def workspace() -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="offerwell.workspace"
    )


def moment(**options: Any) -> models.DateTimeField:
    return models.DateTimeField(null=True, blank=True, **options)


class Migration(migrations.Migration):
    """Three tables, one column, two partial indexes."""

    dependencies: ClassVar = [("offerwell", "0006_webhooks")]
    operations: ClassVar = [
        migrations.CreateModel(
            "Drift",
            [
                ("id", key()),
                ("kind", models.CharField(max_length=12)),
                ("status", models.CharField(max_length=10)),
                ("starts_at", moment()),
                ("ends_at", moment()),
                ("text", models.CharField(blank=True, max_length=255)),
                ("codes_count", models.PositiveIntegerField(default=0)),
                ("adopts", models.CharField(blank=True, max_length=80)),
                ("found_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("version", models.PositiveIntegerField(default=1)),
                ("restores", models.PositiveIntegerField(default=0)),
                ("restores_from", moment()),
                ("restored_at", moment()),
                (
                    "store_code",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="drift", to="offerwell.storecode"
                    ),
                ),
                ("workspace", workspace()),
            ],
        ),
        migrations.CreateModel(
            "StoreAudit",
            [
                ("id", key()),
                ("cursor", models.CharField(blank=True, max_length=120)),
                ("codes", models.PositiveIntegerField(default=0)),
                ("began_at", models.DateTimeField()),
                ("next_at", models.DateTimeField(db_index=True)),
                ("asked_at", moment()),
                ("done_at", moment()),
                (
                    "store",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="audit", to="offerwell.store"
                    ),
                ),
                ("workspace", workspace()),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            "WindowItem",
            [
                ("id", key()),
                ("change_id", models.BigIntegerField()),
                ("code_id", models.BigIntegerField()),
                ("was_starts_at", moment()),
                ("was_ends_at", moment()),
                ("starts_at", moment()),
                ("ends_at", moment()),
                ("workspace", workspace()),
            ],
        ),
        migrations.AddField("workspace", "enforces_since", moment()),
        migrations.AddIndex(
            "storecode",
            models.Index(
                condition=models.Q(("problem", "drifted")),
                fields=["workspace", "store", "code"],
                name="store_code_drifted",
            ),
        ),
        migrations.AddIndex(
            "drift",
            models.Index(
                condition=models.Q(("restored_at__isnull", False)),
                fields=["workspace", "-restored_at"],
                name="drift_restored",
            ),
        ),
        migrations.AddConstraint(
            "windowitem", models.UniqueConstraint(fields=("change_id", "code_id"), name="window_item_once")
        ),
        migrations.RunPython(guard, migrations.RunPython.noop),
        migrations.RunPython(look_again, migrations.RunPython.noop),
    ]
