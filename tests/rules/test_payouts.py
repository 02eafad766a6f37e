"""Payout options as people write and read them."""

from __future__ import annotations

import pytest

from offerwell.rules.payouts import (
    PayoutDraft,
    PayoutRefused,
    basis_points_of,
    minor_units,
    terms_text,
    tidied,
    written_option,
)


@pytest.mark.parametrize(
    ("text", "draft", "terms"),
    [
        ("cps:10", PayoutDraft("", "cps", 1000), "10% of each sale"),
        ("Gold=cps:12.5%", PayoutDraft("Gold", "cps", 1250), "12.5% of each sale"),
        ("cpa:5USD", PayoutDraft("", "cpa", None, 500, "USD"), "5.00 USD per conversion"),
        ("cpa:500 jpy", PayoutDraft("", "cpa", None, 500, "JPY"), "500 JPY per conversion"),
        ("cpa:1.5KWD", PayoutDraft("", "cpa", None, 1500, "KWD"), "1.500 KWD per conversion"),
        ("VIP=cpa+cps:5USD+3", PayoutDraft("VIP", "cpa_cps", 300, 500, "USD"), "5.00 USD per conversion + 3% of each sale"),
        ("cpc:0.20USD", PayoutDraft("", "cpc", None, 20, "USD"), "0.20 USD per click"),
        ("cps:0", PayoutDraft("", "cps", 0), "0% of each sale"),
    ],
)  # fmt: skip
def test_options_are_written_and_read(text, draft, terms):
    assert written_option(text) == draft
    assert terms_text(draft) == terms


@pytest.mark.parametrize("text", ["", "10", "cps", "cps:", "cpa:5", "cpa:USD", "cpa+cps:3", "cps:1+2", "tip:5USD"])
def test_what_is_no_option_is_refused_with_the_form(text):
    with pytest.raises(PayoutRefused, match="is no payout option"):
        written_option(text)


@pytest.mark.parametrize("text", ["1.234", "x", "NaN", "Infinity", "1e400", ""])
def test_numbers_that_are_none_are_none(text):
    assert (basis_points_of(text), minor_units(text, "USD")) == (None, None)


def test_a_yen_has_no_decimals():
    assert (minor_units("5.5", "JPY"), minor_units("5.55", "USD"), minor_units("5.555", "KWD")) == (None, 555, 5555)


def test_a_kind_keeps_only_what_it_uses_and_is_named_by_its_terms():
    draft = tidied(PayoutDraft("  ", "cps", 1000, 500, "usd"))
    assert draft == PayoutDraft("10% of each sale", "cps", 1000)
