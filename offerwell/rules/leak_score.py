"""Does a code's use depart from its creator's reach? A score with its evidence, never a verdict: people decide.

Shares are compared with the low median of the same offer's codes, so a store that names no clicks, or an offer that is
bought by regulars, accuses nobody. Exact: whole numbers and fractions.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from fractions import Fraction
from statistics import median_low
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

WEEKS = 13
"""The window: the last week, and the twelve before."""
WEEK_DAYS = 7
LEAST_ORDERS = 20
"""Codes with fewer orders in the window are never scored: a few orders prove nothing."""
LONG_AFTER_DAYS = 28
LISTED = 20
"""From this score on a code is listed."""
GROWN = 10
"""A dismissed code comes back when its score has grown by so much."""
_NOTED, _FULL = 9, 100  # squares of 3 and 10 standard deviations


class Sign(StrEnum):
    """What departs."""

    NO_CLICK = "no_click"
    BURST = "burst"
    LATE = "late"
    RETURNING = "returning"
    STORES = "stores"


WEIGHTS = {Sign.NO_CLICK: 35, Sign.BURST: 30, Sign.LATE: 15, Sign.RETURNING: 15, Sign.STORES: 5}


@dataclass(frozen=True, slots=True)
class CodeUse:
    """One code's orders in the window; cancelled ones and tests are none.

    `without_click` name no click at all; `late` came more than LONG_AFTER_DAYS after the creator's last click, or
    without there being one. `known` orders tell whether their buyer had bought before, `returning` had.
    `recent` are of the last week, `earlier` of the `earlier_days` before it since the code is known.
    """

    orders: int
    without_click: int = 0
    late: int = 0
    known: int = 0
    returning: int = 0
    stores: int = 1
    recent: int = 0
    earlier: int = 0
    earlier_days: int = (WEEKS - 1) * WEEK_DAYS


@dataclass(frozen=True, slots=True)
class Norm:
    """What is usual in an offer: low medians over its codes with enough orders, and all orders of its codes.

    `earlier_days` are those of its oldest code.
    """

    without_click: Fraction
    late: Fraction
    returning: Fraction
    stores: int
    recent: int
    earlier: int
    earlier_days: int = (WEEKS - 1) * WEEK_DAYS


@dataclass(frozen=True, slots=True)
class Part:
    """`points` of the score, and its numbers: `count` of `of`, where `usual` is usual (shares in percent)."""

    sign: Sign
    points: int
    count: int
    of: int
    usual: int

    def to_json(self) -> dict[str, Any]:
        """For storing."""
        return {**asdict(self), "sign": str(self.sign)}


@dataclass(frozen=True, slots=True)
class LeakScore:
    """0 to 100, and what it is made of: only parts with points, the largest first."""

    score: int
    parts: tuple[Part, ...]


def norm_of(uses: Sequence[CodeUse]) -> Norm:
    """What is usual among the codes of one offer. Those with too few orders say nothing."""
    told = [one for one in uses if one.orders >= LEAST_ORDERS]
    return Norm(
        _median([_share(one.without_click, one.orders) for one in told]),
        _median([_share(one.late, one.orders) for one in told]),
        _median([_share(one.returning, one.known) for one in told if one.known >= LEAST_ORDERS]),
        median_low([one.stores for one in told]) if told else 1,
        sum(one.recent for one in uses),
        sum(one.earlier for one in uses),
        max((one.earlier_days for one in uses), default=WEEK_DAYS),
    )


def leak_score(use: CodeUse, norm: Norm) -> LeakScore:
    """The score of one code among those of its offer."""
    if use.orders < LEAST_ORDERS:
        return LeakScore(0, ())
    parts = [
        _departs(Sign.NO_CLICK, use.without_click, use.orders, norm.without_click),
        _burst(use, norm),
        _departs(Sign.LATE, use.late, use.orders, norm.late),
        *([_departs(Sign.RETURNING, use.returning, use.known, norm.returning)] if use.known >= LEAST_ORDERS else []),
        Part(Sign.STORES, _points(Sign.STORES, Fraction(use.stores - norm.stores, 2)), use.stores, 1, norm.stores),
    ]
    told = sorted((one for one in parts if one.points), key=lambda one: -one.points)
    return LeakScore(sum(one.points for one in told), tuple(told))


def _departs(sign: Sign, count: int, of: int, usual: Fraction) -> Part:
    """How much of the way from what is usual to all of them."""
    way = (_share(count, of) - usual) / (1 - usual) if usual < 1 else Fraction(0)
    return Part(sign, _points(sign, way), count, of, int(usual * 100))


def _burst(use: CodeUse, norm: Norm) -> Part:
    """The last week against the code's own earlier weeks, raised by as much as the offer's other codes grew.

    Squared standard deviations above what was expected, as if orders came by chance (Poisson): from 9 to 100.
    """
    days = max(use.earlier_days, WEEK_DAYS)
    expected = Fraction((use.earlier + 1) * WEEK_DAYS, days) * _growth(use, norm)
    surprise = (use.recent - expected) ** 2 / expected if use.recent > expected else Fraction(0)
    way = (surprise - _NOTED) / (_FULL - _NOTED)
    return Part(Sign.BURST, _points(Sign.BURST, way), use.recent, WEEK_DAYS, int(expected))


def _growth(use: CodeUse, norm: Norm) -> Fraction:
    """Of the offer's other codes; below one it is one: a code is not accused because others fell."""
    recent, earlier = norm.recent - use.recent, norm.earlier - use.earlier
    days = max(norm.earlier_days, WEEK_DAYS)
    return max(Fraction(1), Fraction((recent + 1) * days, earlier * WEEK_DAYS + days))


def _points(sign: Sign, way: Fraction) -> int:
    """Whole points for a part of the way, from 0 to 1."""
    return int(WEIGHTS[sign] * min(Fraction(1), max(Fraction(0), way)))


def _share(count: int, of: int) -> Fraction:
    return Fraction(count, of) if of else Fraction(0)


def _median(shares: Sequence[Fraction]) -> Fraction:
    return median_low(shares) if shares else Fraction(0)
