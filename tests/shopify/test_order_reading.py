"""Orders as Shopify's API writes them → snapshots: taxes, discounts, refunds, clicks; broken shapes raise."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from offerwell.integrations.shopify.order_reading import snapshot_in
from offerwell.rules.order_snapshot import LineSnapshot


def bag(amount):
    return {"shopMoney": {"amount": amount}}


def line(number, total, *, discounts=(), taxes=(), quantity=1, kept=None):
    return {
        "id": f"gid://shopify/LineItem/{number}", "title": f"Item {number}", "quantity": quantity,
        "currentQuantity": quantity if kept is None else kept, "originalTotalSet": bag(total),
        "discountAllocations": [{"allocatedAmountSet": bag(one)} for one in discounts],
        "taxLines": [{"priceSet": bag(one)} for one in taxes],
    }  # fmt: skip


def node(*lines, **changed):
    return {
        "id": "gid://shopify/Order/820982911946154508", "name": "#1001", "processedAt": "2026-11-23T09:00:00Z",
        "updatedAt": "2026-11-23T09:05:00Z", "cancelledAt": None, "test": False, "currencyCode": "EUR",
        "taxesIncluded": False, "discountCodes": ["NORA10"], "customAttributes": [], "customerJourneySummary": None,
        "lineItems": {"nodes": list(lines), "pageInfo": {"hasNextPage": False, "endCursor": None}}, "refunds": [],
        **changed,
    }  # fmt: skip


def test_net_is_without_discounts_and_without_tax_where_prices_include_it():
    lines = (line(1, "119.00", discounts=["11.90", "1.10"], taxes=["16.92"]), line(2, "10.0", taxes=["1.60"]))
    plain, taxed = snapshot_in(node(*lines)), snapshot_in(node(*lines, taxesIncluded=True))
    assert [one.net for one in plain.lines] == [10_600, 1_000]
    assert [one.net for one in taxed.lines] == [8_908, 840]
    assert (plain.ref, plain.net, plain.placed_at) == (
        "820982911946154508", 11_600, datetime(2026, 11, 23, 9, tzinfo=UTC),
    )  # fmt: skip


def test_refunds_are_lines_that_are_gone_and_adjustments():
    refunds = [{"orderAdjustments": {"nodes": [{"amountSet": bag("-5.00")}, {"amountSet": bag("2.00")}]}}]
    found = snapshot_in(node(line(1, "30.00", quantity=3, kept=2), refunds=refunds))
    assert (found.lines[0].refunded, found.given_back, found.refunded) == (1_000, 300, 1_300)


def test_refunds_never_exceed_the_net_and_removed_lines_never_divide_by_zero():
    refunds = [{"orderAdjustments": {"nodes": [{"amountSet": bag("-99.00")}]}}]
    assert snapshot_in(node(line(1, "30.00"), refunds=refunds)).refunded == 3_000
    assert LineSnapshot("1", "", 0, 0, 500).refunded == 500
    assert LineSnapshot("1", "", 0, 1, 500).refunded == 0


@pytest.mark.parametrize(("currency", "amount", "net"), [("JPY", "1200.0", 1_200), ("KWD", "1.234", 1_234)])
def test_currencies_keep_their_decimals(currency, amount, net):
    assert snapshot_in(node(line(1, amount), currencyCode=currency)).net == net


def test_click_ids_come_from_the_cart_then_from_the_landing_pages():
    journey = {
        "ready": True, "customerOrderIndex": 2, "firstVisit": {"landingPage": "https://s.example/?ow_click=first"},
        "lastVisit": {"landingPage": "https://s.example/p?utm_source=x&ow_click=last"},
    }  # fmt: skip
    attributes = [{"key": "gift", "value": "for Nora"}, {"key": "ow_click", "value": "cart"}]
    found = snapshot_in(node(line(1, "1.00"), customAttributes=attributes, customerJourneySummary=journey))
    assert (found.click_ids, found.is_returning, found.is_whole) == (("cart", "last", "first"), True, True)


def test_a_journey_that_is_not_ready_is_read_again_later():
    journey = {"ready": False, "customerOrderIndex": None, "firstVisit": None, "lastVisit": None}
    found = snapshot_in(node(line(1, "1.00"), customerJourneySummary=journey))
    assert (found.is_whole, found.is_returning, found.click_ids) == (False, None, ())


@pytest.mark.parametrize("change", [{"lineItems": None}, {"updatedAt": "soon"}, {"currencyCode": None}])
def test_what_is_not_of_the_schemas_shape_raises(change):
    with pytest.raises((KeyError, TypeError, ValueError)):
        snapshot_in(node(line(1, "x" if "currencyCode" in change else "1.00"), **change))
