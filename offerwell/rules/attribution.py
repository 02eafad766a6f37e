"""Whose order is it? All candidates, and the one that decides, with the reason. Source: domain §6.

Our code on the order → our click id carried by the order → a click by the same browser within the window → nobody.
Whether codes or links come first, and how long the window is, are the workspace's rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

CLICK_KEY = "ow_click"
"""Name of our click id in an order's attributes and in landing addresses."""
WINDOW_DAYS = 28
LONGEST_WINDOW = 365
# Stores tell whole seconds. An order that carries a click's id was placed after it, whatever the store's clock says.
WHOLE_SECOND = timedelta(seconds=1)
CLOCK_SKEW = timedelta(minutes=5)


class Way(StrEnum):
    """How a candidate came to be one."""

    CODE = "code"
    CARRIED = "carried"
    BROWSER = "browser"
    NONE = "none"


class First(StrEnum):
    """Which wins when an order has both."""

    CODE = "code"
    LINK = "link"


class Verdict(StrEnum):
    """What became of a candidate."""

    DECIDES = "decides"
    OUTRANKED = "outranked"
    TOO_OLD = "too_old"
    AFTER_ORDER = "after_order"
    BOT = "bot"


_RANKS = {
    First.CODE: (Way.CODE, Way.CARRIED, Way.BROWSER),
    First.LINK: (Way.CARRIED, Way.BROWSER, Way.CODE),
}


@dataclass(frozen=True, slots=True)
class AttributionPolicy:
    """The workspace's rules. `trusts_browsers`: what only a browser told earns without anybody's word for it."""

    first: First = First.CODE
    window_days: int = WINDOW_DAYS
    trusts_browsers: bool = False


@dataclass(frozen=True, slots=True)
class CodeOwner:
    """A code text was a member's from `from_at` until `until_at` (None: still is). `entry_id` orders equal times."""

    entry_id: int
    text_key: str
    member_id: int
    enrollment_id: int
    from_at: datetime
    until_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClickSeen:
    """A click on a member's sales link that has to do with the order: its id is on it, or the browser is the same."""

    click_id: str
    member_id: int
    enrollment_id: int
    at: datetime
    is_carried: bool
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What of an order decides. `code_keys` are upper-case, in the store's order."""

    placed_at: datetime
    code_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who might have brought the order. `mark` is the code text or the click id."""

    way: Way
    mark: str
    member_id: int
    enrollment_id: int
    at: datetime
    verdict: Verdict = Verdict.OUTRANKED


@dataclass(frozen=True, slots=True)
class Attribution:
    """`winner` is None when nobody brought the order; `candidates` are all, best first."""

    winner: Candidate | None
    candidates: tuple[Candidate, ...]

    @property
    def way(self) -> Way:
        """The reason."""
        return self.winner.way if self.winner else Way.NONE


def attributed(
    order: OrderFacts, owners: Iterable[CodeOwner], clicks: Iterable[ClickSeen], policy: AttributionPolicy
) -> Attribution:
    """The decision. The same whatever the order of `owners` and `clicks`."""
    found = [*_by_code(order, tuple(owners)), *_by_click(order, tuple(clicks), policy)]
    ranks = _RANKS[policy.first]
    if len(found) > 1:
        found.sort(key=lambda one: ranks.index(one.way))
    decided = next((place for place, one in enumerate(found) if one.verdict == Verdict.OUTRANKED), None)
    if decided is None:
        return Attribution(None, tuple(found))
    best = found[decided]
    winner = Candidate(best.way, best.mark, best.member_id, best.enrollment_id, best.at, Verdict.DECIDES)
    return Attribution(winner, (*found[:decided], winner, *found[decided + 1 :]))


def _by_code(order: OrderFacts, owners: Sequence[CodeOwner]) -> list[Candidate]:
    """The first code on the order comes first."""
    found = []
    for key in dict.fromkeys(order.code_keys):
        owner = owner_at([one for one in owners if one.text_key == key], order.placed_at)
        if owner is not None:
            found.append(Candidate(Way.CODE, key, owner.member_id, owner.enrollment_id, order.placed_at))
    return found


def owner_at(entries: Sequence[CodeOwner], placed_at: datetime) -> CodeOwner | None:
    """Whose the text was then: at that moment, else last before it, else first after it.

    A text goes to one member only, so this never changes who is paid, only in which offer. Deactivated makes no
    difference; orders from before the code was known here are its member's too.
    """
    if len(entries) == 1:
        return entries[0]
    before = [one for one in entries if one.from_at <= placed_at]
    open_then = [one for one in before if one.until_at is None or placed_at < one.until_at]
    if known := open_then or before:
        return max(known, key=lambda one: (one.from_at, one.entry_id))
    return min(entries, key=lambda one: (one.from_at, one.entry_id), default=None)


def _by_click(order: OrderFacts, clicks: Sequence[ClickSeen], policy: AttributionPolicy) -> list[Candidate]:
    """The last click comes first."""
    latest = sorted(clicks, key=lambda one: (one.at, one.click_id), reverse=True)
    return [_click_candidate(order, one, policy) for one in latest]


def _click_candidate(order: OrderFacts, click: ClickSeen, policy: AttributionPolicy) -> Candidate:
    way = Way.CARRIED if click.is_carried else Way.BROWSER
    verdict = Verdict.OUTRANKED
    if click.is_bot:
        verdict = Verdict.BOT
    elif click.at - order.placed_at >= (CLOCK_SKEW if click.is_carried else WHOLE_SECOND):
        verdict = Verdict.AFTER_ORDER
    elif way == Way.BROWSER and order.placed_at - click.at > timedelta(days=policy.window_days):
        verdict = Verdict.TOO_OLD
    return Candidate(way, click.click_id, click.member_id, click.enrollment_id, click.at, verdict)
