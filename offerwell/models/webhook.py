"""What stores tell us: the inbox of webhooks, and how each store reaches it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from offerwell.models.encrypted_text import EncryptedText
from offerwell.models.store import Store
from offerwell.models.workspace import WorkspaceOwned


class WebhookState(models.TextChoices):
    """How far a webhook is. Kept: nothing here acts on it yet (orders), or a person must answer it."""

    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    KEPT = "kept", "Kept"
    IGNORED = "ignored", "Not used"
    UNREADABLE = "unreadable", "Unreadable"
    FAILED = "failed", "Failed"
    REDACTED = "redacted", "Erased"


class Webhook(WorkspaceOwned):
    """One webhook as it came, stored before it is acknowledged. The row is the queue: `due_at` is set while it waits.

    `event_key` says what "the same again" means (`rules/webhook_payload.py`). `resource` names whom a kept body is
    about ("order:7", "customer:9"), so that it can be erased.
    """

    store = models.ForeignKey(Store, on_delete=models.PROTECT, db_index=False, related_name="+")
    event_key = models.CharField(max_length=64)
    event_id = models.CharField(max_length=100, blank=True)
    topic = models.CharField(max_length=80, blank=True)
    body = models.BinaryField()
    triggered_at = models.CharField(max_length=40, blank=True)
    received_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=WebhookState, default=WebhookState.WAITING)
    due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    note = models.TextField(blank=True)
    resource = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["store", "event_key"], name="webhook_once")]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="webhook_due"),
            models.Index(fields=["store", "received_at"], name="webhook_received"),
            models.Index(fields=["store", "resource"], condition=~models.Q(resource=""), name="webhook_about"),
            models.Index(
                fields=["store", "id"], condition=models.Q(state__in=["unreadable", "failed"]), name="webhook_bad"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.event_id}"


class StoreWebhooks(WorkspaceOwned):
    """How one store reaches us. `key` is the unguessable part of its address; what proves a sender is the signature.

    `secret` is the app's client secret where the store's own credentials hold none (a static token); `previous_secret`
    verifies until `previous_secret_until`, after a rotation. `topics` are those the store had us down for at
    `checked_at`, `refusals` maps a topic to the store's words, `problem` is why there are none. `base` is the public
    address they were made for.
    """

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="webhooks")
    key = models.CharField(max_length=43, unique=True)
    shop_domain = models.CharField(max_length=255, blank=True, db_index=True)
    secret = EncryptedText(blank=True)
    previous_secret = EncryptedText(blank=True)
    previous_secret_until = models.DateTimeField(null=True, blank=True)
    base = models.CharField(max_length=255, blank=True)
    topics = models.JSONField(default=list)
    refusals = models.JSONField(default=dict)
    problem = models.TextField(blank=True)
    failures = models.PositiveIntegerField(default=0)
    checked_at = models.DateTimeField(null=True, blank=True)
    next_check_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    refused_why = models.CharField(max_length=12, blank=True)
