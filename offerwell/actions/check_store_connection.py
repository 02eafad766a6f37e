"""Ask a connected store who it is now, with the credentials it has: does it answer, and what may we do.

Refused access and a missing scope stop the sync of this store, as if the store had refused a change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.connect_store import (
    ConnectorFactory,
    StoreAccess,
    StoreRefused,
    answered,
    lacks,
    missing_scopes,
    scope_text,
)
from offerwell.actions.keep_subscriptions import look_at_subscriptions
from offerwell.actions.store_connection import open_store
from offerwell.actions.sync_pass import ACCESS_PAUSE
from offerwell.jobs import wake
from offerwell.models import Store

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.integrations.store import StoreIdentity


def check_store_connection(
    *, store: Store, at: datetime, connector_factory: ConnectorFactory | None = None
) -> StoreIdentity:
    """Who answered. A good answer clears the store's trouble and lets its codes go on at once.

    Raises StoreRefused with what the store said. Refused access and a missing scope are the store's trouble from
    then on; of a store that does not answer the sync keeps its own account.
    """
    access = StoreAccess(store.kind, store.address, static_token=store.static_token)
    if not store.static_token:
        access = StoreAccess(store.kind, store.address, store.client_id, store.client_secret)
    if connector_factory is None and store.is_installed:
        connector_factory = _kept_tokens(store)
    try:
        identity = answered(access, connector_factory)
    except StoreRefused as refused:
        if "access" in refused.problems:
            _stop(store, refused.problems["access"], at)
        raise
    if missing := missing_scopes(identity.scopes):
        _stop(store, lacks(missing), at, scopes=scope_text(identity), last_answer_at=at)
        raise StoreRefused({"access": lacks(missing)})
    with transaction.atomic():
        Store.objects.filter(pk=store.pk).update(
            scopes=scope_text(identity),
            trouble="",
            trouble_since=None,
            uninstalled_at=None,
            paused_until=None,
            last_answer_at=at,
        )
        look_at_subscriptions(store, at=at)
        wake("sync_store", store.pk)
    return identity


def _kept_tokens(store: Store) -> ConnectorFactory:
    """An installation's tokens are renewed in its row: a connector of one question would lose the new ones."""
    return lambda _access: open_store(store)


def _stop(store: Store, trouble: str, at: datetime, **known: object) -> None:
    Store.objects.filter(pk=store.pk).update(
        trouble=trouble, trouble_since=at, paused_until=at + ACCESS_PAUSE, **known
    )  # fmt: skip
