"""Totals of several currencies: dated, exact, rounded once; what has no rate stands apart."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offerwell.rules.exchange import Rates, total_of, weights
from offerwell.rules.import_columns import ImportRefused
from offerwell.rules.money import Money, decimals_of
from offerwell.rules.rate_columns import BadRate, DatedRate, rate_columns, rate_of_row

DAY = date(2026, 11, 1)
RATES = Rates("EUR", {
    "USD": ((DAY, Decimal("0.90")), (DAY + timedelta(days=10), Decimal("0.80"))), "JPY": ((DAY, Decimal("0.006")),),
})  # fmt: skip


def test_the_newest_rate_not_after_the_day_counts():
    days = {-1: None, 0: "0.90", 9: "0.90", 10: "0.80", 400: "0.80"}
    assert {n: RATES.on("USD", DAY + timedelta(days=n)) for n in days} == {
        n: rate and Decimal(rate) for n, rate in days.items()
    }


def test_a_total_is_in_the_reporting_currency_and_the_rest_stands_apart():
    sums = [
        ("EUR", None, 100), ("USD", DAY, 1_000), ("USD", DAY + timedelta(days=10), 1_000), ("JPY", DAY, 1_000),
        ("GBP", None, 7), ("USD", DAY - timedelta(days=1), 55), ("CHF", None, 9_000), ("KWD", None, 10_000), ("SEK", None, 0),
    ]  # fmt: skip
    assert total_of(sums, RATES) == (
        Money(100 + 900 + 800 + 600, "EUR"), Money(9_000, "CHF"), Money(10_000, "KWD"), Money(55, "USD"), Money(7, "GBP"),
    )  # fmt: skip


def test_without_a_reporting_currency_nothing_is_added_to_anything():
    assert total_of([("USD", DAY, 1), ("EUR", DAY, 2), ("USD", None, 3)], Rates()) == (Money(4, "USD"), Money(2, "EUR"))


_sums = st.lists(st.tuples(
    st.sampled_from(["EUR", "USD", "JPY", "KWD"]), st.integers(-5, 25), st.integers(-(10**9), 10**9)
))  # fmt: skip


@given(_sums)
def test_a_total_is_exact_and_loses_nothing(found):
    sums = [(currency, DAY + timedelta(days=n), amount) for currency, n, amount in found]
    exact, apart = Fraction(0), {}
    for currency, day, amount in sums:
        rate = 1 if currency == "EUR" else RATES.on(currency, day)
        if rate is None:
            apart[currency] = apart.get(currency, 0) + amount
        else:
            exact += Fraction(amount) * Fraction(rate) * Fraction(100, 10 ** decimals_of(currency))
    expected = {**apart, "EUR": round(exact)}
    assert {one.currency: one.amount for one in total_of(sums, RATES)} == {k: v for k, v in expected.items() if v}
    assert total_of(reversed(sums), RATES) == total_of(sums, RATES)


def test_weights_put_currencies_in_order_whatever_their_smallest_unit():
    assert weights(["EUR", "USD", "JPY", "KWD"], RATES, DAY) == {"EUR": 1_000, "USD": 900, "JPY": 600, "KWD": 100}


def test_a_row_of_rates():
    columns = rate_columns(["Rate", "Date", "Note", "CURRENCY"])
    assert rate_of_row(columns, [" 0.91 ", "2026-11-01", "x", "usd"], into="EUR") == DatedRate(
        DAY, "USD", Decimal("0.91")
    )
    with pytest.raises(ImportRefused, match="The file has no column currency or rate"):
        rate_columns(["day", "amount"])


@pytest.mark.parametrize(("cells", "words"), [
    (["1/11/2026", "USD", "1"], "“1/11/2026” is no date"), (["2026-11-01", "US", "1"], "“US” is no currency"),
    (["2026-11-01", "EUR", "1"], "EUR is the reporting currency itself"), (["2026-11-01", "USD", "0"], "“0” is no rate"),
    (["2026-11-01", "USD", "-1"], "is no rate"), (["2026-11-01", "USD", "NaN"], "is no rate"), (["2026-11-01", "USD"], "is no rate"),
    (["2026-11-01", "USD", "0.12345678901"], "more than 10 decimals"), (["2026-11-01", "USD", "1e30"], "is no rate"),
])  # fmt: skip
def test_bad_rows_of_rates_are_named(cells, words):
    with pytest.raises(BadRate, match=words):
        rate_of_row(rate_columns(["day", "currency", "rate"]), cells, into="EUR")
