"""Give a connected store new credentials, after the shop has accepted them; the old ones are gone then.

Only webhooks are still verified with the old secret for a day: Shopify signs with it until it is revoked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.connect_store import (
    ConnectorFactory,
    StoreAccess,
    StoreRefused,
    access_problems,
    identified,
    scope_text,
)
from offerwell.actions.keep_subscriptions import look_at_subscriptions
from offerwell.actions.keep_webhook_secret import keep_old_secret
from offerwell.actions.record_event import record_event
from offerwell.jobs import wake
from offerwell.models import Store, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


def replace_store_credentials(
    *,
    workspace_id: int,
    store: Store,
    client_id: str = "",
    client_secret: str = "",
    static_token: str = "",
    by: Actor,
    at: datetime,
    connector_factory: ConnectorFactory | None = None,
) -> Store:
    """Ask the shop with the new credentials, then keep them. Raises StoreRefused; the old ones stay then."""
    access = StoreAccess(store.kind, store.address, client_id.strip(), client_secret.strip(), static_token.strip())
    if problems := access_problems(access):
        raise StoreRefused(problems)
    identity = identified(access, connector_factory)
    with transaction.atomic():
        lock_workspace(workspace_id)
        store = Store.objects.get(pk=store.pk)
        keep_old_secret(store, new=access.client_secret, at=at)
        store.client_id, store.client_secret = access.client_id, access.client_secret
        store.static_token = access.static_token
        # What the old secret bought must not be used on.
        store.access_token, store.access_expires_at = "", None
        store.refresh_token, store.refresh_expires_at = "", None
        store.scopes, store.currency, store.timezone = (
            scope_text(identity),
            identity.currency,
            identity.timezone,
        )
        store.trouble, store.trouble_since, store.paused_until, store.last_answer_at = "", None, None, at
        store.uninstalled_at = None
        store.save()
        look_at_subscriptions(store, at=at)
        record_event(
            workspace_id=workspace_id, kind="store_credentials_replaced", subject=f"store:{store.pk}",
            facts={"label": store.label}, by=by, at=at,
        )  # fmt: skip
        wake("sync_store", store.pk)
    return store
