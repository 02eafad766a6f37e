"""What orders earn, and that the ledger gets there by differences alone."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offerwell.rules.commission import Posting, Sale, Terms, commission_due, commission_parts, postings
from offerwell.rules.pay_rules import SoldLine

CPS = Terms("cps", 1250)
CPA = Terms("cpa", None, 500, "USD")
BOTH = Terms("cpa_cps", 300, 500, "EUR")


@pytest.mark.parametrize(
    ("terms", "sale", "due"),
    [
        (CPS, Sale("USD", 10_000), {"USD": 1250}),
        (CPS, Sale("USD", 10_000, 4_000), {"USD": 750}),
        (CPS, Sale("JPY", 1_234), {"JPY": 154}),
        (CPS, Sale("KWD", 1_236), {"KWD": 154}),
        (CPS, Sale("USD", 10_000, counts=False), {}),
        (CPS, Sale("USD", 10_000, 10_000), {}),
        (CPA, Sale("USD", 10_000), {"USD": 500}),
        (CPA, Sale("USD", 10_000, 2_500), {"USD": 375}),
        (CPA, Sale("GBP", 10_000), {"USD": 500}),
        (CPA, Sale("USD", 0), {"USD": 500}),
        (CPA, Sale("USD", 10_000, 10_000), {}),
        (BOTH, Sale("EUR", 10_000), {"EUR": 800}),
        (BOTH, Sale("USD", 10_000, 5_000), {"EUR": 250, "USD": 150}),
        (Terms("cpc", None, 20, "USD"), Sale("USD", 10_000), {}),
        (Terms("cps", 0), Sale("USD", 10_000), {}),
    ],
)
def test_what_an_order_earns(terms, sale, due):
    assert commission_due(terms, sale) == due


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10_000))
def test_a_share_is_rounded_once_on_what_is_left(net, refunded, basis_points):
    due = commission_due(Terms("cps", basis_points), Sale("USD", net, refunded)).get("USD", 0)
    assert due == round(Fraction(max(0, net - refunded) * basis_points, 10_000))


_sums = st.dictionaries(st.tuples(st.integers(1, 3), st.sampled_from(["USD", "JPY"])), st.integers(-999, 999))


_money = st.integers(0, 10**6)
_terms = st.builds(
    Terms, st.sampled_from(["cps", "cpa", "cpa_cps", "cpc"]), st.none() | st.integers(0, 10_000), st.none() | _money,
    st.sampled_from(["USD", "EUR"]),
)  # fmt: skip
_lines = st.lists(st.builds(SoldLine, _money, _money), max_size=3).map(tuple)


@given(_terms, _money, _money, st.booleans(), _lines)
def test_what_is_due_is_the_sum_of_the_parts(terms, net, refunded, counts, lines):
    sale = Sale("USD", net, min(net, refunded), counts, lines)
    parts = commission_parts(terms, sale)
    sums = {currency: sum(one.amount for one in parts if one.currency == currency) for currency in ("USD", "EUR")}
    assert commission_due(terms, sale) == {currency: amount for currency, amount in sums.items() if amount}


@given(_sums, _sums)
def test_postings_bring_what_was_posted_to_the_target_and_then_there_are_none(target, posted):
    after = dict(posted)
    for posting in postings(target, posted):
        assert posting.amount != 0
        key = (posting.member_id, posting.currency)
        after[key] = after.get(key, 0) + posting.amount
    assert {key: amount for key, amount in after.items() if amount} == {k: a for k, a in target.items() if a}
    assert postings(target, after) == ()


def test_a_change_of_owner_takes_from_one_and_gives_to_the_other():
    assert postings({(2, "USD"): 100}, {(1, "USD"): 80}) == (Posting(1, "USD", -80), Posting(2, "USD", 100))
