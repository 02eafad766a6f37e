"""An uploaded file between its preview and its report. The row is the queue: a worker imports what waits."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from offerwell.models.offer import Offer
from offerwell.models.workspace import WorkspaceOwned


class ImportState(models.TextChoices):
    """How far a file is."""

    UPLOADED = "uploaded", "Uploaded"
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Importing"
    DONE = "done", "Imported"
    REFUSED = "refused", "Not imported"


class ImportFile(WorkspaceOwned):
    """`path` and `rejected_path` are names in the default storage; empty once the file is discarded.

    `choices` is what each column holds (a `rules.import_columns.ColumnField`, or empty), in the order of the
    columns; an empty list means: as guessed. `beat_at` is the last sign of life of the worker.
    """

    purpose = models.CharField(max_length=8)
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, null=True, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    path = models.CharField(max_length=200, blank=True)
    size = models.PositiveBigIntegerField()
    choices = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=ImportState, default=ImportState.UPLOADED)
    done_rows = models.PositiveIntegerField(default=0)
    total_rows = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    beat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    refusal = models.TextField(blank=True)
    report = models.JSONField(null=True, blank=True)
    rejected_path = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["state", "id"], condition=models.Q(state__in=["waiting", "running"]), name="import_file_due"
            )
        ]

    def __str__(self) -> str:
        return self.name
