"""Secrets that verify webhooks: the app's own where a store is connected by a token, and the old one for a while."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.keep_subscriptions import look_at_subscriptions, webhooks_of
from offerwell.actions.record_event import record_event
from offerwell.models import StoreWebhooks, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Store
    from offerwell.rules.permissions import Actor

LONGEST_SECRET = 255
# Shopify signs with the oldest secret that is not revoked yet, and repeats a delivery for up to four hours.
OLD_SECRET_KEPT = timedelta(hours=24)


class SecretRefused(Exception):
    """This is no client secret. Nothing was stored. The text is for the person."""


def keep_webhook_secret(*, workspace_id: int, store: Store, secret: str, by: Actor, at: datetime) -> None:
    """Verify the store's webhooks with this secret from now on. Raises SecretRefused."""
    secret = secret.strip()
    if not secret:
        raise SecretRefused("Enter the client secret of your app.")
    if len(secret) > LONGEST_SECRET or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise SecretRefused("This does not look like a client secret. Copy it again from the app’s settings.")
    with transaction.atomic():
        lock_workspace(workspace_id)
        keep_old_secret(store, new=secret, at=at)
        StoreWebhooks.objects.filter(store=store).update(secret=secret, refused_at=None, refused_why="")
        look_at_subscriptions(store, at=at)
        record_event(
            workspace_id=workspace_id, kind="webhook_secret_replaced", subject=f"store:{store.pk}",
            facts={"label": store.label}, by=by, at=at,
        )  # fmt: skip


def keep_old_secret(store: Store, *, new: str, at: datetime) -> bool:
    """Call before the store's secret becomes `new`: the one it has verifies webhooks for OLD_SECRET_KEPT more.

    Gives whether there is an old one. Inside the caller's transaction. Deliveries under way, and all until the old
    secret is revoked at Shopify, are signed with the old one.
    """
    link = webhooks_of(store)
    old = store.client_secret or link.secret
    if not old or old == new:
        return False
    link.previous_secret, link.previous_secret_until = old, at + OLD_SECRET_KEPT
    link.refused_at, link.refused_why = None, ""
    link.save(update_fields=["previous_secret", "previous_secret_until", "refused_at", "refused_why"])
    return True
