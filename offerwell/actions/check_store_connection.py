"""Ask a connected store who it is now, with the credentials it has: does it answer, and what may we do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.connect_store import (
    ConnectorFactory,
    StoreAccess,
    identified,
    scope_text,
)
from offerwell.actions.keep_subscriptions import look_at_subscriptions
from offerwell.jobs import wake
from offerwell.models import Store

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.integrations.store import StoreIdentity


def check_store_connection(
    *, store: Store, at: datetime, connector_factory: ConnectorFactory | None = None
) -> StoreIdentity:
    """Who answered. A good answer clears the store's trouble and lets its codes go on at once.

    Raises StoreRefused with what the store said; nothing is stored then: the sync keeps its own account
    of trouble.
    """
    access = StoreAccess(store.kind, store.address, store.client_id, store.client_secret, store.static_token)
    identity = identified(access, connector_factory)
    with transaction.atomic():
        Store.objects.filter(pk=store.pk).update(
            scopes=scope_text(identity), trouble="", uninstalled_at=None, paused_until=None, last_answer_at=at
        )
        look_at_subscriptions(store, at=at)
        wake("sync_store", store.pk)
    return identity
