"""A connected shop, its credentials and the shared measure of its rate limit."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from offerwell.models.encrypted_text import EncryptedText
from offerwell.models.workspace import WorkspaceOwned


class StoreKind(models.TextChoices):
    """Which connector speaks to the store."""

    SHOPIFY = "shopify", "Shopify"
    SANDBOX = "sandbox", "Sandbox store"
    VENDURE = "vendure", "Vendure"
    OTHER = "other", "Other shop"


# Shopify, and what looks like it: opened by an app, which has scopes, can be installed and hears webhooks; with
# discount links.
APP_KINDS = frozenset({StoreKind.SHOPIFY, StoreKind.SANDBOX})
# With percent and amount off the whole order as the only discounts.
PLAIN_KINDS = frozenset({StoreKind.VENDURE})
# A connector speaks to it, so that codes go there; any other shop tells its orders by itself (models/other_shop.py).
SPOKEN_KINDS = APP_KINDS | PLAIN_KINDS


class Store(WorkspaceOwned):
    """A connected shop. `address`: a *.myshopify.com domain, an http address, a Vendure's Admin API, another's domain.

    `client_id` and `client_secret` are a Vendure administrator's user name and password, `static_token` its API key.
    `trouble` is the plain sentence of what stops the sync of the whole store (empty: nothing), since
    `trouble_since`;
    `paused_until` keeps workers away until then. `uninstalled_at`: the app is gone from the shop; only a person who
    connects it again ends that.

    `refresh_token` is kept for a store whose merchant installed the app: it buys the next access token.
    `token_turn` marks the worker that is renewing them until `token_turn_until`; no lock is held meanwhile.
    """

    label = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, choices=StoreKind)
    address = models.CharField(max_length=255)
    currency = models.CharField(max_length=3, blank=True)
    timezone = models.CharField(max_length=64, default="UTC")
    client_id = models.CharField(max_length=255, blank=True)
    client_secret = EncryptedText(blank=True)
    static_token = EncryptedText(blank=True)
    access_token = EncryptedText(blank=True)
    access_expires_at = models.DateTimeField(null=True, blank=True)
    refresh_token = EncryptedText(blank=True, default="")
    refresh_expires_at = models.DateTimeField(null=True, blank=True)
    token_turn = models.CharField(max_length=32, blank=True, default="")
    token_turn_until = models.DateTimeField(null=True, blank=True)
    scopes = models.TextField(blank=True)
    is_on = models.BooleanField(default=True)
    trouble = models.TextField(blank=True)
    trouble_since = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    uninstalled_at = models.DateTimeField(null=True, blank=True)
    last_answer_at = models.DateTimeField(null=True, blank=True)
    connected_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "label"], name="store_label_once"),
            models.UniqueConstraint(fields=["workspace", "address"], name="store_address_once"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def is_installed(self) -> bool:
        """Whether the merchant installed the app, so that tokens are refreshed and can be installed again."""
        return bool(self.refresh_token)


class StorePace(WorkspaceOwned):
    """The store's leaky bucket as last seen, shared by every worker. Points; points per second."""

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="pace")
    available = models.FloatField()
    maximum = models.FloatField()
    restore_rate = models.FloatField()
    measured_at = models.FloatField()
    busy_until = models.FloatField(default=0.0)
