"""Rules of payout options: the best applicable one wins, none stack, each beats everything else; tiers."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offerwell.rules.commission import Sale, Terms, commission_due, commission_parts
from offerwell.rules.pay_rules import (
    PayRule,
    RulesRefused,
    SoldLine,
    rule_json,
    rule_of,
    rule_problems,
    rule_text,
    tidied_rule,
    written_rule,
)
from offerwell.rules.pay_tiers import (
    Sold,
    Standing,
    Tier,
    Tiers,
    tier_problems,
    tier_reached,
    tiers_decided,
    tiers_json,
    tiers_of,
    tiers_text,
    written_tiers,
)

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
SERUM = PayRule(1500, products=("Serum",))
SERUM_BY_ID = PayRule(1200, products=("77",))
BIG = PayRule(2000, at_least=500_000, currency="EUR")
NEW = PayRule(500, buyer="new")
DECEMBER = PayRule(1100, starts_on=date(2026, 12, 1), ends_on=date(2026, 12, 31), zone="Europe/Paris")


def earned(terms, **sale):
    return commission_due(terms, Sale(**{"currency": "EUR", "net": 10_000, "placed_at": NOON, **sale})).get("EUR", 0)


def ten(*rules, **fields):
    return Terms("cps", 1000, None, "", tuple(rules), **fields)


SERUM_AND_CREAM = (SoldLine(4_000, product="77", title="serum"), SoldLine(6_000, title="Cream"))


@pytest.mark.parametrize(
    ("rules", "sale", "due"),
    [
        ((SERUM,), {"lines": SERUM_AND_CREAM}, 600 + 600),
        ((SERUM_BY_ID,), {"lines": SERUM_AND_CREAM}, 480 + 600),
        ((SERUM, SERUM_BY_ID), {"lines": SERUM_AND_CREAM}, 600 + 600),
        ((SERUM,), {}, 1000),
        ((BIG,), {"net": 500_000}, 100_000),
        ((BIG,), {"net": 499_999}, 50_000),
        ((BIG,), {"net": 500_000, "refunded": 400_000}, 20_000),
        ((BIG,), {"net": 500_000, "currency": "USD"}, 0),
        ((NEW,), {"is_returning": False}, 500),
        ((NEW,), {"is_returning": True}, 1000),
        ((NEW,), {"is_returning": None}, 1000),
        ((NEW, DECEMBER), {"is_returning": False}, 1100),
        ((DECEMBER,), {"placed_at": datetime(2026, 11, 30, 22, 59, tzinfo=UTC)}, 1000),
        ((DECEMBER,), {"placed_at": datetime(2026, 11, 30, 23, 0, tzinfo=UTC)}, 1100),
        ((DECEMBER,), {"placed_at": datetime(2026, 12, 31, 23, 0, tzinfo=UTC)}, 1000),
        ((SERUM, NEW), {"lines": SERUM_AND_CREAM, "is_returning": False}, 600 + 300),
        ((PayRule(2500, products=("Serum",), buyer="new"),), {"lines": SERUM_AND_CREAM, "is_returning": True}, 1000),
    ],
)
def test_what_an_order_earns_by_rules(rules, sale, due):
    assert earned(ten(*rules), **sale) == due


def test_what_is_given_back_for_no_line_takes_of_each_line_its_share():
    parts = commission_parts(ten(SERUM), Sale("EUR", 10_000, 1_000, lines=SERUM_AND_CREAM, placed_at=NOON))
    assert [(part.amount, part.basis_points, part.base, part.rules) for part in parts] == [
        (540, 1500, 3_600, (SERUM,)), (540, 1000, 5_400, ()),
    ]  # fmt: skip


def test_rules_of_an_amount_are_paid_once_and_a_refund_of_their_lines_takes_its_share():
    rule, better = PayRule(amount=800, products=("Serum",)), PayRule(amount=900, products=("77",))
    terms = Terms("cpa", None, 500, "EUR", (rule, better))
    assert earned(terms, lines=SERUM_AND_CREAM) == 900
    half = (SoldLine(4_000, 2_000, "77", "Serum"), SoldLine(6_000, title="Cream"))
    assert earned(terms, lines=half, refunded=2_000) == 450
    assert earned(terms, lines=(SoldLine(10_000, title="Cream"),)) == 500
    assert earned(terms, lines=(SoldLine(0, title="Serum"), SoldLine(10_000, title="Cream")), refunded=5_000) == 400


def test_a_tier_is_everything_else_and_a_rule_beats_it():
    tiers = Tiers("conversions", "lifetime", (Tier(10, 1200), Tier(20, 2000)))
    terms = ten(SERUM).in_tier(tiers, 2)
    parts = commission_parts(terms, Sale("EUR", 10_000, lines=SERUM_AND_CREAM, placed_at=NOON))
    assert [(part.amount, part.basis_points, part.tier) for part in parts] == [(1200, 2000, 2), (600, 1500, 0)]
    assert ten().in_tier(tiers, 0) == ten()
    assert (
        Terms("cpa", None, 500, "EUR").in_tier(Tiers("sales", "month", (Tier(1, None, 700),), "EUR"), 1).amount == 700
    )


_titles = st.sampled_from(["Serum", "Cream", "Mist"])
_lines = st.lists(
    st.tuples(st.integers(0, 9_999), st.integers(0, 100), _titles).map(
        lambda cells: SoldLine(cells[0], cells[0] * cells[1] // 100, "", cells[2])
    ),
    max_size=5,
)
_rules = st.lists(
    st.builds(
        PayRule, st.integers(0, 10_000),
        products=st.lists(_titles, max_size=2).map(tuple), buyer=st.sampled_from(["", "new", "returning"]),
        at_least=st.one_of(st.none(), st.integers(1, 20_000)), currency=st.just("EUR"),
    ),
    max_size=5,
).map(tuple)  # fmt: skip
_bases = st.integers(0, 10_000)
# Orders with rules are many small draws: on a loaded machine their making alone is slow.
SLOW_DATA = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


def sale_of(lines, back=0, is_returning=False):
    net = sum(line.net for line in lines)
    refunded = min(net, sum(line.refunded for line in lines) + back)
    return Sale("EUR", net, refunded, lines=tuple(lines), placed_at=NOON, is_returning=is_returning)


def total(terms, sale):
    return sum(part.amount for part in commission_parts(terms, sale))


@given(_bases, _rules, _lines, st.integers(0, 9_999), st.integers(0, 99))
@SLOW_DATA
def test_the_order_of_rules_and_lines_does_not_matter(base, rules, lines, back, seed):
    rng = random.Random(seed)
    shuffled_rules, shuffled_lines = rng.sample(rules, len(rules)), rng.sample(lines, len(lines))
    one, other = Terms("cps", base, rules=rules), Terms("cps", base, rules=tuple(shuffled_rules))
    assert commission_parts(one, sale_of(lines, back)) == commission_parts(other, sale_of(shuffled_lines, back))


@given(_bases, _rules, _lines, st.integers(0, 9_999))
@SLOW_DATA
def test_no_line_earns_more_than_its_best_rate_and_the_parts_are_the_commission(base, rules, lines, back):
    terms, sale = Terms("cps", base, rules=rules), sale_of(lines, back)
    parts = commission_parts(terms, sale)
    rates = [rule.basis_points for rule in rules] + [base]
    assert all(part.basis_points in rates for part in parts)
    assert len({part.basis_points for part in parts}) == len(parts)
    assert abs(sum(part.base for part in parts) - sale.base) <= len(parts)
    assert total(terms, sale) == commission_due(terms, sale).get("EUR", 0)
    assert total(terms, sale) * 10_000 <= sale.base * max(rates) + 5_000 * len(parts)


@given(_bases, _rules, _lines, st.integers(0, 9_999), st.integers(0, 999))
@SLOW_DATA
def test_the_more_goes_back_the_less_is_earned_and_everything_back_is_nothing(base, rules, lines, back, more):
    terms = Terms("cps", base, rules=rules)
    assert total(terms, sale_of(lines, back + more)) <= total(terms, sale_of(lines, back))
    assert total(terms, sale_of(lines, 10**9)) == 0


@given(_bases, _lines, st.integers(0, 9_999))
def test_without_rules_it_is_what_it_was(base, lines, back):
    sale = sale_of(lines, back)
    plain = commission_due(Terms("cps", base), Sale("EUR", sale.net, sale.refunded))
    assert commission_due(Terms("cps", base), sale) == plain
    assert commission_due(Terms("cps", 0, rules=(PayRule(base, products=("Serum", "Cream", "Mist")),)), sale) == plain


def test_a_rule_is_stored_and_read_again_and_says_what_it_pays():
    for rule in (SERUM, BIG, NEW, DECEMBER, PayRule(amount=500, name="Gift", products=("1", "2"), buyer="returning")):
        assert rule_of(rule_json(rule)) == (rule if rule.starts_on else PayRule(**{**_fields(rule), "zone": "UTC"}))
    assert rule_text(SERUM, "") == "15% on Serum"
    assert rule_text(BIG, "") == "20% from 5,000.00 EUR"
    assert rule_text(PayRule(amount=500, name="Serums", products=("1", "2"), buyer="new"), "EUR") == (
        "5.00 EUR on Serums for new customers"
    )
    assert rule_text(DECEMBER, "") == "11% from 1 Dec 2026 to 31 Dec 2026"
    assert rule_text(PayRule(1, products=tuple("abcde")), "") == "0.01% on a, b, c and 2 more"


def _fields(rule):
    return {name: getattr(rule, name) for name in rule.__dataclass_fields__}


def test_a_written_rule_is_read_and_another_text_refused():
    found = written_rule(
        "15%: product=Serum; product=77; value=5000eur; from=2026-12-01; until=2026-12-31; buyer=New; name=Best",
        kind="cps", currency="", zone="Europe/Paris",
    )  # fmt: skip
    assert found == PayRule(
        1500, None, "Best", ("Serum", "77"), 500_000, "EUR", date(2026, 12, 1), date(2026, 12, 31), "Europe/Paris",
        "new",
    )  # fmt: skip
    assert written_rule("5USD: buyer=new", kind="cpa", currency="USD", zone="UTC").amount == 500
    for text in ("15: colour=red", "15: from=soon", "15: Serum"):
        with pytest.raises(RulesRefused, match="is no rule"):
            written_rule(text, kind="cps", currency="", zone="UTC")


@pytest.mark.parametrize(
    ("rule", "kind", "fields"),
    [
        (PayRule(1000), "cps", {"products"}),
        (PayRule(None, buyer="new"), "cps", {"pay"}),
        (PayRule(10_001, buyer="new"), "cpa_cps", {"pay"}),
        (PayRule(amount=0, buyer="new"), "cpa", {"pay"}),
        (PayRule(1000, buyer="new"), "cpc", {"pay"}),
        (PayRule(1000, buyer="old"), "cps", {"buyer"}),
        (PayRule(1000, at_least=0, currency="EUR"), "cps", {"at_least"}),
        (PayRule(1000, at_least=5, currency="Euro"), "cps", {"value_currency"}),
        (PayRule(1000, starts_on=date(2026, 2, 1), ends_on=date(2026, 1, 1)), "cps", {"ends_on"}),
        (PayRule(1000, name="x" * 61, buyer="new"), "cps", {"rule_name"}),
        (PayRule(1000, products=("x",) * 1 + ("y" * 201,)), "cps", {"products"}),
        (PayRule(1000, products=("Serum",)), "cps", set()),
    ],
)
def test_a_rule_that_cannot_be_is_named_by_its_field(rule, kind, fields):
    assert set(rule_problems(tidied_rule(rule, kind), kind)) == fields


SALES = Tiers("sales", "month", (Tier(100_000, 1200), Tier(500_000, 1500)), "EUR")
COUNT = Tiers("conversions", "lifetime", (Tier(1, 1200), Tier(2, 1500)))


def test_tiers_are_written_stored_and_told():
    assert written_tiers("sales/month:1000EUR=12,5000EUR=15", kind="cps", currency="") == SALES
    assert written_tiers("conversions/lifetime: 1=12, 2=15", kind="cps", currency="") == COUNT
    assert written_tiers("conversions/lifetime:1=7USD", kind="cpa", currency="USD").steps == (Tier(1, None, 700),)
    assert written_tiers(" None ", kind="cps", currency="") is None
    with pytest.raises(RulesRefused, match="are no tiers"):
        written_tiers("sales:12", kind="cps", currency="")
    for tiers in (SALES, COUNT, None):
        assert tiers_of(tiers_json(tiers)) == tiers
    assert tiers_text(SALES, "") == (
        "12% after 1,000.00 EUR of sales, 15% after 5,000.00 EUR of sales in the calendar month"
    )
    assert tiers_text(COUNT, "") == "12% after 1 conversion, 15% after 2 conversions since the member joined"


@pytest.mark.parametrize(
    ("tiers", "kind", "fields"),
    [
        (SALES, "cps", set()),
        (SALES, "cpc", {"tiers", "step_1", "step_2"}),
        (Tiers("sales", "year", (Tier(1, 1),), "EUR"), "cps", {"measure"}),
        (Tiers("sales", "month", (Tier(1, 1),)), "cps", {"tier_currency"}),
        (Tiers("conversions", "month", (Tier(2, 1), Tier(2, 2))), "cps", {"step_2"}),
        (Tiers("conversions", "month", (Tier(0, 1),)), "cps", {"step_1"}),
        (Tiers("conversions", "month", (Tier(1, None, 5),)), "cps", {"step_1"}),
        (Tiers("conversions", "month", tuple(Tier(n, 1) for n in range(1, 10))), "cps", {"tiers"}),
    ],
)
def test_tiers_that_cannot_be_are_named_by_their_field(tiers, kind, fields):
    assert set(tier_problems(tiers, kind)) == fields


def sold(pk, *, days=0, sales=100_000, counts=True, currency="EUR", place=1):
    return Sold(pk, place, pk, NOON + timedelta(days=days), currency, sales, counts)


def test_a_crossing_counts_for_what_is_placed_after_it():
    rows = [
        sold(1),
        sold(2),
        sold(3, days=1, sales=400_000),
        sold(4, days=2),
        sold(5, days=31),
        sold(6, days=2, place=2),
    ]
    asked = dict.fromkeys(range(1, 7), SALES)
    assert tiers_decided(asked, rows, {}, ZoneInfo("UTC")) == {1: 0, 2: 1, 3: 1, 4: 2, 5: 0, 6: 0}
    life = Tiers("sales", "lifetime", SALES.steps, "EUR")
    before = {1: Standing(1, {"EUR": 400_000}), 2: Standing(9, {"USD": 900_000})}
    decided = tiers_decided(dict.fromkeys(range(1, 7), life), rows, before, ZoneInfo("UTC"))
    assert decided == {1: 1, 2: 2, 3: 2, 4: 2, 5: 2, 6: 0}


def test_what_does_not_count_or_is_in_another_currency_moves_nobody():
    rows = [sold(1, counts=False), sold(2, currency="USD"), sold(3, days=1)]
    assert tiers_decided({3: SALES}, rows, {}, ZoneInfo("UTC")) == {3: 0}
    assert tiers_decided({3: COUNT}, rows, {}, ZoneInfo("UTC")) == {3: 1}


def test_a_month_is_one_of_the_workspace():
    late = Sold(1, 1, 1, datetime(2026, 11, 30, 23, 30, tzinfo=UTC), "EUR", 100_000, counts=True)
    assert tiers_decided({2: SALES}, [late, sold(2)], {}, ZoneInfo("Europe/Paris")) == {2: 1}
    assert tiers_decided({2: SALES}, [late, sold(2)], {}, ZoneInfo("UTC")) == {2: 0}


@given(st.lists(st.tuples(st.integers(0, 80), st.integers(0, 300_000), st.booleans()), max_size=12), st.integers(0, 99))
def test_the_order_in_which_conversions_are_read_does_not_matter(cells, seed):
    rows = [sold(pk, days=days, sales=sales, counts=counts) for pk, (days, sales, counts) in enumerate(cells, start=1)]
    asked = {row.pk: (SALES, COUNT)[row.pk % 2] for row in rows}
    shuffled = random.Random(seed).sample(rows, len(rows))
    decided = tiers_decided(asked, rows, {}, ZoneInfo("UTC"))
    assert decided == tiers_decided(asked, shuffled, {}, ZoneInfo("UTC"))
    for row in rows:
        earlier = [one for one in rows if (one.placed_at, one.order_id) < (row.placed_at, row.order_id) and one.counts]
        if asked[row.pk] is COUNT:
            assert decided[row.pk] == tier_reached(COUNT, len(earlier))
