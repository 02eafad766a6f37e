"""Other attribution rules tried on past orders, and applied if somebody says so. The row is the queue."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from offerwell.models.workspace import WorkspaceOwned
from offerwell.rules.attribution import First


class ReplayState(models.TextChoices):
    """How far a replay is."""

    WAITING = "waiting", "Waiting"
    READY = "ready", "Ready"
    APPLYING = "applying", "Applying"
    APPLIED = "applied", "Applied"


class AttributionReplay(WorkspaceOwned):
    """`first` and `window_days` over the orders placed since `since` with ids up to `top_id`.

    `preview` and `result` are `rules.attribution_replay.ReplayFigures`: what it would move, and what applying moved.
    Applying is through up to the order `last_id`. `beat_at` is the last sign of life of a worker.
    """

    first = models.CharField(max_length=4, choices=[(str(one), str(one)) for one in First])
    window_days = models.PositiveSmallIntegerField()
    since = models.DateTimeField()
    top_id = models.BigIntegerField()
    last_id = models.BigIntegerField(default=0)
    state = models.CharField(max_length=8, choices=ReplayState, default=ReplayState.WAITING)
    done_orders = models.PositiveIntegerField(default=0)
    total_orders = models.PositiveIntegerField()
    preview = models.JSONField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True)
    asked_by = models.CharField(max_length=160)
    asked_at = models.DateTimeField()
    beat_at = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.CharField(max_length=160, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["state", "id"], condition=models.Q(state__in=["waiting", "applying"]), name="replay_due"
            ),
            models.Index(fields=["workspace", "-id"], name="replay_newest"),
        ]
