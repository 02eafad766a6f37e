"""Members: saved views, how many there are, and one country by name."""

from __future__ import annotations

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models

_WORKSPACE = {
    "to": "offerwell.workspace",
    "on_delete": django.db.models.deletion.PROTECT,
    "db_index": False,
    "related_name": "+",
}
_ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def count_members(_apps: Any, editor: Any) -> None:
    """The first count, as actions/count_members.py makes it."""
    editor.execute(
        "INSERT INTO offerwell_membertally (workspace_id, members)"
        " SELECT workspace_id, count(*) FROM offerwell_member GROUP BY workspace_id"
    )


class Migration(migrations.Migration):
    """Tables, an index, and the first count of each workspace."""

    dependencies: ClassVar = [("offerwell", "0016_stage_moves")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="MemberTally",
            fields=[
                ("id", _ID),
                ("members", models.PositiveIntegerField()),
                ("workspace", models.ForeignKey(**_WORKSPACE)),
            ],
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", _ID),
                ("name", models.CharField(max_length=80)),
                ("key", models.CharField(max_length=80)),
                ("body", models.JSONField()),
                ("created_at", models.DateTimeField()),
                ("created_by", models.CharField(max_length=160)),
                ("workspace", models.ForeignKey(**_WORKSPACE)),
            ],
        ),
        migrations.AddConstraint(
            model_name="membertally",
            constraint=models.UniqueConstraint(fields=("workspace",), name="member_tally_once"),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(fields=("workspace", "key"), name="saved_view_once"),
        ),
        migrations.RemoveIndex(model_name="member", name="member_by_country"),
        migrations.AddIndex(
            model_name="member",
            index=models.Index(fields=["workspace", "country", "name_key", "id"], name="member_by_country_name"),
        ),
        migrations.RunPython(count_members, migrations.RunPython.noop, elidable=False),
    ]
