"""What Vendure tells of an order, in numbers: taxes, quantities, failed refunds, other smallest units."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offerwell.integrations.vendure.order_reading import snapshot_in


def line(quantity=1, placed=1, unit=1000, tax=0):
    return {
        "id": "1", "quantity": quantity, "orderPlacedQuantity": placed, "proratedUnitPrice": unit,
        "proratedUnitPriceWithTax": unit + unit * tax // 100, "proratedLinePrice": unit * quantity,
        "productVariant": {"name": "Serum", "product": {"id": "9"}},
    }  # fmt: skip


def node(*lines, refunds=(), **fields):
    return {
        "id": "7", "code": "ABC", "state": "PaymentSettled", "orderPlacedAt": "2026-11-23T09:00:00.000Z",
        "updatedAt": "2026-11-23T09:00:01.000Z", "currencyCode": "USD", "couponCodes": ["NORA20"], "customer": None,
        "lines": list(lines), "payments": [{"refunds": list(refunds)}], **fields,
    }  # fmt: skip


def refund(total, shipping=0, state="Settled"):
    return {"state": state, "total": total, "shipping": shipping}


@pytest.mark.parametrize(
    ("lines", "refunds", "net", "refunded"),
    [
        ([line()], [], 1000, 0),
        ([line(tax=20)], [refund(600)], 1000, 500),
        ([line()], [refund(400, shipping=100)], 1000, 300),
        ([line()], [refund(400, state="Failed")], 1000, 0),
        ([line(quantity=1, placed=2)], [], 2000, 1000),
        ([line(quantity=1, placed=2)], [refund(1000)], 2000, 1000),
        ([line(quantity=0, placed=2)], [refund(2500)], 2000, 2000),
        ([line(quantity=3, placed=2)], [], 3000, 0),
        ([], [refund(10)], 0, 0),
    ],
)
def test_sums(lines, refunds, net, refunded):
    found = snapshot_in(node(*lines, refunds=refunds), 2)
    assert (found.net, found.refunded) == (net, refunded)


def test_the_servers_unit_is_not_the_currencys():
    assert snapshot_in(node(line(unit=120_000), currencyCode="JPY"), 2).net == 1200
    assert snapshot_in(node(line(unit=12_345), currencyCode="KWD"), 3).net == 12_345


def test_carts_are_none_and_the_rest_is_taken_over():
    assert snapshot_in(node(line(), orderPlacedAt=None), 2) is None
    found = snapshot_in(
        node(line(), state="Cancelled", customFields={"owClick": "k" * 36}, customer={"emailAddress": "n@example.com"}),
        2,
    )
    assert (found.ref, found.name, found.codes, found.click_ids) == ("7", "ABC", ("NORA20",), ("k" * 36,))
    assert (found.cancelled_at, found.buyer_email) == (datetime(2026, 11, 23, 9, 0, 1, tzinfo=UTC), "n@example.com")
    assert snapshot_in(node(line(), customFields={"owClick": "k" * 81}), 2).click_ids == ()


@given(
    st.lists(
        st.builds(line, st.integers(0, 5), st.integers(0, 5), st.integers(0, 10_000), st.integers(0, 30)), max_size=4
    ),
    st.lists(st.builds(refund, st.integers(0, 60_000), st.integers(0, 5_000), st.sampled_from(["Pending", "Failed"]))),
)
def test_never_more_goes_back_than_was_bought_and_never_less_than_nothing(lines, refunds):
    found = snapshot_in(node(*lines, refunds=refunds), 2)
    assert 0 <= found.refunded <= found.net
