"""The shape of a chart: numbers in, SVG path data and even ticks out (design/ui.md §2).

The curve is a monotone cubic: between two points it stays between their values, so it never dips below zero nor rises
above a day that was sold. Its units are those of the view box; y grows downwards.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 1_000, 200
MOST_POINTS = 120
"""With more days than these, a point is a week: closer ones cannot be told apart."""
WEEK = 7
_STEPS = (1, 2, 5)
_INTERVALS = 4


def ticks(highest: int) -> tuple[int, ...]:
    """Even whole numbers from 0 to at least `highest`, at most five; 0 alone where nothing is above it."""
    if highest <= 0:
        return (0,)
    power = 1
    while True:
        for step in (factor * power for factor in _STEPS):
            intervals = -(-highest // step)
            if intervals <= _INTERVALS:
                return tuple(step * n for n in range(intervals + 1))
        power *= 10


def heights(values: Sequence[int], top: int, height: int = HEIGHT) -> list[float]:
    """Where each value lies. Below zero (a refund of an earlier day) is drawn as zero."""
    return [height - height * min(max(value, 0), top) / top if top > 0 else float(height) for value in values]


def curve(values: Sequence[int], top: int, width: int = WIDTH, height: int = HEIGHT) -> str:
    """The line through the values, from the left edge to the right one. A single value is a level line."""
    if not values:
        return ""
    found = heights(values, top, height)
    found = found * 2 if len(found) == 1 else found
    slopes, step = _slopes(found), width / (len(found) - 1)
    drawn = [f"M0,{_short(found[0])}"]
    for place, (here, there) in enumerate(pairwise(found)):
        left, right = step * place, step * (place + 1)
        drawn.append(
            f"C{_short(left + step / 3)},{_short(here + slopes[place] / 3)} "
            f"{_short(right - step / 3)},{_short(there - slopes[place + 1] / 3)} {_short(right)},{_short(there)}"
        )
    return "".join(drawn)


def closed(line: str, width: int = WIDTH, height: int = HEIGHT) -> str:
    """The area between a curve and the bottom."""
    return f"{line}L{width},{height}L0,{height}Z" if line else ""


def marks(count: int) -> tuple[int, ...]:
    """Which of `count` points are named below the chart: evenly, with the first and the last."""
    if count <= WEEK:
        return tuple(range(count))
    parts = next((parts for parts in (4, 5, 3, 6) if (count - 1) % parts == 0), _INTERVALS)
    return tuple(round(part * (count - 1) / parts) for part in range(parts + 1))


def grouped_from_the_end(count: int, size: int) -> tuple[tuple[int, int], ...]:
    """`count` points in groups of `size`, as (start, end): the last one is whole, the first may be short."""
    first = count % size or size
    return ((0, min(first, count)), *((start, start + size) for start in range(first, count, size))) if count else ()


def _slopes(values: Sequence[float]) -> list[float]:
    """Per step. Zero at a turn, else the harmonic mean of both sides: at most twice the smaller, hence monotone."""
    rises = [there - here for here, there in pairwise(values)]
    inner = [2 * one * other / (one + other) if one * other > 0 else 0.0 for one, other in pairwise(rises)]
    return [rises[0], *inner, rises[-1]]


def _short(number: float) -> str:
    text = f"{number:.1f}"
    return text.removesuffix(".0")
