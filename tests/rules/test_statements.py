"""What a statement pays and carries; its fingerprint; minimums as people type them; files of providers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offerwell.rules.payment_files import Payee, PaymentFile, parts_of, payment_line, reference_of
from offerwell.rules.spreadsheet_cell import spreadsheet_cell
from offerwell.rules.statements import (
    InvalidPayout,
    Signer,
    StatementLine,
    end_of,
    minimums_in,
    minimums_text,
    plain_amount,
    settled,
    statement_hash,
    why_not_approve,
)

CENTS = st.integers(-(10**12), 10**12)
MINIMUM = st.integers(0, 10**6)
CURRENCIES = st.sampled_from(["USD", "JPY", "KWD", "EUR"])


@given(earnings=st.lists(CENTS, max_size=12), minimum=MINIMUM)
def test_over_all_statements_nothing_is_lost_and_nothing_paid_twice(earnings, minimum):
    opening, paid = 0, 0
    for earned in earnings:
        made = settled(opening, earned, minimum)
        assert made.pays == 0 or made.carries == 0
        assert made.pays == 0 or made.pays >= minimum
        opening, paid = made.carries, paid + made.pays
    assert paid + opening == sum(earnings)
    assert opening <= 0 or opening < minimum


@pytest.mark.parametrize(
    ("opening", "earned", "minimum", "pays", "carries"),
    [(0, 1_000, 0, 1_000, 0), (0, 0, 0, 0, 0), (-400, 300, 0, 0, -100), (0, 999, 1_000, 0, 999),
     (1, 999, 1_000, 1_000, 0), (-1, 1, 0, 0, 0)],
)  # fmt: skip
def test_a_balance_is_paid_whole_or_carried_whole(opening, earned, minimum, pays, carries):
    made = settled(opening, earned, minimum)
    assert (made.pays, made.carries) == (pays, carries)


LINES = (StatementLine(1, 10, 500), StatementLine(2, 0, -20))


def hashed(lines=LINES, **other):
    return statement_hash(**({"member_id": 7, "currency": "USD", "opening": 0, "pays": 480} | other), lines=lines)


@pytest.mark.parametrize(
    "other",
    [{"member_id": 8}, {"currency": "EUR"}, {"opening": 1}, {"pays": 0}, {"lines": LINES[:1]}, {"lines": LINES[::-1]},
     {"lines": (*LINES, LINES[0])}, {"lines": (replace(LINES[0], amount=501), LINES[1])},
     {"lines": (replace(LINES[0], order_id=11), LINES[1])}, {"lines": (replace(LINES[0], entry_id=3), LINES[1])}],
)  # fmt: skip
def test_any_other_statement_has_another_hash(other):
    assert hashed(**other) != hashed()


def test_the_hash_of_a_statement_stays_the_same_for_ever():
    """Statements that are approved keep theirs: this function may never change for them."""
    assert hashed() == "513a81610bf8e0ef88236297cfe73e2c01473ba91afaa9be93c27235409ea610"


@pytest.mark.parametrize(
    ("zone", "end"),
    [("UTC", datetime(2026, 12, 1, tzinfo=UTC)), ("Europe/Paris", datetime(2026, 11, 30, 23, tzinfo=UTC)),
     ("America/New_York", datetime(2026, 12, 1, 5, tzinfo=UTC))],
)  # fmt: skip
def test_a_day_ends_by_the_workspaces_clock(zone, end):
    assert end_of(date(2026, 11, 30), zone, now=datetime(2026, 12, 2, tzinfo=UTC)) == end


ONE, OTHER, MACHINE = Signer(1, "Ana"), Signer(2, "Omar"), Signer(None, "root (command line)")


@pytest.mark.parametrize(
    ("drawn_by", "approver", "needs_second", "may"),
    [(ONE, ONE, False, True), (MACHINE, MACHINE, False, True), (ONE, OTHER, True, True), (ONE, ONE, True, False),
     (ONE, MACHINE, True, False), (MACHINE, ONE, True, False), (ONE, Signer(1, "Ana renamed"), True, False)],
)  # fmt: skip
def test_two_people_are_two_logins(drawn_by, approver, needs_second, may):
    said = why_not_approve(drawn_by=drawn_by, approver=approver, needs_second=needs_second)
    assert (said == "") is may


@given(st.dictionaries(CURRENCIES, st.integers(1, 10**9)))
def test_minimums_are_read_back_as_they_are_written(minimums):
    assert minimums_in(minimums_text(minimums)) == minimums


@pytest.mark.parametrize(
    ("text", "found"),
    [("", {}), ("20 usd", {"USD": 2_000}), ("20.5 EUR; 2000 JPY\n1.234 KWD", {"EUR": 2_050, "JPY": 2_000, "KWD": 1_234}),
     ("0 USD, ,", {})],
)  # fmt: skip
def test_minimums_as_people_type_them(text, found):
    assert minimums_in(text) == found


@pytest.mark.parametrize(
    "text",
    ["20", "USD", "20 $", "20USD", "x USD", "1.234 USD", "1.5 JPY", "-1 USD", "1 USD, 2 USD", "1 USDX", "NaN USD"],
)
def test_what_is_no_minimum_is_refused(text):
    with pytest.raises(InvalidPayout):
        minimums_in(text)


@given(CENTS, CURRENCIES)
def test_amounts_in_files_are_plain_and_exact(amount, currency):
    text = plain_amount(amount, currency)
    decimals = {"JPY": 0, "KWD": 3}.get(currency, 2)
    assert int(text.replace(".", "")) == amount
    assert len(text.partition(".")[2]) == decimals
    assert spreadsheet_cell(text) == text


@given(st.text(max_size=40), st.sampled_from(list(PaymentFile)))
def test_no_name_runs_and_no_address_or_amount_changes(name, file):
    cells = payment_line(file, Payee(12, name, "+a@example.com", "USD", 12_345, name))
    assert {"+a@example.com", "123.45", "USD", "OW12"} <= set(cells)
    free = set(cells) - {"+a@example.com"}
    assert [
        cell for cell in free if cell.startswith(("=", "+", "-", "@", "\t")) and spreadsheet_cell(cell) != cell
    ] == []


@pytest.mark.parametrize(
    ("file", "currency", "amount", "written"),
    [
        (PaymentFile.PAYPAL, "HUF", 59_800, "598"), (PaymentFile.PAYPAL, "TWD", 100, "1"),
        (PaymentFile.PAYPAL, "JPY", 598, "598"), (PaymentFile.PAYPAL, "USD", 59_880, "598.80"),
        (PaymentFile.WISE, "HUF", 59_880, "598.80"), (PaymentFile.WISE, "JPY", 598, "598"),
    ],
)  # fmt: skip
def test_paypals_file_has_no_decimals_where_paypal_refuses_them(file, currency, amount, written):
    assert payment_line(file, Payee(1, "N", "n@x.y", currency, amount, "")).count(written) == 1


@pytest.mark.parametrize("currency", ["HUF", "TWD"])
def test_a_sum_that_paypal_cannot_take_is_never_rounded(currency):
    with pytest.raises(ValueError, match=f"takes no decimals of {currency}"):
        payment_line(PaymentFile.PAYPAL, Payee(1, "N", "n@x.y", currency, 59_880, ""))


def test_the_limits_of_the_providers():
    assert [len(reference_of(2**63 - 1)) <= 30, parts_of(PaymentFile.WISE, 1_001), parts_of(PaymentFile.PAYPAL, 5_000)] == [
        True, 2, 1,
    ]  # fmt: skip
    assert len(payment_line(PaymentFile.PAYPAL, Payee(1, "N", "n@x.y", "USD", 1, "x" * 999))[4]) == 400
