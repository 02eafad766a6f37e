"""One order of a store at one moment, as any store, file or person may tell it. Money in smallest units.

Sources: domain §6 (net: lines after discounts, without tax and shipping), shopify.md §4. It holds nothing about the
buyer but, in memory alone, the e-mail address, which is compared with members' and then forgotten.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from offerwell.rules.money import proportion

if TYPE_CHECKING:
    from datetime import datetime

_EPOCH_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class LineSnapshot:
    """One line. `net` is of the whole quantity that was ordered; `kept` of it was neither refunded nor removed."""

    ref: str
    title: str
    quantity: int
    kept: int
    net: int
    product_ref: str = ""

    @property
    def refunded(self) -> int:
        """What of the net went back, in proportion to the quantity."""
        if self.kept <= 0:
            return self.net
        gone = self.quantity - self.kept
        return proportion(self.net, gone, self.quantity) if gone > 0 else 0


@dataclass(frozen=True, slots=True)
class OrderSnapshot:
    """`ref` is the store's own id. `given_back` are refunds of no line. `codes` stand as the store lists them.

    `is_whole` is False while the store does not tell yet how the buyer came: read it again later.
    `is_unconfirmed`: a browser told of it, which anybody can make say anything.
    """

    ref: str
    name: str
    placed_at: datetime
    updated_at: datetime
    currency: str
    lines: tuple[LineSnapshot, ...]
    given_back: int = 0
    cancelled_at: datetime | None = None
    is_test: bool = False
    is_returning: bool | None = None
    codes: tuple[str, ...] = ()
    click_ids: tuple[str, ...] = ()
    buyer_email: str = ""
    is_whole: bool = True
    is_unconfirmed: bool = False

    @property
    def version(self) -> int:
        """Microseconds of `updated_at`: a later state of the order has no smaller one."""
        return int(self.updated_at.timestamp()) * _EPOCH_MICROSECONDS + self.updated_at.microsecond

    @property
    def net(self) -> int:
        """All lines, as ordered."""
        return sum(line.net for line in self.lines)

    @property
    def refunded(self) -> int:
        """What went back, never more than the net."""
        return max(0, min(self.net, sum(line.refunded for line in self.lines) + self.given_back))


# No database of ours keeps these: NUL, and halves of a pair that stand alone.
_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
_INSTEAD = "\ufffd"


def storable(one: OrderSnapshot) -> OrderSnapshot:
    """The order with a replacement character for each one that no database keeps; nearly always the same object.

    Shops send whatever their buyers type: one odd title must not keep the orders beside it out.
    """
    lines = (text for line in one.lines for text in (line.ref, line.title, line.product_ref))
    texts = (one.ref, one.name, one.currency, one.buyer_email, *one.codes, *one.click_ids, *lines)
    if not _NOT_STORABLE.search(" ".join(texts)):
        return one
    return replace(
        one, ref=_kept(one.ref), name=_kept(one.name), currency=_kept(one.currency), buyer_email=_kept(one.buyer_email),
        codes=tuple(map(_kept, one.codes)), click_ids=tuple(map(_kept, one.click_ids)),
        lines=tuple(
            replace(line, ref=_kept(line.ref), title=_kept(line.title), product_ref=_kept(line.product_ref))
            for line in one.lines
        ),
    )  # fmt: skip


def _kept(text: str) -> str:
    return _NOT_STORABLE.sub(_INSTEAD, text)
