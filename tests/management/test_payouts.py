"""`offerwell payouts` from the draft to the files and payments; `verify` names what was tampered with."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.db import connection

from offerwell.actions.approve_payout import approve_payout
from offerwell.actions.finish_approval import finish_approval
from offerwell.actions.set_payout_policy import set_payout_policy
from offerwell.models import Order, Payment, PayoutRun, Statement, StatementEntry
from tests import make

DAY = "2026-11-23"


@pytest.fixture(autouse=True)
def _later(monkeypatch):
    monkeypatch.setattr("offerwell.management.payout_runs.now", lambda: make.NOW + timedelta(days=1))


@pytest.fixture
def glow(acme):
    store = make.store(acme, "Glow")
    offer = make.offer(acme, "Summer", stores=[store])
    for first, email in (("Nora", "nora@example.com"), ("=Omar", "omar@example.com"), ("Pia", "")):
        place = make.enrollment(offer, make.member(acme, first, "D", email), make.payout(offer, "Ten", is_default=True))
        make.history(make.code(place, f"{first.strip('=').upper()}10"))
    make.recorded(
        store, make.snapshot("1", codes=["NORA10"]), make.snapshot("2", codes=["OMAR10"], net=12_345),
        make.snapshot("3", codes=["PIA10"]), make.snapshot("4", codes=["NORA10"], currency="JPY", net=12_000),
    )  # fmt: skip
    return store


@pytest.fixture
def run_id(glow, told):
    body, _ = told("payouts", "draft", "--until", DAY)
    told("payouts", "approve", body["id"], "--digest", body["digest"])
    return body["id"]


def rows(result):
    return list(csv.reader(StringIO(result.stdout)))


def test_from_the_draft_to_paid(told, command, glow):
    drawn, code = told("payouts", "draft", "--until", DAY)
    assert (code, drawn["state"], drawn["last_day"]) == (0, "draft", DAY)
    assert [(one["currency"], one["payments"], one["pays"]) for one in drawn["totals"]] == [
        ("JPY", 1, 1_200), ("USD", 3, 3_234),
    ]  # fmt: skip
    assert command("payouts", "approve", drawn["id"]).exit_code == 1
    assert PayoutRun.objects.get().state == "draft"
    done, code = told("payouts", "approve", drawn["id"], "--yes")
    assert (code, done["state"]) == (0, "to_pay")
    paid, code = told("payouts", "paid", drawn["id"], "--currency", "usd", "--reference", "B-7")
    assert (code, paid["state"], paid["totals"][1]["paid_payments"]) == (0, "partly_paid", 2)
    assert list(Payment.objects.values_list("reference", flat=True)) == ["B-7", "B-7"]
    statement = Statement.objects.get(member__first_name="Nora", currency="USD")
    back, code = told("payouts", "returned", drawn["id"], "--statement", statement.pk, "--on", DAY)
    assert (code, back["totals"][1]["paid_payments"]) == (0, 1)
    told("payouts", "paid", drawn["id"], "--statement", statement.pk)
    assert "partly paid" in command("payouts", "list").stdout
    assert told("verify") == ({"state": "ok", "workspaces": 1, "events": 5, "problems": []}, 0)


def test_paypals_file_has_no_heading_and_one_currency(command, run_id):
    nora, omar = (Statement.objects.get(member__first_name=name, currency="USD").pk for name in ("Nora", "=Omar"))
    result = command("payouts", "export", run_id, "paypal", "--currency", "USD")
    note = "Acme: commission up to 2026-11-23"
    assert sorted(rows(result)) == [
        ["nora@example.com", "10.00", "USD", f"OW{nora}", note, "PAYPAL"],
        ["omar@example.com", "12.34", "USD", f"OW{omar}", note, "PAYPAL"],
    ]  # fmt: skip
    assert "1 members cannot be paid by file" in result.stderr
    assert rows(command("payouts", "export", run_id, "paypal", "--currency", "JPY"))[0][:3] == [
        "nora@example.com", "1200", "JPY",
    ]  # fmt: skip


def test_what_paypal_refuses_is_said_and_only_its_file_can_be_noted(command, told, glow):
    make.recorded(
        glow, make.snapshot("5", codes=["NORA10"], currency="HUF", net=598_000),
        make.snapshot("6", codes=["OMAR10"], currency="HUF", net=598_800),
    )  # fmt: skip
    body, _ = told("payouts", "draft", "--until", DAY)
    told("payouts", "approve", body["id"], "--digest", body["digest"])
    written = command("payouts", "export", body["id"], "paypal", "--currency", "HUF")
    assert [row[:3] for row in rows(written)] == [["nora@example.com", "598", "HUF"]]
    assert "1 payments have decimals that PayPal refuses." in written.stderr
    wise = command("payouts", "export", body["id"], "wise", "--currency", "HUF")
    assert ([row[5] for row in rows(wise)[1:]], "PayPal" in wise.stderr) == (["598.80", "598.00"], False)
    told("payouts", "paid", body["id"], "--currency", "huf", "--file", "paypal")
    assert list(Payment.objects.values_list("amount", flat=True)) == [59_800]
    again = command("payouts", "export", body["id"], "paypal", "--currency", "HUF")
    assert (again.exit_code, again.stdout, "decimals PayPal refuses is left out" in again.stderr) == (1, "", True)


def test_wises_file_has_names_that_no_spreadsheet_runs(command, run_id, tmp_path):
    path = tmp_path / "wise.csv"
    assert command("payouts", "export", run_id, "wise", "--currency", "usd", "--to", path).exit_code == 0
    head, *payments = list(csv.reader(path.open(newline="")))
    assert head == ["name", "recipientEmail", "paymentReference", "receiverType", "amountCurrency", "amount",
                    "sourceCurrency", "targetCurrency"]  # fmt: skip
    assert sorted((one[0], one[1], one[3:]) for one in payments) == [
        ("'=Omar D", "omar@example.com", ["PERSON", "target", "12.34", "USD", "USD"]),
        ("Nora D", "nora@example.com", ["PERSON", "target", "10.00", "USD", "USD"]),
    ]  # fmt: skip


def test_files_keep_their_borders_when_some_are_paid(command, told, run_id, monkeypatch):
    """Whoever downloads the second file after paying the first gets neither a copy nor a gap."""
    monkeypatch.setattr("offerwell.rules.payment_files.PaymentFile.most_rows", 2)

    def part(number):
        return [
            row[0]
            for row in rows(command("payouts", "export", run_id, "paypal", "--currency", "USD", "--part", number))
        ]

    first, second = part(1), part(2)
    assert sorted(first + second) == ["nora@example.com", "omar@example.com"]
    one = Statement.objects.filter(currency="USD", member__email=first[0]).get()
    told("payouts", "paid", run_id, "--statement", one.pk)
    assert (part(1), part(2)) == (first[1:], second)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("export", "{run}", "paypal", "--currency", "CHF"), "nothing to pay"),
        (("export", "999", "paypal", "--currency", "USD"), "There is no payout 999"),
        (("paid", "{run}", "--statement", "999"), "has no statement 999"),
        (("paid", "{run}", "--on", "2030-01-01"), "still to come"),
        (("cancel", "{run}"), "only a draft can be cancelled"),
        (("approve", "{run}", "--yes"), "approved already"),
        (("draft", "--until", "2030-01-01"), "still to come"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(command, run_id, arguments, said):
    result = command("payouts", *[one.format(run=run_id) for one in arguments])
    assert (result.exit_code, said in result.stderr) == (1, True)
    assert (Payment.objects.count(), PayoutRun.objects.count()) == (0, 1)


def test_a_draft_that_changed_meanwhile_ends_with_its_own_code(told, glow):
    drawn, _ = told("payouts", "draft", "--until", DAY)
    make.recorded(glow, make.snapshot("9", codes=["NORA10"]))
    body, code = told("payouts", "approve", drawn["id"], "--digest", drawn["digest"])
    assert (code, PayoutRun.objects.get().state, body["totals"][1]["pays"]) == (4, "draft", 4_234)


@pytest.fixture
def many(monkeypatch):
    """Everything is too much to be done at once; a statement at a time."""
    monkeypatch.setattr("offerwell.actions.approve_payout.AT_ONCE", 0)
    monkeypatch.setattr("offerwell.actions.freeze_statements.MOST_STATEMENTS", 1)


def test_very_many_are_approved_to_the_end_by_the_command(told, glow, many):
    drawn, _ = told("payouts", "draft", "--until", DAY)
    done, code = told("payouts", "approve", drawn["id"], "--digest", drawn["digest"])
    assert (code, done["state"], done["done_statements"], done["problem"]) == (0, "to_pay", None, None)
    assert told("verify") == ({"state": "ok", "workspaces": 1, "events": 3, "problems": []}, 0)


def test_one_that_was_interrupted_is_shown_and_goes_on_by_the_same_command(told, command, acme, glow, many):
    """Nora's two currencies are one batch."""
    told("payouts", "draft", "--until", DAY)
    run = PayoutRun.objects.get()
    approve_payout(workspace_id=acme.pk, run_id=run.pk, digest=run.digest, by=make.ANA, at=make.NOW)
    finish_approval(run_id=run.pk, should_stop=iter([False, True]).__next__)
    assert "approving, 2 done" in command("payouts", "list").stdout
    listed, _ = told("payouts", "list")
    assert [(one["state"], one["done_statements"]) for one in listed] == [("approving", 2)]
    assert told("verify")[1] == 0
    refused = command("payouts", "export", run.pk, "paypal", "--currency", "USD")
    assert (refused.exit_code, refused.stdout, "only an approved payout can be paid" in refused.stderr) == (1, "", True)
    done, code = told("payouts", "approve", run.pk, "--yes")
    assert (code, done["state"], PayoutRun.objects.get().state) == (0, "to_pay", "approved")


def test_orders_that_moved_while_it_was_approved_end_with_the_code_of_a_changed_draft(told, acme, glow, many):
    told("payouts", "draft", "--until", DAY)
    run = PayoutRun.objects.get()
    approve_payout(workspace_id=acme.pk, run_id=run.pk, digest=run.digest, by=make.ANA, at=make.NOW)
    Order.objects.filter(ref="4").update(placed_at=make.NOW + timedelta(days=9))
    body, code = told("payouts", "approve", run.pk, "--yes")
    assert (code, body["state"], [one["currency"] for one in body["totals"]]) == (4, "draft", ["USD"])
    assert body["problem"].startswith("Orders changed while it was being approved")
    assert (PayoutRun.objects.get().state, StatementEntry.objects.count()) == ("draft", 0)


def test_the_machines_own_person_cannot_be_the_second(command, told, acme, glow):
    set_payout_policy(workspace_id=acme.pk, needs_second=True, minimums={}, by=make.ANA, at=make.NOW)
    drawn, _ = told("payouts", "draft", "--until", DAY)
    result = command("payouts", "approve", drawn["id"], "--yes")
    assert (result.exit_code, "OFFERWELL_AS" in result.stderr, PayoutRun.objects.get().state) == (1, True, "draft")


GUARDS = {
    "offerwell_statement": ("frozen",), "offerwell_statemententry": ("append_only",),
    "offerwell_payment": ("append_only",), "offerwell_ledgerentry": ("append_only",),
}  # fmt: skip
LOOSE = (
    "INSERT INTO offerwell_statemententry (workspace_id, statement_id, entry_id)"
    " SELECT workspace_id, 0, id FROM offerwell_ledgerentry WHERE account = 'brand'"
)
# What somebody with the database's password could do, and the check that names it.
TAMPERED = [
    ("UPDATE offerwell_statement SET earned = earned + 1 WHERE currency = 'JPY'", {"statement", "payout"}),
    ("UPDATE offerwell_statement SET pays = pays - 1 WHERE currency = 'JPY'", {"statement", "payout", "payment"}),
    ("UPDATE offerwell_statement SET opening = 5, earned = earned - 5 WHERE currency = 'JPY'",
     {"statement", "statement_opening"}),
    ("UPDATE offerwell_statement SET hash = '' WHERE currency = 'JPY'", {"statement"}),
    ("DELETE FROM offerwell_statemententry", {"statement"}),
    (LOOSE, {"statement_line"}),
    ("UPDATE offerwell_ledgerentry SET currency = 'EUR' WHERE currency = 'JPY'", {"statement_line", "ledger", "report"}),
    ("UPDATE offerwell_payment SET amount = amount + 1", {"payment", "payout"}),
    ("DELETE FROM offerwell_payment", {"payout"}),
    ("UPDATE offerwell_payment SET seq = 3 WHERE seq = 1", {"payment"}),
    ("UPDATE offerwell_payouttotal SET paid = 0", {"payout"}),
    ("DELETE FROM offerwell_payouttotal WHERE currency = 'JPY'", {"payout"}),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "checks"), TAMPERED)
def test_verify_names_what_was_tampered_with(told, run_id, statement, checks):
    told("payouts", "paid", run_id)
    assert told("verify")[1] == 0
    with connection.cursor() as cursor:
        for table, guards in GUARDS.items():
            if connection.vendor == "postgresql":
                cursor.execute(f"DROP TRIGGER {table}_{guards[0]} ON {table}")
            else:
                for verb in ("update", "delete"):
                    cursor.execute(f"DROP TRIGGER {table}_no_{verb}")
        cursor.execute(statement)
    body, code = told("verify")
    assert ({problem["check"] for problem in body["problems"]}, code) == (checks, 1)
