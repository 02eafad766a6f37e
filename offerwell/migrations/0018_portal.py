"""The Creator Portal: who signs in, and how; what brands tell creators of their changes.

No table of old rows is built anew (see `0011_refresh_and_payout`): SQLite would lose the triggers of bulk changes.
"""

from __future__ import annotations

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models


def _id() -> models.BigAutoField[Any, Any]:
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def _creator(name: str, *, null: bool = False) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        null=null, on_delete=django.db.models.deletion.CASCADE, related_name=name, to="offerwell.creator"
    )


def _with_default(
    model: str, name: str, kind: str, field: models.Field[Any, Any]
) -> migrations.SeparateDatabaseAndState:
    """A column whose old rows get their value from the database's own default."""
    sql = f"ALTER TABLE offerwell_{model} ADD COLUMN {name} {kind} NOT NULL"
    return migrations.SeparateDatabaseAndState(
        database_operations=[migrations.RunSQL(sql)], state_operations=[migrations.AddField(model, name, field)]
    )


def _reason() -> models.CharField[Any, Any]:
    return models.CharField(blank=True, db_default="", default="", max_length=200)


class Migration(migrations.Migration):
    """The index by e-mail reads every member once."""

    dependencies: ClassVar = [("offerwell", "0017_members")]
    operations: ClassVar = [
        _with_default("bulkchange", "creator_reason", "varchar(200) DEFAULT ''", _reason()),
        _with_default("scheduledchange", "creator_reason", "varchar(200) DEFAULT ''", _reason()),
        _with_default(
            "workspace", "tells_reasons", "boolean DEFAULT false", models.BooleanField(db_default=False, default=False)
        ),
        migrations.AddField("workspace", "notice_hours", models.PositiveIntegerField(blank=True, null=True)),
        migrations.AddIndex("member", models.Index(fields=["email_key"], name="member_by_email")),
        migrations.CreateModel(
            name="Creator",
            fields=[
                ("id", _id()),
                ("email_key", models.CharField(max_length=320, unique=True)),
                ("handle", models.CharField(max_length=64, unique=True)),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="PortalSession",
            fields=[
                ("id", _id()),
                ("creator", _creator("sessions")),
                ("key_hash", models.CharField(max_length=64, unique=True)),
                ("browser", models.CharField(max_length=80)),
                ("started_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Passkey",
            fields=[
                ("id", _id()),
                ("creator", _creator("passkeys")),
                ("name", models.CharField(max_length=60)),
                ("credential_hash", models.CharField(max_length=64, unique=True)),
                ("public", models.TextField()),
                ("sign_count", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="PasskeyChallenge",
            fields=[
                ("id", _id()),
                ("browser_hash", models.CharField(max_length=64, unique=True)),
                ("creator", _creator("+", null=True)),
                ("state", models.JSONField()),
                ("expires_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SignInRequest",
            fields=[
                ("id", _id()),
                ("email_key", models.CharField(max_length=320)),
                ("network", models.CharField(max_length=64)),
                ("browser_hash", models.CharField(max_length=64, unique=True)),
                ("origin", models.CharField(max_length=300)),
                ("code_hash", models.CharField(blank=True, max_length=64)),
                ("link_hash", models.CharField(blank=True, max_length=64)),
                ("asked_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("tries", models.PositiveIntegerField(default=0)),
                ("used_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["email_key", "asked_at"], name="sign_in_by_email"),
                    models.Index(fields=["network", "asked_at"], name="sign_in_by_network"),
                    models.Index(condition=models.Q(due_at__isnull=False), fields=["due_at"], name="sign_in_due"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReadLetter",
            fields=[
                ("id", _id()),
                ("at", models.DateTimeField()),
                (
                    "letter",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="read_mark",
                        to="offerwell.messagerecipient",
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
        ),
    ]
