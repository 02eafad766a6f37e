"""Connect a shop that no connector speaks to: it tells its orders by itself, and codes there are its own business."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from offerwell.actions.connect_store import StoreRefused, label_problems, refuse_twice
from offerwell.actions.record_event import record_event
from offerwell.models import OtherShop, Store, StoreKind, lock_workspace
from offerwell.rules.money import CURRENCIES
from offerwell.rules.web_address import domain_of

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


def connect_other_shop(
    *, workspace_id: int, label: str, address: str, currency: str, timezone: str, by: Actor, at: datetime
) -> OtherShop:
    """Store it, with a key and a secret of its own. Pages of `address` may report orders. Raises StoreRefused.

    Fields: label, address, currency, timezone.
    """
    label, currency, domain = " ".join(label.split()), currency.strip().upper(), domain_of(address)
    problems = label_problems(label)
    if not domain:
        problems["address"] = "Enter the shop’s address, for example shop.example.com."
    if currency not in CURRENCIES:
        problems["currency"] = "Enter a currency by its three letters, for example USD."
    if not _is_zone(timezone):
        problems["timezone"] = "Choose a time zone, for example Europe/Paris."
    if problems:
        raise StoreRefused(problems)
    with transaction.atomic():
        lock_workspace(workspace_id)
        refuse_twice(label, domain)
        store = Store.objects.create(
            workspace_id=workspace_id, label=label, kind=StoreKind.OTHER, address=domain, currency=currency,
            timezone=timezone, connected_at=at,
        )  # fmt: skip
        shop: OtherShop = OtherShop.objects.create(
            workspace_id=workspace_id, store=store, key=secrets.token_urlsafe(16), secret=new_secret(), hosts=[domain]
        )
        record_event(
            workspace_id=workspace_id, kind="store_connected", subject=f"store:{store.pk}",
            facts={"label": label, "kind": str(StoreKind.OTHER), "address": domain}, by=by, at=at,
        )  # fmt: skip
    return shop


def new_secret() -> str:
    """256 random bits, with a beginning by which scanners know it."""
    return f"ows_{secrets.token_urlsafe(32)}"


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return bool(name)
