"""A curve stays between its points, ticks are even and cover the highest value, groups lose no day."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offerwell.rules.chart_shape import HEIGHT, WIDTH, closed, curve, grouped_from_the_end, heights, marks, ticks

VALUES = st.lists(st.integers(-50, 10**9), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("highest", "found"),
    [
        (-5, (0,)), (0, (0,)), (1, (0, 1)), (3, (0, 1, 2, 3)), (7, (0, 2, 4, 6, 8)), (9, (0, 5, 10)),
        (1_999, (0, 500, 1_000, 1_500, 2_000)), (20_001, (0, 10_000, 20_000, 30_000)),
    ],
)  # fmt: skip
def test_ticks_are_even(highest, found):
    assert ticks(highest) == found


@given(st.integers(1, 10**15))
def test_ticks_cover_the_highest_value_closely(highest):
    found = ticks(highest)
    steps = {there - here for here, there in itertools.pairwise(found)}
    assert (found[0], len(steps), len(found) <= 5) == (0, 1, True)
    assert found[-2] < highest <= found[-1]


def beziers(path):
    """Start, control, control and end of each piece."""
    numbers = [float(one) for one in re.findall(r"-?\d+(?:\.\d+)?", path)]
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    return [points[start : start + 4] for start in range(0, len(points) - 1, 3)]


@given(VALUES)
def test_a_curve_passes_its_points_and_never_leaves_their_range(values):
    top = ticks(max(values))[-1]
    pieces = beziers(curve(values, top))
    drawn = [pieces[0][0][1], *(piece[-1][1] for piece in pieces)]
    wanted = heights(values if len(values) > 1 else values * 2, top)
    assert drawn == pytest.approx(wanted, abs=0.051)
    for piece in pieces:
        low, high = sorted((piece[0][1], piece[-1][1]))
        assert all(low - 0.11 <= y <= high + 0.11 for _x, y in piece)
        assert all(0 <= y <= HEIGHT for _x, y in piece)
        xs = [x for x, _y in piece]
        assert xs == sorted(xs)
    assert (pieces[0][0][0], pieces[-1][-1][0]) == (0, WIDTH)


def test_a_curve_in_numbers():
    assert curve([0, 10, 10], 10, 200, 100) == "M0,100C33.3,66.7 66.7,0 100,0C133.3,0 166.7,0 200,0"
    assert curve([5], 10, 200, 100) == "M0,50C66.7,50 133.3,50 200,50"
    assert curve([], 10) == ""
    assert curve([0, 0], 0, 200, 100) == "M0,100C66.7,100 133.3,100 200,100"
    assert closed("M0,5", 200, 100) == "M0,5L200,100L0,100Z"
    assert closed("") == ""


@pytest.mark.parametrize(
    ("count", "found"),
    [
        (0, ()), (1, (0,)), (7, (0, 1, 2, 3, 4, 5, 6)), (9, (0, 2, 4, 6, 8)), (30, (0, 7, 14, 22, 29)),
        (16, (0, 3, 6, 9, 12, 15)),
    ],
)  # fmt: skip
def test_some_points_are_named(count, found):
    assert marks(count) == found


@given(st.integers(0, 500), st.integers(1, 40))
def test_groups_lose_no_day_and_end_whole(count, size):
    groups = grouped_from_the_end(count, size)
    assert [day for start, end in groups for day in range(start, end)] == list(range(count))
    assert all(end - start == size for start, end in groups[1:])
