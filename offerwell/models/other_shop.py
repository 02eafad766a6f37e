"""A shop that no connector speaks to: its own server tells its orders, signed, and its pages tell what browsers saw."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from offerwell.models.encrypted_text import EncryptedText
from offerwell.models.store import Store
from offerwell.models.workspace import WorkspaceOwned


class OtherShop(WorkspaceOwned):
    """How such a shop reaches us. `key` stands in its addresses and is no secret; `secret` signs.

    `previous_secret` verifies until `previous_secret_until`. `hosts` are the domains whose pages may report orders.
    `heard_at` is the last signed order, `browser_heard_at` the last report; `refused_at` the last refusal, and why.
    """

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="other_shop")
    key = models.CharField(max_length=43, unique=True)
    secret = EncryptedText()
    previous_secret = EncryptedText(blank=True)
    previous_secret_until = models.DateTimeField(null=True, blank=True)
    hosts = models.JSONField(default=list)
    heard_at = models.DateTimeField(null=True, blank=True)
    browser_heard_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    refused_why = models.TextField(blank=True)


class BrowserReport(WorkspaceOwned):
    """What one browser said of an order: evidence, no proof. The first report of an order stands.

    `net` in smallest units of `currency`; `clicks` are ids of clicks that the browser had kept, the last first.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, db_index=False, related_name="+")
    ref = models.CharField(max_length=80)
    currency = models.CharField(max_length=3)
    net = models.BigIntegerField()
    codes = models.JSONField(default=list)
    clicks = models.JSONField(default=list)
    heard_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["store", "ref"], name="browser_report_once")]
