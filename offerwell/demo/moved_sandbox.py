"""The sandbox store may listen on another port after a restart: its connection follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django_scopes import scope, scopes_disabled

from offerwell.actions.record_event import record_event
from offerwell.demo.sandbox_shop import shop_at
from offerwell.models import Store, StoreKind
from offerwell.rules.permissions import Actor

if TYPE_CHECKING:
    from datetime import datetime

_RUN = Actor(name="offerwell run", door="cli")


def follow_sandbox(address: str, *, at: datetime) -> int:
    """Point stores that are this very sandbox store to where it is now. Gives how many. Raises SandboxAway."""
    shop = shop_at(address)
    with scopes_disabled():
        same = Store.objects.filter(kind=StoreKind.SANDBOX).exclude(client_id="").select_related("workspace")
        moved = list(same.filter(client_id=shop.client_id).exclude(address=address))
    for store in moved:
        with scope(workspace=store.workspace), transaction.atomic():
            Store.objects.filter(pk=store.pk).update(address=address)
            record_event(
                workspace_id=store.workspace_id, kind="store_moved", subject=f"store:{store.pk}",
                facts={"from": store.address, "to": address}, by=_RUN, at=at,
            )  # fmt: skip
    return len(moved)
