"""A change for later: once, or with its return. The row is the queue, as everywhere (ADR 4 and 18)."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from offerwell.models.bulk_change import BulkChange, OfferPart
from offerwell.models.offer import Offer
from offerwell.models.workspace import WorkspaceOwned
from offerwell.rules.creator_notice import LONGEST_REASON


class ScheduleState(models.TextChoices):
    """How far it is. *Returning*: the change was made, its return waits."""

    WAITING = "waiting", "Waiting"
    RETURNING = "returning", "Changes back"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Failed"
    MISSED = "missed", "Missed"


OPEN_STATES = (ScheduleState.WAITING, ScheduleState.RETURNING)


class ScheduledChange(WorkspaceOwned):
    """What a person confirmed for later, and what became of it.

    `selection` is a `rules.selection.MemberSelection` with its snapshot bound; `planned` the plan's figures when
    it was scheduled. `due_at` is when a worker looks next (none: it is over); it moves on after an error, `run_at`
    and `return_at` never do. `reason` is a sentence for a person, `creator_reason` one for the members it is about,
    shown in their portal. `change` and `return_change` are what it made.
    """

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="+", db_index=False)
    part = models.CharField(max_length=8, choices=OfferPart)
    to_active = models.BooleanField()
    selection = models.JSONField()
    planned = models.JSONField()
    zone = models.CharField(max_length=64)
    run_at = models.DateTimeField()
    return_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=ScheduleState, default=ScheduleState.WAITING)
    reason = models.TextField(blank=True)
    creator_reason = models.CharField(max_length=LONGEST_REASON, blank=True, default="", db_default="")
    attempts = models.PositiveIntegerField(default=0)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=160)
    door = models.CharField(max_length=16)
    key = models.CharField(max_length=80)
    body_hash = models.CharField(max_length=64)
    scheduled_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.CharField(max_length=160, blank=True)
    change = models.ForeignKey(BulkChange, on_delete=models.PROTECT, null=True, related_name="scheduled_as")
    return_change = models.ForeignKey(BulkChange, on_delete=models.PROTECT, null=True, related_name="returned_as")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "key"], name="scheduled_change_key_once"),
            models.CheckConstraint(
                condition=models.Q(return_at=None) | models.Q(return_at__gt=models.F("run_at")),
                name="scheduled_change_returns_later",
            ),
            models.CheckConstraint(
                condition=(models.Q(state__in=["waiting", "returning"]) & models.Q(due_at__isnull=False))
                | (~models.Q(state__in=["waiting", "returning"]) & models.Q(due_at=None)),
                name="scheduled_change_due_while_open",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="scheduled_change_due"),
            models.Index(
                fields=["workspace", "offer", "run_at"],
                condition=models.Q(due_at__isnull=False),
                name="scheduled_change_open",
            ),
            models.Index(
                fields=["workspace", "-ended_at", "-id"],
                condition=models.Q(due_at=None),
                name="scheduled_change_over",
            ),
        ]

    @property
    def is_open(self) -> bool:
        """Whether something of it still waits."""
        return self.state in OPEN_STATES
