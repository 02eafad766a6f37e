"""The points maths: nobody who waits as told is ever throttled, and nobody waits longer than needed."""

from __future__ import annotations

import heapq
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offerwell.integrations.shopify.pacing import (
    FLIGHT_SECONDS,
    BucketState,
    MemoryBucket,
    learned,
    reserved,
    restored,
)

FULL = BucketState(available=2000, maximum=2000, restore_rate=100, at=50.0)


def test_a_full_bucket_lets_a_request_go_at_once() -> None:
    state, wait = reserved(FULL, 900, 50.0)
    assert (state.available, wait) == (1100, 0.0)


def test_the_wait_is_what_is_missing_and_a_second_more() -> None:
    state, wait = reserved(replace(FULL, available=150), 900, 50.0)
    assert (state.available, wait) == (-750, 7.5 + 1)


def test_a_request_as_dear_as_the_bucket_has_no_cushion() -> None:
    assert reserved(FULL, 2000, 50.0)[1] == 0.0
    assert reserved(FULL, 1950, 50.0)[1] == 0.0


def test_the_next_one_queues_behind_the_promise() -> None:
    state, _ = reserved(replace(FULL, available=0), 500, 50.0)
    assert reserved(state, 500, 50.0)[1] == 10.0 + 1
    assert reserved(state, 500, 53.0)[1] == 7.0 + 1


def test_the_bucket_refills_to_its_maximum_and_no_further() -> None:
    empty = replace(FULL, available=0)
    assert restored(empty, 60.0).available == 1000
    assert restored(empty, 1000.0).available == 2000


def test_a_request_dearer_than_the_bucket_waits_for_a_full_one_not_for_ever() -> None:
    assert reserved(replace(FULL, available=0), 5000, 50.0)[1] == 20.0


def test_a_clock_set_back_an_hour_stops_nothing() -> None:
    state, wait = reserved(replace(FULL, available=0, at=7200.0, busy_until=7201.0), 100, 3600.0)
    assert (wait, state.at, state.busy_until) == (1.0 + 1, 3600.0, 3603.0)
    assert restored(state, 3610.0).available == 900


def test_the_stores_word_is_believed_when_no_promise_is_out() -> None:
    state = learned(replace(FULL, available=10), 1500, 4000, 200, 50.0)
    assert (state.available, state.maximum, state.restore_rate) == (1500, 4000, 200)


def test_while_a_promise_is_out_only_a_lower_figure_is_believed() -> None:
    state, _ = reserved(FULL, 900, 50.0)
    assert learned(state, 1990, 2000, 100, 50.0).available == 1100
    assert learned(state, 300, 2000, 100, 50.0).available == 300
    assert learned(state, 1990, 2000, 100, 50.0 + FLIGHT_SECONDS).available == 1990


def test_a_plan_without_a_rate_keeps_the_known_one() -> None:
    state = learned(FULL, 500, 0, 0, 60.0)
    assert (state.available, state.maximum, state.restore_rate) == (500, 2000, 100)


def test_threads_of_one_process_share_the_bucket() -> None:
    bucket = MemoryBucket(replace(FULL, available=1000))
    assert bucket.reserve(1000, 50.0) == 0.0 + 1
    assert bucket.reserve(100, 50.0) == 1.0 + 1
    bucket.learn(-150, 2000, 100, 50.0)
    assert bucket.reserve(50, 50.0) == 2.0 + 1


@given(
    start=st.floats(0, 2000),
    rate=st.sampled_from([50.0, 100.0, 1000.0]),
    asks=st.lists(st.tuples(st.integers(1, 1000), st.floats(0, 3), st.floats(0, 1)), min_size=1, max_size=40),
)
def test_who_waits_as_told_never_overdraws_the_store(
    start: float, rate: float, asks: list[tuple[int, float, float]]
) -> None:
    """The store's own bucket, drained up to a second after our callers send, never runs below zero."""
    state = BucketState(available=start, maximum=2000.0, restore_rate=rate)
    now, sends = 0.0, []
    for points, gap, delay in asks:
        now += gap
        state, wait = reserved(state, points, now)
        sends.append((now + wait + delay, points))
    level, at = start, 0.0
    for moment, points in sorted(sends):
        level = min(2000.0, level + (moment - at) * rate) - points
        at = moment
        assert level >= -1e-6


@given(
    asks=st.lists(
        st.tuples(st.integers(1, 900), st.floats(0, 4), st.floats(0, 8), st.floats(0, 0.5)),
        min_size=2,
        max_size=30,
    )
)
def test_believing_answers_that_come_late_and_crossed_never_overdraws_either(
    asks: list[tuple[int, float, float, float]],
) -> None:
    """Many workers: each asks, waits, travels, is charged, works a while, and its answer travels back."""
    state, asked_at = BucketState(), 0.0
    level, level_at = 2000.0, 0.0
    events: list[tuple[float, int, str, int, float, float]] = []
    for number, (points, gap, work, travel) in enumerate(asks):
        asked_at += gap
        heapq.heappush(events, (asked_at, number, "ask", points, work, travel))
    while events:
        now, number, what, amount, work, travel = heapq.heappop(events)
        level, level_at = min(2000.0, level + (now - level_at) * 100.0), now
        if what == "ask":
            state, wait = reserved(state, amount, now)
            heapq.heappush(events, (now + wait + travel, number, "charge", amount, work, travel))
        elif what == "charge":
            level -= amount
            assert level >= -1e-6
            heapq.heappush(events, (now + work, number, "answer", 0, 0.0, travel))
        elif what == "answer":
            heapq.heappush(events, (now + travel, number, "learn", math.floor(level), 0.0, 0.0))
        else:
            state = learned(state, amount, 2000.0, 100.0, now)


@pytest.mark.parametrize("points", [1, 90, 900, 1000])
def test_no_wait_is_longer_than_needed(points: int) -> None:
    """One worker at full speed gets the whole restore rate; the cushion is paid once."""
    state, now, level = replace(FULL, available=0, at=0.0), 0.0, 0.0
    for _ in range(40):
        state, wait = reserved(state, points, now)
        now, level = now + wait, level + wait * 100 - points
        state = learned(state, level, 2000, 100, now)
    assert now == pytest.approx(40 * points / 100 + 1)
    assert level == pytest.approx(100)
