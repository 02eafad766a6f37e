"""A filter of the members list under a name, for everybody in the workspace."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from offerwell.models.workspace import WorkspaceOwned


class SavedView(WorkspaceOwned):
    """A tab over the members list. `key` is the name lower-cased; `body` is `rules.selection.MemberFilter` as JSON."""

    name = models.CharField(max_length=80)
    key = models.CharField(max_length=80)
    body = models.JSONField()
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace", "key"], name="saved_view_once")]

    def __str__(self) -> str:
        return self.name
