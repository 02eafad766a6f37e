"""Give a shop a new secret. The old one verifies for a day more, so that no order is lost while it is put in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.connect_other_shop import new_secret
from offerwell.actions.keep_webhook_secret import OLD_SECRET_KEPT
from offerwell.actions.record_event import record_event
from offerwell.models import OtherShop, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


def renew_shop_secret(*, workspace_id: int, store_id: int, by: Actor, at: datetime) -> OtherShop:
    """The shop with its new secret: the only time that it is shown. Raises DoesNotExist for a store of another kind."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        shop: OtherShop = OtherShop.objects.select_related("store").select_for_update().get(store_id=store_id)
        shop.previous_secret, shop.previous_secret_until = shop.secret, at + OLD_SECRET_KEPT
        shop.secret = new_secret()
        shop.save(update_fields=["secret", "previous_secret", "previous_secret_until"])
        record_event(
            workspace_id=workspace_id, kind="shop_secret_renewed", subject=f"store:{store_id}",
            facts={"label": shop.store.label}, by=by, at=at,
        )  # fmt: skip
    return shop
