"""Orders of the sandbox store: placed by page and by JSON, refunded, cancelled, kept over a restart, told by webhooks."""

from __future__ import annotations

import pytest

from tests.sandbox.in_process import sandbox

READ = """{ orders(first: 10, sortKey: UPDATED_AT) { nodes { id name test discountCodes cancelledAt
  lineItems(first: 5) { nodes { title quantity currentQuantity originalTotalSet { shopMoney { amount currencyCode } }
    discountAllocations { allocatedAmountSet { shopMoney { amount } } } } }
  refunds(first: 5) { orderAdjustments(first: 5) { nodes { amountSet { shopMoney { amount } } } } } } } }"""


def placed(here, **wanted):
    answer = here.request("POST", "/_sandbox/orders", json=wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()[0]


def read(here):
    return here.ask(READ)["data"]["orders"]["nodes"]


def seeded(here):
    here.request("POST", "/_sandbox/seed", json=[{"code": "GLOW1", "percentage": 20}])


def test_an_order_by_json_has_its_discount_and_is_read_by_the_api():
    with sandbox() as here:
        seeded(here)
        placed(here, codes=["glow1"], lines=[{"title": "Serum", "price": "40.00", "quantity": 2}])
        [order] = read(here)
        [line] = order["lineItems"]["nodes"]
        assert (order["discountCodes"], line["quantity"], line["currentQuantity"]) == (["glow1"], 2, 2)
        assert line["originalTotalSet"]["shopMoney"] == {"amount": "80.00", "currencyCode": "USD"}
        assert line["discountAllocations"] == [{"allocatedAmountSet": {"shopMoney": {"amount": "16.00"}}}]


def test_a_refund_and_a_cancellation_move_the_order_and_are_told():
    with sandbox() as here:
        told = []
        here.store.tellers.append(lambda topic, _enum, _body: told.append(topic))
        order = placed(here, lines=[{"title": "Serum", "price": "40.00", "quantity": 2}])
        here.clock.now += 60
        where = f"/_sandbox/orders/{order['number']}"
        here.request("POST", f"{where}/refund", json={"quantity": 1})
        here.request("POST", f"{where}/refund", json={"amount": "5.00"})
        here.request("POST", f"{where}/cancel", json={})
        [kept] = read(here)
        assert kept["lineItems"]["nodes"][0]["currentQuantity"] == 1
        given_back = [one["orderAdjustments"]["nodes"] for one in kept["refunds"]]
        assert given_back == [[], [{"amountSet": {"shopMoney": {"amount": "-5.00"}}}]]
        assert kept["cancelledAt"] == "2026-09-21T14:14:20Z"
        assert told == [
            "orders/create", "orders/updated", "refunds/create", "orders/updated", "refunds/create", "orders/updated",
            "orders/cancelled",
        ]  # fmt: skip
        assert here.request("POST", f"{where}/cancel", json={}).status_code == 400


@pytest.mark.parametrize("code", ["NOBODY", "OFF"])
def test_a_code_that_is_unknown_or_off_is_refused_and_nothing_is_ordered(code):
    with sandbox() as here:
        here.request("POST", "/_sandbox/seed", json=[{"code": "OFF", "endsAt": "2020-01-01T00:00:00Z"}])
        answer = here.request("POST", "/_sandbox/orders", json={"codes": [code]})
        assert (answer.status_code, answer.json(), read(here)) == (
            400, {"error": f"{code} isn’t valid for this order."}, [],
        )  # fmt: skip


def test_the_page_sells_with_a_code_and_carries_the_click():
    with sandbox() as here:
        seeded(here)
        page = here.request("GET", "/discount/GLOW1?ow_click=abc&utm_source=x", follow_redirects=True)
        assert 'name="code" value="GLOW1"' in page.text
        assert 'name="click" value="abc"' in page.text
        form = {"Glow serum": "1", "code": "GLOW1", "click": "abc", "email": "x@y.example"}
        assert here.request("POST", "/shop/order", data=form).status_code == 303
        [order] = here.request("GET", "/_sandbox/orders").json()
        assert (order["codes"], order["attributes"]) == (["GLOW1"], {"ow_click": "abc"})
        refused = here.request("POST", "/shop/order", data={"Glow serum": "1", "code": "<b>"})
        assert (refused.status_code, "<b>" in refused.text) == (422, False)
        number = order["number"]
        assert here.request("POST", f"/shop/orders/{number}/refund").status_code == 303
        assert "1 given back" in here.request("GET", "/shop").text
        assert here.request("POST", f"/shop/orders/{number}/refund").status_code == 422


def test_orders_survive_a_restart_and_a_reset_forgets_them(tmp_path):
    with sandbox(state=tmp_path / "state.db") as here:
        order = placed(here, lines=[{"title": "Serum", "price": "40.00"}])
        here.request("POST", f"/_sandbox/orders/{order['number']}/refund", json={})
        before = read(here)
    with sandbox(state=tmp_path / "state.db") as here:
        assert read(here) == before
        here.request("POST", "/_sandbox/seed", json={"reset": True})
        assert read(here) == []
    with sandbox(state=tmp_path / "state.db") as here:
        assert read(here) == []
