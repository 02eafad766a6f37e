"""A workspace is one brand. Nothing crosses it: every other table carries its id first."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import connection, models
from django_scopes import ScopedManager


class Workspace(models.Model):
    """One brand: its members, offers, stores and team.

    `enforces_since`: differences found in a store since then are put right by themselves; null: they are flagged.
    `tells_reasons`: people may say creators why a status changes. `notice_hours`: so long before a deactivation the
    portal announces it; null: it announces none.
    `uses_click_cookie`: visitors of its sales links are known again by a cookie. `unknown_link_to` is where its own
    hosts send arrivals at links nobody has (empty: a page says so).
    """

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    timezone = models.CharField(max_length=64, default="UTC")
    created_at = models.DateTimeField()
    enforces_since = models.DateTimeField(null=True, blank=True)
    tells_reasons = models.BooleanField(default=False, db_default=False)
    notice_hours = models.PositiveIntegerField(null=True, blank=True)
    uses_click_cookie = models.BooleanField(db_default=False, default=False)
    unknown_link_to = models.CharField(max_length=2000, blank=True, db_default="", default="")

    def __str__(self) -> str:
        return self.name


class WorkspaceOwned(models.Model):
    """A table of one workspace. Its `objects` raise ScopeError outside `scope(workspace=…)`."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, db_index=False, related_name="+")
    objects: ClassVar[Any] = ScopedManager(workspace="workspace")

    class Meta:
        abstract = True


# Any constant: it keeps our advisory locks apart from those of other programs on the same server.
_LOCK_SPACE = 0x0FFE


def lock_workspace(workspace_id: int) -> None:
    """Give this transaction the next place in the workspace's order of intents, until it ends.

    SQLite needs nothing: its transactions begin IMMEDIATE, so writers already stand in line.
    PostgreSQL needs it: without, overlapping bulk changes deadlock or leave a mixture (ADR 0003).
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK_SPACE, workspace_id])
