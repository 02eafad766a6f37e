"""Collections in rules: which lines they mean, whoever sells what; what is stored and told of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offerwell.rules.commission import Sale, Terms, commission_parts
from offerwell.rules.pay_collections import RuleCollection, StorePart, keys_of, products_text
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

SUMMER = RuleCollection("summer", "Summer", (StorePart(1, 11, 2), StorePart(2, 12, 1)))
READ = SUMMER.read({11: keys_of([("7", "Serum"), ("8", "")]), 12: keys_of([("9", "Cream")])})


@pytest.mark.parametrize(
    ("line", "is_meant"),
    [
        (SoldLine(1, product="7", store=1), True),
        (SoldLine(1, title="SERUM", store=1), True),
        (SoldLine(1, product="8", title="Other", store=1), True),
        (SoldLine(1, product="7", title="Serum", store=2), False),
        (SoldLine(1, title="cream", store=2), True),
        (SoldLine(1, title="Cream", store=1), False),
        (SoldLine(1, title="Cream", store=3), False),
        (SoldLine(1, title="", store=1), False),
        (SoldLine(1, title="Cream"), False),
    ],
)
def test_a_line_is_meant_where_its_own_store_has_the_product_in_the_collection(line, is_meant):
    assert PayRule(1500, collections=(READ,)).fits_line(line) is is_meant


def test_products_and_collections_of_one_rule_are_either():
    rule = PayRule(1500, products=("Mist",), collections=(READ,))
    lines = [SoldLine(1, title=title, store=1) for title in ("Mist", "Serum", "Oil")]
    assert [rule.fits_line(line) for line in lines] == [True, True, False]


def test_products_that_were_not_read_are_never_taken_for_none():
    with pytest.raises(LookupError, match="products 11 were not read"):
        PayRule(1500, collections=(SUMMER,)).fits_line(SoldLine(1, title="Serum", store=1))


def test_an_empty_collection_means_no_line():
    nothing = RuleCollection("x", "X", (StorePart(1, 5, 0, frozenset()),))
    assert not PayRule(1500, collections=(nothing,)).fits_line(SoldLine(1, title="Serum", store=1))


def test_the_best_of_two_collections_wins_for_a_line():
    gifts = RuleCollection("gifts", "Gifts", (StorePart(1, 13, 1, keys_of([("7", "Serum")])),))
    terms = Terms("cps", 1000, rules=(PayRule(1500, collections=(READ,)), PayRule(2000, collections=(gifts,))))
    lines = (SoldLine(4_000, title="Serum", store=1), SoldLine(1_000, product="8", store=1), SoldLine(5_000, store=1))
    parts = commission_parts(terms, Sale("EUR", 10_000, lines=lines))
    assert [(part.basis_points, part.amount) for part in parts] == [(2000, 800), (1500, 150), (1000, 500)]


_names = st.sampled_from(["", "1", "2", "A", "a", "B", "ß", "İ"])
_lines = st.builds(SoldLine, st.just(1), product=_names, title=_names, store=st.integers(0, 2))
_products = st.lists(st.tuples(_names, _names), max_size=4)
_shops = st.lists(st.lists(st.tuples(st.integers(1, 2), _products), max_size=3), max_size=3)


@given(_lines, st.lists(_names.filter(bool), max_size=2), _shops)
def test_it_is_what_a_look_at_every_product_says(line, named, collections):
    """Naively: some product named so, or some product of the line's store in some collection, is the line's."""
    rule = PayRule(
        1, products=tuple(named),
        collections=tuple(
            RuleCollection("c", "C", tuple(StorePart(store, 0, 0, keys_of(products)) for store, products in parts))
            for parts in collections
        ),
    )  # fmt: skip
    mine = [name.lower() for name in (line.product, line.title) if name]
    naive = not named and not collections
    naive |= any(name.lower() in mine for name in named)
    for parts in collections:
        for store, products in parts:
            naive |= store == line.store and any(name.lower() in mine for one in products for name in one if name)
    assert rule.fits_line(line) is naive


def test_what_was_read_changes_neither_the_rule_nor_its_place_among_others():
    assert (READ, hash(READ), repr(READ)) == (SUMMER, hash(SUMMER), repr(SUMMER))


def test_a_rule_is_stored_without_its_products_and_read_again():
    rule = PayRule(1500, products=("Mist",), collections=(READ,))
    stored = rule_json(rule)
    assert stored["collections"] == [{"asked": "summer", "title": "Summer", "parts": [[1, 11, 2], [2, 12, 1]]}]
    again = rule_of(stored)
    assert again == rule
    assert all(part.keys is None for part in again.collections[0].parts)
    assert "collections" not in rule_json(replace(rule, collections=()))


def test_a_rule_tells_the_collection_and_never_its_products():
    assert rule_text(PayRule(1500, collections=(READ,)), "") == "15% on the collection Summer"
    both = PayRule(1500, products=("Mist",), collections=(READ,), buyer="new")
    assert rule_text(both, "") == "15% on Mist, the collection Summer for new customers"
    several = PayRule(1500, collections=(READ, RuleCollection("gifts")))
    assert rule_text(several, "") == "15% on the collections Summer, gifts"
    assert rule_text(PayRule(1500, name="Sun", collections=(READ,)), "") == "15% on Sun"
    assert (SUMMER.count, products_text(1), products_text(5_000)) == (3, "1 product", "5,000 products")


def test_what_was_written_is_tidied_and_judged():
    written = written_rule(
        "15: collection= Summer ; collection=summer; collection=77", kind="cps", currency="", zone="UTC"
    )
    tidy = tidied_rule(written, "cps")
    assert [one.asked for one in tidy.collections] == ["Summer", "77"]
    assert rule_problems(tidy, "cps") == {}
    many = tidied_rule(PayRule(1500, collections=tuple(RuleCollection(str(n)) for n in range(21))), "cps")
    long = PayRule(1500, collections=(RuleCollection("x" * 256),))
    assert set(rule_problems(many, "cps")) == set(rule_problems(long, "cps")) == {"collections"}
    with pytest.raises(RulesRefused, match="collection=Summer"):
        written_rule("15: colour=red", kind="cps", currency="", zone="UTC")
