"""Other attribution rules over past orders: what would move, order by order, summed up.

Pure: whose each order is and what it earns, before and after, comes from the caller.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

TOP_MEMBERS = 50
EXAMPLES = 50
_COUNTS = ("orders", "stay", "moved", "gained", "lost", "repriced")
_SUMS = ("sales", "before", "after", "taken", "given", "rules")


@dataclass(frozen=True, slots=True)
class Credit:
    """Whose an order is (None: nobody's) and what comes of it: `due` is currency → smallest units, without zeros.

    `sales` counts only while the order does: not cancelled, no test, not rejected.
    """

    member_id: int | None
    currency: str
    sales: int
    due: Mapping[str, int]


@dataclass(slots=True)
class ReplayFigures:
    """What a replay moves. Counts are of orders; sums are currency → smallest units.

    `moved` orders go to another member, of which `gained` had none and `lost` get none; `repriced` stay their
    member's and earn another sum. `stay` are those that no replay touches. `sales` are those of the moved orders,
    `before` and `after` all commission, `taken` and `given` what members lose and get of it:
    before − taken + given = after. `rules` counts orders by the rules they had. `members` is member → currency →
    [before, after] of the orders that change; it grows with the members concerned, never with the orders.
    """

    orders: int = 0
    stay: int = 0
    moved: int = 0
    gained: int = 0
    lost: int = 0
    repriced: int = 0
    sales: Counter[str] = field(default_factory=Counter)
    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    given: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    members: dict[int, dict[str, list[int]]] = field(default_factory=dict)
    examples: list[tuple[int, int | None, int | None]] = field(default_factory=list)

    def add(self, order_id: int, before: Credit, after: Credit, *, rules: str) -> None:
        """One order that the replay decides anew; it had `rules` before, as `rules_key` says."""
        self.orders += 1
        self.rules[rules] += 1
        self._sum(before, after)
        if before.member_id != after.member_id:
            self._move(order_id, before, after)
        elif before.due != after.due:
            self.repriced += 1
        else:
            return
        self._note(before, 0)
        self._note(after, 1)

    def add_unmoved(self, rules: Mapping[str, int], due: Mapping[str, int]) -> None:
        """Orders that stay as they are: how many had which rules before, and what all of them earn."""
        self.orders += sum(rules.values())
        self.rules.update(rules)
        self.before.update(due)
        self.after.update(due)

    def _sum(self, before: Credit, after: Credit) -> None:
        for currency, amount in before.due.items():
            self.before[currency] += amount
        for currency, amount in after.due.items():
            self.after[currency] += amount
        if before.member_id != after.member_id:
            self.taken.update(before.due)
            self.given.update(after.due)
            return
        for currency in {*before.due, *after.due}:
            difference = after.due.get(currency, 0) - before.due.get(currency, 0)
            (self.given if difference > 0 else self.taken)[currency] += abs(difference)

    def _move(self, order_id: int, before: Credit, after: Credit) -> None:
        self.moved += 1
        self.gained += before.member_id is None
        self.lost += after.member_id is None
        self.sales[before.currency] += max(before.sales, after.sales)
        if len(self.examples) < EXAMPLES:
            self.examples.append((order_id, before.member_id, after.member_id))

    def _note(self, credit: Credit, place: int) -> None:
        if credit.member_id is not None:
            sums = self.members.setdefault(credit.member_id, {})
            for currency, amount in credit.due.items():
                sums.setdefault(currency, [0, 0])[place] += amount

    @property
    def is_nothing(self) -> bool:
        """Whether no order and no cent moves."""
        return not self.moved and not self.repriced

    def to_json(self) -> dict[str, Any]:
        """For storing: the members with the largest differences, and the first orders."""
        counts: dict[str, Any] = {name: getattr(self, name) for name in _COUNTS}
        sums = {name: {key: value for key, value in sorted(getattr(self, name).items()) if value} for name in _SUMS}
        largest = sorted(self.members.items(), key=lambda one: (-_difference(one[1]), one[0]))[:TOP_MEMBERS]
        return counts | sums | {"members": largest, "member_count": len(self.members), "examples": self.examples}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> ReplayFigures:
        """Counts and sums as stored; members and examples are of the preview alone."""
        figures = cls(**{name: stored.get(name, 0) for name in _COUNTS})
        for name in _SUMS:
            getattr(figures, name).update(stored.get(name, {}))
        return figures


def rules_key(first: str, window_days: int) -> str:
    """Rules as one word: `code-28`."""
    return f"{first}-{window_days}"


def rules_of(key: str) -> tuple[str, int]:
    """What `rules_key` was made of."""
    first, _, days = key.partition("-")
    return first, int(days)


def _difference(sums: Mapping[str, list[int]]) -> int:
    """The largest one: sums of different currencies are not added up."""
    return max((abs(after - before) for before, after in sums.values()), default=0)


def agree(preview: Mapping[str, Any], result: Mapping[str, Any]) -> bool:
    """Whether what was done is what was shown before: every count and sum."""
    return all(preview.get(name) == result.get(name) for name in (*_COUNTS, *_SUMS))
