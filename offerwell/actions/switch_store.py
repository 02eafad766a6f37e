"""Switch a store's sync on or off. While it is off, its codes wait; nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.jobs import wake
from offerwell.models import Store, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


def switch_store(*, workspace_id: int, store: Store, on: bool, by: Actor, at: datetime) -> bool:
    """Let workers talk to the store, or keep them away. Gives whether that changed anything."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        changed = bool(Store.objects.filter(pk=store.pk, is_on=not on).update(is_on=on, paused_until=None))
        if changed:
            record_event(
                workspace_id=workspace_id, kind="store_switched_on" if on else "store_switched_off",
                subject=f"store:{store.pk}", facts={"label": store.label}, by=by, at=at,
            )  # fmt: skip
            if on:
                wake("sync_store", store.pk)
    return changed
