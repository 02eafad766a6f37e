"""Orders of a real Vendure: placed with our code, they are a conversion; refunded or cancelled, they earn less."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from offerwell.actions import pull_orders as pulling
from offerwell.actions.pull_orders import PullRefused, ask_for_orders, pull_orders, stores_to_pull
from offerwell.actions.read_orders import read_orders
from offerwell.integrations.vendure import orders as vendure_orders
from offerwell.models import Conversion, LedgerEntry, Order, OrderHint, OrderPull, PromoCode, Store
from tests import make
from tests.queries.test_order_clicks import clicked


@pytest.fixture
def selling(brand):
    """A code of this test alone: Vendure keeps its orders, and those of other tests are read as well."""
    brand.option = make.payout(brand.summer, is_default=True)
    brand.codes(f"NORA{uuid4().hex[:8]}".upper())
    make.history(PromoCode.objects.get())
    return brand


def pull(store):
    OrderPull.objects.update(due_at=timezone.now())
    return pull_orders(store_id=store.pk)


def earned():
    return sum(LedgerEntry.objects.filter(account="member").values_list("amount", flat=True))


def text():
    return PromoCode.objects.get().text


def bought(brand, with_code=True, click_id=""):
    shopper = brand.server.customer()
    if with_code:
        assert shopper.apply(text()) == 4000
    if click_id:
        shopper.carry(click_id)
    shopper.pay()
    return brand.server.placed()[0]


def test_an_order_with_our_code_earns_a_refund_and_a_cancellation_take_it_back(selling, monkeypatch):
    store = selling.store
    assert stores_to_pull(at=timezone.now()) == [store.pk]
    placed = bought(selling)
    assert pull(store) >= 1
    order = Order.objects.get(ref=placed["id"])
    assert (order.name, order.currency, order.net, order.refunded, order.codes) == (
        placed["code"], "USD", 4000, 0, [text()],
    )  # fmt: skip
    assert Conversion.objects.get(order=order).member == selling.summer.enrollments.get().member
    assert earned() == 400
    pull(store)
    assert (Order.objects.filter(ref=placed["id"]).count(), earned()) == (1, 400)

    # Vendure tells nobody of a refund; the order is read again by itself.
    assert selling.server.refund(placed, 1000) == {"state": "Pending", "total": 1000}
    monkeypatch.setattr(pulling, "READ_AGAIN_EVERY", timedelta(0))
    pull(store)
    assert OrderHint.objects.filter(ref=placed["id"]).count() == 1
    read_orders(store_id=store.pk)
    order.refresh_from_db()
    assert (order.refunded, earned()) == (1000, 300)

    selling.server.cancel(placed)
    pull(store)
    order.refresh_from_db()
    assert (order.cancelled_at is not None, Conversion.objects.get(order=order).status, earned()) == (
        True, "withdrawn", 0,
    )  # fmt: skip


def test_a_click_in_the_custom_field_credits_and_carts_are_no_orders(selling):
    link = make.link(selling.summer.enrollments.get())
    seen = clicked(link)
    before = {one["id"] for one in selling.server.placed()}
    selling.server.customer()  # a cart
    placed = bought(selling, with_code=False, click_id=str(seen.key))
    pull(selling.store)
    order = Order.objects.get(ref=placed["id"])
    assert (order.click_ids, order.decided_by, order.net) == ([str(seen.key)], "carried", 5000)
    assert set(Order.objects.values_list("ref", flat=True)) - before == {placed["id"]}


def test_pages_leave_no_order_out(selling, monkeypatch):
    monkeypatch.setattr(vendure_orders, "PAGE", 2)
    ours = {bought(selling)["id"] for _ in range(5)}
    ask_for_orders(
        workspace_id=selling.acme.pk, store=selling.store, since=timezone.now() - timedelta(days=1), by=make.ANA,
        at=timezone.now(),
    )  # fmt: skip
    pull(selling.store)
    read = set(Order.objects.values_list("ref", flat=True))
    assert ours <= read == {one["id"] for one in selling.server.placed()}


def test_without_the_permission_nothing_is_read_and_it_is_said(selling):
    Store.objects.update(scopes="ReadPromotion CreatePromotion UpdatePromotion")
    selling.store.refresh_from_db()
    with pytest.raises(PullRefused, match="Give the role of its login the permission ReadOrder"):
        ask_for_orders(
            workspace_id=selling.acme.pk, store=selling.store, since=timezone.now(), by=make.ANA, at=timezone.now()
        )
    assert (stores_to_pull(at=timezone.now()), OrderPull.objects.count()) == ([], 0)
