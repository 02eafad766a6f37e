"""Money: whole numbers only, halves to the even neighbour, shares that add up."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offerwell.rules.money import NotMoney, minor_of, money_text, proportion, split


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [("12.50", "USD", 1250), ("12.5", "USD", 1250), ("1200.0", "JPY", 1200), ("1.234", "KWD", 1234),
     ("-3.20", "EUR", -320), ("0", "USD", 0), (" 7 ", "USD", 700)],
)  # fmt: skip
def test_a_text_is_read_in_the_smallest_unit(text, currency, amount):
    assert minor_of(text, currency) == amount


@pytest.mark.parametrize(
    ("text", "currency"),
    [("12.505", "USD"), ("1.5", "JPY"), ("", "USD"), ("abc", "USD"), ("NaN", "USD"), ("Infinity", "USD"),
     ("1e30", "USD"), ("1,50", "EUR")],
)  # fmt: skip
def test_what_is_no_sum_is_refused(text, currency):
    with pytest.raises(NotMoney):
        minor_of(text, currency)


def test_sums_are_written_with_their_decimals():
    assert [money_text(125_000, "USD"), money_text(-5, "USD"), money_text(1200, "JPY"), money_text(1234, "KWD")] == [
        "1,250.00 USD", "−0.05 USD", "1,200 JPY", "1.234 KWD",
    ]  # fmt: skip


def test_halves_go_to_the_even_neighbour():
    assert [proportion(n, 1, 2) for n in (1, 3, 5, 7, -1, -3)] == [0, 2, 2, 4, 0, -2]


@given(st.integers(-(10**12), 10**12), st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_proportion_is_the_fraction_rounded_as_python_rounds_fractions(amount, part, whole):
    assert proportion(amount, part, whole) == round(Fraction(amount * part, whole))


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=12))
def test_shares_add_up_and_are_less_than_one_unit_off(total, weights):
    shares = split(total, weights)
    assert sum(shares) == total
    if whole := sum(weights):
        assert all(
            abs(Fraction(total * weight, whole) - share) < 1 for weight, share in zip(weights, shares, strict=True)
        )
