"""Take in what a browser reports of an order: evidence, as a browser can be made say anything, and nothing earns by it.

An order that nobody else told of becomes one that is not confirmed; a person, or the shop's own signed word, makes it
count. For an order that the shop told of, the report only says which clicks the browser had kept. Source: ADR 24.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from offerwell.actions.attribute_again import attribute_again
from offerwell.actions.call_pace import count_call
from offerwell.actions.record_order import record_orders
from offerwell.actions.take_in_told_order import CallRefused, shop_with_key
from offerwell.models import BrowserReport, Order, OtherShop, lock_workspace
from offerwell.rules.browser_report import BrowserTold, browser_told, is_from
from offerwell.rules.order_snapshot import LineSnapshot, OrderSnapshot

if TYPE_CHECKING:
    from offerwell.models import Store

MOST_A_MINUTE, MOST_OF_A_NETWORK = 300, 30
# Before anything a shop says: its own word is always newer.
_OLDEST = datetime(1970, 1, 1, tzinfo=UTC)


def listed_shop(*, key: str, domain: str) -> OtherShop:
    """The shop with the key, where pages of that domain may report its orders. Raises CallRefused."""
    shop = shop_with_key(key)
    if shop is None or not shop.store.is_on or not is_from(domain, shop.hosts):
        raise CallRefused
    return shop


def take_in_browser_report(*, key: str, domain: str, network: str, body: bytes, at: datetime) -> bool:
    """Keep it. False for an order that is known by now. Raises CallRefused, TooManyCalls, OrderUnreadable.

    `domain` is that of the page, `network` where the browser is: what it may send in a minute is counted.
    """
    shop = listed_shop(key=key, domain=domain)
    count_call(f"browser:{shop.pk}:{network}", most=MOST_OF_A_NETWORK, now=at.timestamp())
    count_call(f"browser:{shop.pk}", most=MOST_A_MINUTE, now=at.timestamp())
    store = shop.store
    told = browser_told(body, currency=store.currency)
    with scope(workspace=store.workspace), transaction.atomic():
        lock_workspace(store.workspace_id)
        OtherShop.objects.filter(pk=shop.pk).update(browser_heard_at=at)
        order = Order.objects.filter(store=store, ref=told.ref).first()
        if not _keep(store, told, order, at):
            return False
        if order is None:
            record_orders(store=store, snapshots=[_snapshot(told, store, at)], read_at=at, at=timezone.now())
        else:
            attribute_again(workspace_id=store.workspace_id, order_ids=[order.pk], at=at)
    return True


def _keep(store: Store, told: BrowserTold, order: Order | None, at: datetime) -> bool:
    """The first report stands, unless the shop's own word shows that it was wrong and that this one is right.

    Else whoever guesses the numbers of orders could report them all before their buyers do.
    """
    before = BrowserReport.objects.filter(store=store, ref=told.ref).first()
    if before is not None:
        is_settled = order is not None and not order.is_unconfirmed
        if not is_settled or order is None or before.net == order.net or told.net != order.net:
            return False
    BrowserReport.objects.update_or_create(
        workspace_id=store.workspace_id, store=store, ref=told.ref,
        defaults={
            "currency": store.currency, "net": told.net, "codes": list(told.codes), "clicks": list(told.clicks),
            "heard_at": at,
        },
    )  # fmt: skip
    return True


def _snapshot(told: BrowserTold, store: Store, at: datetime) -> OrderSnapshot:
    return OrderSnapshot(
        ref=told.ref, name=told.ref, placed_at=at, updated_at=_OLDEST, currency=store.currency,
        lines=(LineSnapshot("1", "", 1, 1, told.net),), codes=told.codes, is_unconfirmed=True,
    )  # fmt: skip
