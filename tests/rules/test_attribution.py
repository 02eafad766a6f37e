"""Whose order it is: code, carried click, same browser, nobody; and what may change that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offerwell.rules.attribution import (
    AttributionPolicy,
    ClickSeen,
    CodeOwner,
    First,
    OrderFacts,
    Verdict,
    Way,
    attributed,
    owner_at,
)

THEN = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
NORA, OMAR, PIA = 1, 2, 3
CODE_FIRST, LINK_FIRST = AttributionPolicy(), AttributionPolicy(First.LINK)


def owner(text="NORA10", member=NORA, *, from_at=THEN - 10 * DAY, until_at=None, entry=1):
    return CodeOwner(entry, text, member, member * 10, from_at, until_at)


def click(member=OMAR, *, at=THEN - DAY, carried=True, bot=False, mark="k1"):
    return ClickSeen(mark, member, member * 10, at, carried, bot)


def decided(order, owners=(), clicks=(), policy=CODE_FIRST):
    found = attributed(order, owners, clicks, policy)
    return (
        found.way,
        found.winner and found.winner.member_id,
        [(one.member_id, one.verdict) for one in found.candidates],
    )


def test_a_code_wins_over_a_click_and_both_are_kept():
    order = OrderFacts(THEN, ("NORA10",))
    assert decided(order, [owner()], [click()]) == (
        Way.CODE, NORA, [(NORA, Verdict.DECIDES), (OMAR, Verdict.OUTRANKED)],
    )  # fmt: skip


def test_a_workspace_may_let_the_click_win():
    order = OrderFacts(THEN, ("NORA10",))
    assert decided(order, [owner()], [click()], LINK_FIRST)[:2] == (Way.CARRIED, OMAR)


def test_a_carried_click_wins_over_a_later_one_of_the_browser():
    clicks = [click(PIA, at=THEN - timedelta(hours=1), carried=False, mark="k2"), click(OMAR, at=THEN - 3 * DAY)]
    assert decided(OrderFacts(THEN), (), clicks)[:2] == (Way.CARRIED, OMAR)


def test_the_last_click_wins():
    clicks = [click(OMAR, at=THEN - 3 * DAY), click(PIA, at=THEN - 2 * DAY, mark="k2")]
    assert decided(OrderFacts(THEN), (), clicks)[:2] == (Way.CARRIED, PIA)


@pytest.mark.parametrize(
    ("at", "way", "verdict"),
    [(THEN - 28 * DAY, Way.BROWSER, Verdict.DECIDES),
     (THEN - 28 * DAY - timedelta(seconds=1), Way.NONE, Verdict.TOO_OLD),
     (THEN + timedelta(seconds=1), Way.NONE, Verdict.AFTER_ORDER)],
)  # fmt: skip
def test_a_click_of_the_browser_counts_within_the_window(at, way, verdict):
    found = decided(OrderFacts(THEN), (), [click(at=at, carried=False)])
    assert (found[0], found[2]) == (way, [(OMAR, verdict)])


def test_a_bot_brings_nothing():
    assert decided(OrderFacts(THEN), (), [click(bot=True)]) == (Way.NONE, None, [(OMAR, Verdict.BOT)])


def test_of_two_codes_the_first_on_the_order_decides():
    owners = [owner("OMAR5", OMAR, entry=2), owner()]
    assert decided(OrderFacts(THEN, ("NORA10", "OMAR5")), owners)[:2] == (Way.CODE, NORA)
    assert decided(OrderFacts(THEN, ("OMAR5", "NORA10")), owners)[:2] == (Way.CODE, OMAR)


def test_an_unknown_code_is_nobodys():
    assert decided(OrderFacts(THEN, ("SPRING",)), [owner()]) == (Way.NONE, None, [])


def test_a_text_given_up_or_not_yet_known_is_still_its_members():
    old = owner(from_at=THEN - 9 * DAY, until_at=THEN - 5 * DAY)
    again = CodeOwner(2, "NORA10", NORA, 99, THEN + DAY, None)
    assert owner_at([again, old], THEN - 7 * DAY) == old
    assert owner_at([again, old], THEN) == old
    assert owner_at([again, old], THEN + 2 * DAY) == again
    assert owner_at([again, old], THEN - 20 * DAY) == old
    assert owner_at([], THEN) is None


_at = st.integers(-40, 3).map(lambda days: THEN + timedelta(days=days))
_clicks = st.lists(
    st.builds(
        ClickSeen, st.uuids().map(str), st.integers(1, 3), st.integers(10, 30), _at, st.booleans(), st.booleans()
    ),
    max_size=5,
)
_owners = st.lists(
    st.builds(CodeOwner, st.integers(1, 10**6), st.sampled_from(["A", "B"]), st.integers(1, 3), st.integers(10, 30), _at),
    max_size=4, unique_by=lambda one: one.entry_id,
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # on a loaded machine
@given(_owners, _clicks, st.lists(st.sampled_from(["A", "B", "C"]), max_size=3), st.sampled_from(First), st.randoms())
def test_arrival_order_never_decides_and_one_candidate_at_most_does(owners, clicks, codes, first, rng):
    order, policy = OrderFacts(THEN, tuple(codes)), AttributionPolicy(first)
    found = attributed(order, owners, clicks, policy)
    rng.shuffle(owners)
    rng.shuffle(clicks)
    assert attributed(order, owners, clicks, policy) == found
    deciding = [one for one in found.candidates if one.verdict == Verdict.DECIDES]
    assert deciding == ([found.winner] if found.winner else [])
    assert (found.winner is None) == all(
        one.verdict in {Verdict.BOT, Verdict.TOO_OLD, Verdict.AFTER_ORDER} for one in found.candidates
    )


@pytest.mark.parametrize(("late", "way"), [(0.46, Way.CARRIED), (299, Way.CARRIED), (300, Way.NONE)])
def test_a_carried_click_counts_though_the_store_tells_whole_seconds_by_its_own_clock(late, way):
    found = attributed(OrderFacts(THEN), (), [click(at=THEN + timedelta(seconds=late))], CODE_FIRST)
    assert found.way == way
