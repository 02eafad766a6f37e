"""Who did what, when, from where. Append-only, each event carrying the hash of the one before."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models

from offerwell.models.workspace import WorkspaceOwned

if TYPE_CHECKING:
    from datetime import datetime


class Event(WorkspaceOwned):
    """One fact. `seq` counts from 1 in each workspace without a gap."""

    seq = models.BigIntegerField()
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=160)
    door = models.CharField(max_length=16)
    kind = models.CharField(max_length=48)
    subject = models.CharField(max_length=80)
    body = models.TextField()
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace", "seq"], name="event_seq_once")]
        # One for each way to look through them: queries/audit_page.py.
        indexes: ClassVar = [
            models.Index(fields=["workspace", "at", "seq"], name="event_by_time"),
            models.Index(fields=["workspace", "actor_name", "at", "seq"], name="event_by_actor"),
            models.Index(fields=["workspace", "kind", "at", "seq"], name="event_by_kind"),
            models.Index(fields=["workspace", "subject", "at", "seq"], name="event_by_subject"),
            models.Index(fields=["workspace", "door", "at", "seq"], name="event_by_door"),
        ]


def event_hash(event: Event) -> str:
    """SHA-256 (hex) over every fact of the event and the hash of the one before it."""
    facts: list[Any] = [
        event.workspace_id, event.seq, _moment(event.at), event.actor_id, event.actor_name, event.door,
        event.kind, event.subject, event.body, event.previous_hash,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()


def _moment(at: datetime) -> int:
    """Microseconds: both databases give the same back."""
    return int(at.timestamp()) * 1_000_000 + at.microsecond
