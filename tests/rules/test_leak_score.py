"""The leak score: its parts in numbers, nothing for small codes, and more evidence never lowers it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from offerwell.rules.leak_score import LEAST_ORDERS, WEIGHTS, CodeUse, Norm, leak_score, norm_of

CALM = Norm(Fraction(1, 4), Fraction(1, 5), Fraction(1, 5), 1, 0, 0)
"""What is usual, without the code itself: `among` adds it."""
QUIET = CodeUse(40, without_click=10, late=8, known=40, returning=8, recent=3, earlier=37)


def among(use, norm=CALM):
    return replace(norm, recent=norm.recent + use.recent, earlier=norm.earlier + use.earlier)


def test_a_code_like_the_others_has_no_score():
    assert leak_score(QUIET, among(QUIET)).score == 0


@pytest.mark.parametrize(
    ("changed", "sign", "points"),
    [({"without_click": 40}, "no_click", 35), ({"without_click": 25}, "no_click", 17), ({"late": 40}, "late", 15),
     ({"returning": 40}, "returning", 15), ({"stores": 2}, "stores", 2), ({"stores": 3}, "stores", 5),
     ({"recent": 40, "orders": 77}, "burst", 30), ({"recent": 11}, "burst", 3)],
)  # fmt: skip
def test_each_sign_has_its_points(changed, sign, points):
    use = replace(QUIET, **changed)
    found = leak_score(use, among(use))
    assert [(str(one.sign), one.points) for one in found.parts if one.sign == sign] == [(sign, points)]


def test_a_burst_of_the_whole_offer_accuses_nobody():
    use = replace(QUIET, recent=40, orders=77)
    assert leak_score(use, replace(CALM, recent=40 + 400, earlier=37 + 370)).score == 0
    assert leak_score(use, replace(CALM, recent=40 + 30, earlier=37 + 370)).score == 30


def test_a_young_offer_is_measured_by_its_own_weeks():
    young = CodeUse(60, recent=40, earlier=20, earlier_days=21)
    norm = Norm(*[Fraction(0)] * 3, 1, 40 + 25, 20 + 75, 21)
    assert [(one.points, one.usual) for one in leak_score(young, norm).parts] == [(30, 7)]


def test_a_lone_code_and_a_store_without_clicks_accuse_nobody():
    all_so = replace(QUIET, without_click=40, late=40, returning=40)
    assert leak_score(all_so, norm_of([all_so])).score == 0


_count = st.integers(0, 200)


@st.composite
def _uses(draw):
    orders = draw(st.integers(LEAST_ORDERS, 300))
    upto = st.integers(0, orders)
    known = draw(upto)
    recent = draw(upto)
    return CodeUse(
        orders, draw(upto), draw(upto), known, draw(st.integers(0, known)), draw(st.integers(1, 5)), recent,
        orders - recent, draw(st.integers(0, 84)),
    )  # fmt: skip


_norm = st.builds(
    Norm, *[st.fractions(0, 1, max_denominator=50)] * 3, st.integers(1, 3), st.integers(300, 900), st.integers(300, 900)
)


@given(_uses(), _norm)
def test_a_score_is_the_sum_of_its_parts_and_at_most_100(use, norm):
    found = leak_score(use, norm)
    assert found.score == sum(one.points for one in found.parts) <= 100
    assert all(0 < one.points <= WEIGHTS[one.sign] for one in found.parts)


@given(_uses(), _norm, st.sampled_from(["without_click", "late", "returning", "stores"]), st.integers(1, 50))
def test_more_of_a_sign_never_lowers_the_score(use, norm, name, more):
    top = {"returning": use.known, "stores": 99}.get(name, use.orders)
    grown = replace(use, **{name: getattr(use, name) + more})
    assume(getattr(grown, name) <= top)
    assert leak_score(grown, norm).score >= leak_score(use, norm).score


@given(_uses(), _norm, st.integers(1, 50))
def test_a_larger_last_week_never_lowers_the_burst(use, norm, more):
    grown = replace(use, recent=use.recent + more)
    assert leak_score(grown, replace(norm, recent=norm.recent + more)).score >= leak_score(use, norm).score


@given(_uses(), _norm, st.integers(0, LEAST_ORDERS - 1))
def test_small_codes_are_never_accused(use, norm, orders):
    assert leak_score(replace(use, orders=orders), norm).score == 0


@given(st.lists(_uses(), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_what_is_usual_does_not_depend_on_the_order_of_codes(uses, rng):
    shuffled = list(uses)
    rng.shuffle(shuffled)
    assert norm_of(shuffled) == norm_of(uses)
