"""`offerwell orders`: a file comes in once, bad rows are named, `verify` explains every cent."""

from __future__ import annotations

import pytest
from django.db import connection

from offerwell.models import Conversion, LedgerEntry, Order, OrderPull
from tests import make

SHOPIFY = """Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Lineitem quantity,\
Lineitem name,Cancelled at,Refunded Amount,Id,Created at
#1001,nora@shopper.example,paid,2026-05-01 12:00:00 +0200,USD,90.00,5.00,0.00,95.00,nora10,1,Serum,,0.00,5001,\
2026-05-01 12:00:00 +0200
#1001,nora@shopper.example,,,,,,,,,2,Mist,,,,
#1002,omar@shopper.example,refunded,2026-05-02 12:00:00 +0200,USD,40.00,0.00,0.00,40.00,NORA10,1,Serum,,10.00,5002,\
2026-05-02 12:00:00 +0200
#1003,pia@shopper.example,voided,2026-05-03 12:00:00 +0200,USD,40.00,0.00,0.00,40.00,NORA10,1,Serum,\
2026-05-04 09:00:00 +0200,0.00,5003,2026-05-03 12:00:00 +0200
#1004,x@shopper.example,paid,,USD,abc,0.00,0.00,40.00,,1,Serum,,0.00,5004,2026-05-03 12:00:00 +0200
#1005,x@shopper.example,paid,,USD,1.00,0.00,0.00,40.00,,1,Serum,,0.00,5005,yesterday
"""


@pytest.fixture
def glow(acme):
    store = make.store(acme, "Glow", currency="USD", scopes="read_orders")
    offer = make.offer(acme, "Summer", stores=[store])
    place = make.enrollment(offer, option=make.payout(offer, "Ten", is_default=True))
    make.history(make.code(place, "NORA10"))
    return store


def file(tmp_path, text=SHOPIFY):
    path = tmp_path / "orders.csv"
    path.write_text(text)
    return path


def test_shopifys_export_comes_in_as_it_is_and_once(told, glow, tmp_path):
    body, code = told("orders", "import", "Glow", file(tmp_path))
    assert (body["rows"], body["orders"], body["newer"], body["rejected"], code) == (6, 3, 3, 2, 3)
    assert [(row["line"], row["reason"][:40]) for row in body["rejected_rows"]] == [
        (6, "The net sum cannot be read: “abc” is no "), (7, "“yesterday” is no date. Write it as 2026"),
    ]  # fmt: skip
    assert list(Order.objects.order_by("ref").values_list("ref", "net", "refunded")) == [
        ("5001", 9_000, 0), ("5002", 4_000, 1_000), ("5003", 4_000, 0),
    ]  # fmt: skip
    assert sorted(Conversion.objects.values_list("order__ref", "status", "sales")) == [
        ("5001", "accepted", 9_000), ("5002", "accepted", 3_000), ("5003", "withdrawn", 0),
    ]  # fmt: skip
    before = LedgerEntry.objects.count()
    again, _ = told("orders", "import", "Glow", file(tmp_path))
    assert (again["orders"], LedgerEntry.objects.count()) == (3, before)
    assert told("verify")[1] == 0
    stored = str(list(Order.objects.values()))
    assert "shopper.example" not in stored


@pytest.mark.parametrize(
    ("text", "missing"),
    [("Name,Subtotal\n#1,2.00\n", "a date (Created at)"), ("Created at,Subtotal\n2026-01-01,1\n", "an order number"),
     ("Name,Created at\n#1,2026-01-01\n", "a net sum (Subtotal)")],
)  # fmt: skip
def test_a_file_without_a_needed_column_is_refused_whole(command, glow, tmp_path, text, missing):
    result = command("orders", "import", "Glow", file(tmp_path, text))
    assert (result.exit_code, Order.objects.count()) == (1, 0)
    assert missing in result.stderr


def test_the_list_for_people_and_machines(told, command, glow, tmp_path):
    told("orders", "import", "Glow", file(tmp_path))
    assert "#1001" in command("orders", "list").stdout
    rows, _ = told("orders", "list", "--view", "accepted")
    assert [(row["name"], row["reason"], row["earned"]) for row in rows] == [
        ("#1002", "code", {"USD": 300}), ("#1001", "code", {"USD": 900}),
    ]  # fmt: skip


def test_what_awaits_its_shop_is_told_apart_from_what_is_rejected(told, glow):
    make.recorded(glow, make.snapshot("1", codes=["NORA10"], is_unconfirmed=True), make.snapshot("2", codes=["NORA10"]))
    assert [(row["ref"], row["status"]) for row in told("orders", "list", "--view", "unconfirmed")[0]] == [
        ("1", "unconfirmed")
    ]
    assert told("orders", "list", "--view", "rejected")[0] == []
    assert [row["status"] for row in told("orders", "list")[0]] == ["accepted", "unconfirmed"]


def test_reading_earlier_orders_is_asked_for(told, command, glow):
    body, code = told("orders", "read", "Glow", "--since", "2026-01-31")
    assert (body["since"], code, OrderPull.objects.count()) == ("2026-01-31", 0, 1)
    assert command("orders", "read", "Nowhere", "--since", "2026-01-31").exit_code == 1
    assert command("orders", "read", "Glow", "--since", "31.1.2026").exit_code == 2


TABLE = "offerwell_ledgerentry"
# What somebody with the database's password could do, and the check that names it.
TAMPERED = [
    (f"UPDATE {TABLE} SET amount = amount + 1 WHERE account = 'member'", {"ledger_balance", "ledger", "report"}),
    (f"UPDATE {TABLE} SET amount = amount * 2", {"ledger", "report"}),
    (f"DELETE FROM {TABLE}", {"ledger", "report"}),
    ("UPDATE offerwell_order SET net = net + 100", {"ledger", "conversion", "order_lines"}),
    ("UPDATE offerwell_conversion SET sales = 1", {"conversion", "report"}),
    ("UPDATE offerwell_order SET decided_by = 'none'", {"credit"}),
]


@pytest.mark.parametrize(("statement", "checks"), TAMPERED)
def test_verify_names_what_was_tampered_with(told, glow, statement, checks):
    make.recorded(glow, make.snapshot(codes=["NORA10"]))
    assert told("verify")[1] == 0
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"DROP TRIGGER {TABLE}_append_only ON {TABLE}")
        else:
            for verb in ("update", "delete"):
                cursor.execute(f"DROP TRIGGER {TABLE}_no_{verb}")
        cursor.execute(statement)
    body, code = told("verify")
    assert ({problem["check"] for problem in body["problems"]}, code) == (checks, 1)


def test_other_rules_are_replayed_and_applied_only_when_asked(told, command, glow):
    make.recorded(glow, make.snapshot(codes=["NORA10"]))
    asked = ("orders", "replay", "--first", "link", "--window", "7", "--since", "2026-11-01")
    body, code = told(*asked)
    assert (body["applied"], body["preview"]["orders"], body["result"], code) == (False, 1, None, 0)
    assert Order.objects.get().first == "code"
    body, code = told(*asked, "--apply")
    assert (body["applied"], body["result"]["orders"], body["result"]["moved"], code) == (True, 1, 0, 0)
    assert (Order.objects.get().first, Order.objects.get().window_days) == ("link", 7)
    assert "1 orders decided: 0 would go to another member" in command(*asked).stdout
    assert command("orders", "replay", "--first", "both", "--window", "7", "--since", "2026-11-01").exit_code == 2
