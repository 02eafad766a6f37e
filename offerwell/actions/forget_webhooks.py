"""Delete webhooks past their time, a bounded number at once: a delete of millions would stop every writer."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django_scopes import scopes_disabled

from offerwell.models import Store, StoreWebhooks, Webhook
from offerwell.models.id_list import id_rows

if TYPE_CHECKING:
    from datetime import datetime

AT_ONCE = 5_000


def forget_webhooks(*, at: datetime) -> int:
    """Delete what came before the time kept, whatever became of it, and secrets past their rotation. Gives how many.

    What still waits to be acted on stays.
    """
    before = at - timedelta(days=settings.OFFERWELL_WEBHOOK_DAYS)
    gone = 0
    with scopes_disabled():
        StoreWebhooks.objects.filter(previous_secret_until__lte=at).update(
            previous_secret="", previous_secret_until=None
        )
        for store_id in Store.objects.order_by("pk").values_list("pk", flat=True):
            old = Webhook.objects.filter(store_id=store_id, received_at__lt=before, due_at=None)
            ids = list(old.order_by("received_at").values_list("pk", flat=True)[: AT_ONCE - gone])
            if ids:
                gone += Webhook.objects.filter(pk__in=id_rows(ids)).delete()[0]
            if gone >= AT_ONCE:
                break
    return gone
