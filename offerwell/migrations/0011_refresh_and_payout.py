"""Bulk changes of three kinds, proposals for new code texts, and payout options.

No table of old rows is built anew: every column that joins one is empty at first, or has its value from the
database's own default. On SQLite a table that is built anew loses its triggers, and with them its promises.
"""

from __future__ import annotations

from typing import Any, ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

_KIND = models.CharField(
    choices=[("status", "Status"), ("refresh", "Text of codes"), ("payout", "Payout option")],
    db_default="status", default="status", max_length=8,
)  # fmt: skip


def give_every_offer_an_option(apps: Any, _editor: Any) -> None:
    """Offers had no payout so far: that is what their first option says, and every member has it."""
    offers, options = apps.get_model("offerwell", "Offer"), apps.get_model("offerwell", "PayoutOption")
    for offer in offers.objects.all().iterator():
        option = options.objects.create(
            workspace_id=offer.workspace_id, offer=offer, name="Standard", name_key="standard", kind="cps",
            basis_points=0, is_default=True, created_at=offer.created_at,
        )  # fmt: skip
        apps.get_model("offerwell", "Enrollment").objects.filter(offer=offer).update(payout_option=option)


def _owned() -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="offerwell.workspace"
    )


def _id() -> models.BigAutoField[Any, Any]:
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    """The last step writes rows, so it stays the last."""

    dependencies: ClassVar = [("offerwell", "0010_terms")]
    operations: ClassVar = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE offerwell_bulkchange ADD COLUMN kind varchar(8) DEFAULT 'status' NOT NULL"
                )
            ],
            state_operations=[migrations.AddField("bulkchange", "kind", _KIND)],
        ),
        migrations.AlterField(
            "bulkchange", "part",
            models.CharField(choices=[("codes", "Codes"), ("links", "Links"), ("members", "Members")], max_length=8),
        ),
        migrations.AlterField(
            "scheduledchange", "part",
            models.CharField(choices=[("codes", "Codes"), ("links", "Links"), ("members", "Members")], max_length=8),
        ),
        migrations.AddField("bulkchangeitem", "was_option_id", models.BigIntegerField(null=True)),
        migrations.AddField("codehistory", "opened_by", models.BigIntegerField(blank=True, null=True)),
        migrations.AddField("codehistory", "closed_by", models.BigIntegerField(blank=True, null=True)),
        migrations.AddField("promocode", "text_change_id", models.BigIntegerField(blank=True, null=True)),
        migrations.CreateModel(
            name="PayoutOption",
            fields=[
                ("id", _id()),
                ("name", models.CharField(max_length=60)),
                ("name_key", models.CharField(max_length=60)),
                ("kind", models.CharField(
                    choices=[("cps", "CPS"), ("cpa", "CPA"), ("cpa_cps", "CPA + CPS"), ("cpc", "CPC")], max_length=8
                )),
                ("basis_points", models.PositiveIntegerField(blank=True, null=True)),
                ("amount", models.PositiveBigIntegerField(blank=True, null=True)),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("is_default", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("offer", models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="payout_options", to="offerwell.offer"
                )),
                ("workspace", _owned()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("offer", "name_key"), name="payout_name_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)), fields=("offer",), name="payout_default_once"
                    ),
                ],
            },
        ),
        migrations.AddField(
            "bulkchange", "payout_option",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="offerwell.payoutoption"
            ),
        ),
        migrations.AddField(
            "enrollment", "payout_option",
            models.ForeignKey(
                db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="enrollments",
                to="offerwell.payoutoption",
            ),
        ),
        migrations.AddField("enrollment", "payout_change_id", models.BigIntegerField(blank=True, null=True)),
        migrations.CreateModel(
            name="ProposalBatch",
            fields=[
                ("id", _id()),
                ("selection", models.JSONField()),
                ("pattern", models.CharField(max_length=80)),
                ("has_random_suffix", models.BooleanField(default=False)),
                ("codes", models.PositiveIntegerField(default=0)),
                ("revision", models.PositiveIntegerField(default=1)),
                ("is_complete", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("offer", models.ForeignKey(
                    on_delete=django.db.models.deletion.CASCADE, related_name="+", to="offerwell.offer"
                )),
                ("user", models.ForeignKey(
                    null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+",
                    to=settings.AUTH_USER_MODEL,
                )),
                ("workspace", _owned()),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="CodeProposal",
            fields=[
                ("id", _id()),
                ("text", models.CharField(max_length=255)),
                ("text_key", models.CharField(max_length=255)),
                ("seen_change_id", models.BigIntegerField(default=0)),
                ("is_looked_up", models.BooleanField(default=False)),
                ("on_store", models.CharField(blank=True, max_length=120)),
                ("code", models.ForeignKey(
                    db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="proposals",
                    to="offerwell.promocode",
                )),
                ("workspace", _owned()),
                ("batch", models.ForeignKey(
                    db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="proposals",
                    to="offerwell.proposalbatch",
                )),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("batch", "code"), name="proposal_once"),
                    models.UniqueConstraint(fields=("batch", "text_key"), name="proposal_text_once"),
                ],
            },
        ),
        migrations.RunPython(give_every_offer_an_option, migrations.RunPython.noop, elidable=False),
    ]  # fmt: skip
