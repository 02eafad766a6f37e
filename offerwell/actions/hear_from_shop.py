"""A webhook says that the app is gone or its scopes changed: ask the shop itself, and believe only that.

A signature has no date, so an old "uninstalled" may come again, from anyone who once saw it. Source: trust §8 (T11).
"""

from __future__ import annotations

from contextlib import closing
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.actions.store_connection import open_store
from offerwell.integrations.store import AccessRefused, StoreError
from offerwell.models import Store, StoreWebhooks, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor

UNINSTALLED = (
    "The app was uninstalled from the shop. Nothing is sent there any more, and codes wait. "
    "Install the app again, then press Test connection or Replace credentials."
)


class ShopSays(StrEnum):
    """What the shop answered."""

    HERE = "here"
    GONE = "gone"
    SILENT = "silent"


def hear_from_shop(*, store: Store, is_uninstall: bool, by: Actor, at: datetime) -> ShopSays:
    """Ask who answers. HERE: its scopes are noted. GONE: with `is_uninstall` the store stops until it is reconnected.

    SILENT: nobody knows; ask again later.
    """
    try:
        with closing(open_store(store)) as connector:
            identity = connector.identify()
    except AccessRefused:
        if is_uninstall:
            _stop(store, by=by, at=at)
        return ShopSays.GONE
    except StoreError:
        return ShopSays.SILENT
    Store.objects.filter(pk=store.pk).update(scopes=" ".join(sorted(identity.scopes)), last_answer_at=at)
    # Other scopes may open other topics.
    StoreWebhooks.objects.filter(store=store).update(next_check_at=at)
    return ShopSays.HERE


def _stop(store: Store, *, by: Actor, at: datetime) -> None:
    """No pass ends this: only a person who connects the store again. The shop took its subscriptions away itself."""
    with transaction.atomic():
        lock_workspace(store.workspace_id)
        stopped = Store.objects.filter(pk=store.pk, uninstalled_at=None).update(
            uninstalled_at=at, trouble=UNINSTALLED, trouble_since=at, paused_until=None,
            access_token="", access_expires_at=None, token_turn="", token_turn_until=None,
        )  # fmt: skip
        StoreWebhooks.objects.filter(store=store).update(topics=[], refusals={}, problem="", next_check_at=None)
        if stopped:
            record_event(
                workspace_id=store.workspace_id, kind="store_uninstalled", subject=f"store:{store.pk}",
                facts={"label": store.label}, by=by, at=at,
            )  # fmt: skip
