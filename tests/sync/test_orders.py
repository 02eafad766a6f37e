"""Orders of a real sandbox store over HTTP: by hints, by the pull, by a back-fill; faults cost time, never cents."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django_scopes import scope

from offerwell.actions import pull_orders as pulling
from offerwell.actions.erase_shopper import erase_shopper
from offerwell.actions.process_webhooks import process_webhooks
from offerwell.actions.pull_orders import PullRefused, ask_for_orders, pull_orders, stores_to_pull
from offerwell.actions.read_orders import read_orders, stores_with_order_hints
from offerwell.models import Conversion, Event, LedgerEntry, Order, OrderHint, OrderPull, Store
from offerwell.queries.verify_orders import order_problems
from tests import make
from tests.actions.test_process_webhooks import put

FAR = timezone.now() - timedelta(days=30)


class Shop:
    """The shop behind the sandbox, as its buyers and staff use it."""

    def __init__(self, sandbox):
        self.sandbox = sandbox

    def place(self, *wanted):
        answer = self.sandbox.http.post("/_sandbox/orders", json=list(wanted))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def change(self, order, verb, **given):
        answer = self.sandbox.http.post(f"/_sandbox/orders/{order['number']}/{verb}", json=given)
        assert answer.status_code == 200, answer.text


@pytest.fixture
def shop(sandbox):
    return Shop(sandbox)


@pytest.fixture
def glow(acme, sandbox):
    info = sandbox.info()
    made = make.store(
        acme, client_id=info["client_id"], client_secret=info["client_secret"], currency="USD",
        scopes="read_discounts write_discounts read_orders",
    )  # fmt: skip
    Store.objects.filter(pk=made.pk).update(address=sandbox.address, connected_at=FAR)
    made.refresh_from_db()
    return made


@pytest.fixture
def nora(acme, glow, sandbox):
    offer = make.offer(acme, "Summer", stores=[glow])
    place = make.enrollment(offer, option=make.payout(offer, "Ten", is_default=True))
    make.history(make.code(place, "NORA10"))
    sandbox.seed([{"code": "NORA10", "percentage": 10}, {"code": "STRANGER", "percentage": 5}])
    return place


def earned():
    return sum(LedgerEntry.objects.filter(account="member").values_list("amount", flat=True))


def hint(glow, order, topic="orders/create", **body):
    put(glow, topic, {"id": order["number"], **body})
    process_webhooks(store_id=glow.pk)


def test_a_webhook_makes_us_read_the_order_and_believes_nothing_of_it(acme, glow, nora, shop, sandbox):
    [order] = shop.place({"codes": ["nora10"], "lines": [{"title": "Serum", "price": "40.00", "quantity": 3}]})
    sandbox.forget_requests()
    for _copy in range(3):
        hint(glow, order, subtotal_price="999999.00", discount_codes=[{"code": "STRANGER"}])
    assert stores_with_order_hints(at=timezone.now()) == [glow.pk]
    assert read_orders(store_id=glow.pk) == 1
    assert [call["operation"] for call in sandbox.requests()].count("OrdersRead") == 1
    kept = Order.objects.get()
    assert (kept.name, kept.net, kept.codes, kept.decided_by) == (order["name"], 10_800, ["nora10"], "code")
    assert (earned(), OrderHint.objects.count(), stores_with_order_hints(at=timezone.now())) == (1_080, 0, [])
    shop.change(order, "refund", quantity=1)
    put(glow, "refunds/create", {"id": 1, "order_id": order["number"]})
    process_webhooks(store_id=glow.pk)
    read_orders(store_id=glow.pk)
    assert earned() == 720
    shop.change(order, "refund", amount="12.00")
    shop.change(order, "cancel")
    hint(glow, order, "orders/cancelled")
    read_orders(store_id=glow.pk)
    assert (earned(), Conversion.objects.get().status, order_problems(acme)) == (0, "withdrawn", [])


def test_an_amount_given_back_for_no_line_takes_its_share(glow, nora, shop):
    [order] = shop.place({"codes": ["NORA10"], "lines": [{"title": "Serum", "price": "100.00"}]})
    shop.change(order, "refund", amount="20.00")
    hint(glow, order)
    read_orders(store_id=glow.pk)
    assert (Order.objects.get().refunded, earned()) == (2_000, 700)


def test_an_order_of_many_lines_is_read_whole(glow, nora, shop):
    [order] = shop.place({"lines": [{"title": f"Item {n}", "price": "1.00"} for n in range(130)]})
    hint(glow, order)
    read_orders(store_id=glow.pk)
    kept = Order.objects.get()
    assert (kept.net, kept.lines.count()) == (13_000, 130)


def test_a_store_that_does_not_answer_is_asked_again_and_nothing_is_lost(glow, nora, shop, sandbox):
    [order] = shop.place({"codes": ["NORA10"]})
    sandbox.fault(kind="error_before_effect", operation="OrdersRead")
    hint(glow, order)
    assert read_orders(store_id=glow.pk) == 0
    row = OrderHint.objects.get()
    assert (row.attempts, row.due_at > timezone.now(), Order.objects.count()) == (1, True, 0)
    sandbox.fault(clear=True)
    OrderHint.objects.update(due_at=timezone.now())
    assert read_orders(store_id=glow.pk) == 1
    assert earned() == 360


def test_a_forged_order_of_nobody_changes_nothing(glow, nora):
    put(glow, "orders/create", {"id": 77, "subtotal_price": "500.00", "discount_codes": [{"code": "NORA10"}]})
    process_webhooks(store_id=glow.pk)
    read_orders(store_id=glow.pk)
    assert (Order.objects.count(), OrderHint.objects.count()) == (0, 0)


def test_what_is_heard_while_we_read_is_read_again(glow, nora, shop, monkeypatch):
    from offerwell.actions import read_orders as reading

    [order] = shop.place({"codes": ["NORA10"]})
    hint(glow, order)
    real = reading.record_orders

    def heard_meanwhile(**given):
        monkeypatch.setattr(reading, "record_orders", real)
        reading.hint_orders(glow, {str(order["number"])}, timezone.now())
        return real(**given)

    monkeypatch.setattr(reading, "record_orders", heard_meanwhile)
    assert read_orders(store_id=glow.pk) == 2
    assert OrderHint.objects.count() == 0


def test_the_pull_finds_what_no_webhook_said(glow, nora, shop):
    shop.place(*[{"codes": ["NORA10"]} for _ in range(3)], {"codes": ["STRANGER"]}, {})
    assert stores_to_pull(at=timezone.now()) == [glow.pk]
    pull_orders(store_id=glow.pk)
    pull = OrderPull.objects.get()
    assert (Conversion.objects.count(), earned(), pull.cursor, pull.reading_from) == (3, 1_080, "", None)
    assert stores_to_pull(at=timezone.now()) == []
    assert stores_to_pull(at=timezone.now() + timedelta(hours=1, seconds=5)) == [glow.pk]
    before = LedgerEntry.objects.count()
    OrderPull.objects.update(due_at=timezone.now())
    pull_orders(store_id=glow.pk)
    assert LedgerEntry.objects.count() == before


def test_a_back_fill_killed_between_two_pages_goes_on_there(acme, glow, nora, shop, monkeypatch):
    shop.place(*[{"codes": ["NORA10"]} for _ in range(230)])
    ask_for_orders(workspace_id=acme.pk, store=glow, since=FAR, by=make.ANA, at=timezone.now())
    turns = iter([False, True])
    read = pull_orders(store_id=glow.pk, should_stop=lambda: next(turns))
    assert (read, OrderPull.objects.get().orders, bool(OrderPull.objects.get().cursor)) == (100, 100, True)
    place = OrderPull.objects.get().cursor

    def dies(**_given):
        raise RuntimeError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(pulling, "record_orders", dies)
        with pytest.raises(RuntimeError):
            pull_orders(store_id=glow.pk)
    assert OrderPull.objects.get().cursor == place
    OrderPull.objects.update(due_at=timezone.now())
    assert pull_orders(store_id=glow.pk) == OrderPull.objects.get().orders - 100
    assert Conversion.objects.count() == 230
    assert order_problems(acme) == []
    assert [event.kind for event in Event.objects.all()] == ["orders_asked_for"]


def test_a_store_without_the_scope_is_told_of_and_a_future_day_refused(acme, glow):
    at = timezone.now()
    with pytest.raises(PullRefused, match="future"):
        ask_for_orders(workspace_id=acme.pk, store=glow, since=at + timedelta(days=1), by=make.ANA, at=at)
    glow.scopes = "read_discounts"
    with pytest.raises(PullRefused, match="scope read_orders"):
        ask_for_orders(workspace_id=acme.pk, store=glow, since=FAR, by=make.ANA, at=at)
    assert (OrderPull.objects.count(), Event.objects.count()) == (0, 0)


def test_a_shopper_who_asks_is_forgotten_and_the_ledger_stays(acme, glow, nora):
    order = make.recorded(glow, make.snapshot("7", codes=["NORA10"], buyer_email="x@y.example"))["7"]
    Order.objects.filter(pk=order.pk).update(buyer_member_id=nora.member_id)
    erase_shopper(store=glow, resources=["order:7", "customer:1"], by=make.ANA, at=make.NOW)
    order.refresh_from_db()
    assert (order.buyer_member_id, earned()) == (None, 1_000)


def test_orders_of_a_rival_with_the_same_shop_stay_apart(rival, nora, shop, sandbox):
    [order] = shop.place({"codes": ["NORA10"]})
    info = sandbox.info()
    with scope(workspace=rival):
        theirs = make.store(rival, client_id=info["client_id"], client_secret=info["client_secret"])
        Store.objects.filter(pk=theirs.pk).update(address=sandbox.address)
        theirs.refresh_from_db()
    hint(theirs, order)
    read_orders(store_id=theirs.pk)
    with scope(workspace=rival):
        assert (Order.objects.count(), Conversion.objects.count()) == (1, 0)
    assert Order.objects.count() == 0
