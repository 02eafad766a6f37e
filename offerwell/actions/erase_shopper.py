"""Do what the store's privacy webhooks ask, with the little that is held.

That is bodies of orders in the inbox, and that an order's buyer was a member.
Nothing else here is about shoppers. Events are for ever, so they name no shopper: only how much was erased.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offerwell.actions.record_event import record_event
from offerwell.models import Order, Webhook, WebhookState
from offerwell.models.json_rows import text_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.models import Store
    from offerwell.rules.permissions import Actor


def erase_shopper(*, store: Store, resources: Sequence[str], by: Actor, at: datetime) -> int:
    """Erase what is held of these orders and this shopper. Gives how many bodies. Inside the caller's transaction."""
    held = Webhook.objects.filter(store=store).exclude(resource="").filter(resource__in=text_rows(resources))
    refs = [one.removeprefix("order:") for one in resources if one.startswith("order:")]
    Order.objects.filter(store=store, ref__in=text_rows(refs)).update(buyer_member_id=None)
    return _erased(held, store, "shopper_erased", by=by, at=at)


def erase_shop(*, store: Store, by: Actor, at: datetime) -> int:
    """Erase what is held of every shopper of the shop. Gives how many bodies. Inside the caller's transaction."""
    Order.objects.filter(store=store).update(buyer_member_id=None)
    return _erased(Webhook.objects.filter(store=store).exclude(resource=""), store, "shop_erased", by=by, at=at)


def _erased(held: QuerySet[Webhook], store: Store, kind: str, *, by: Actor, at: datetime) -> int:
    count = held.update(body=b"", state=WebhookState.REDACTED, resource="", due_at=None, note="Erased on request.")
    record_event(
        workspace_id=store.workspace_id, kind=kind, subject=f"store:{store.pk}",
        facts={"label": store.label, "webhooks": count}, by=by, at=at,
    )  # fmt: skip
    return int(count)
