"""Which column of a CSV file means what, for orders, and what a row says. Shopify's own order export fits as it is.

Only what the columns tell is known: an order of a file has one line, its net.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from offerwell.rules.attribution import CLICK_KEY
from offerwell.rules.import_columns import ImportRefused
from offerwell.rules.money import NotMoney, minor_of
from offerwell.rules.order_snapshot import LineSnapshot, OrderSnapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAMES = {
    "ref": ("id", "order id", "order_id"),
    "name": ("name", "order", "order name", "order number"),
    "placed_at": ("created at", "placed at", "date", "order date", "processed at"),
    "updated_at": ("updated at",),
    "currency": ("currency",),
    "net": ("subtotal", "net", "net sales"),
    "refunded": ("refunded amount", "refunded"),
    "codes": ("discount code", "discount codes", "code", "codes", "coupon", "coupon code"),
    "cancelled_at": ("cancelled at", "canceled at"),
    "email": ("email", "customer email"),
    "click_id": (CLICK_KEY,),
}
_LONGEST_REF, _LONGEST_CODE, _MOST_CODES = 80, 255, 20
_CURRENCY = re.compile(r"[A-Z]{3}")


class BadRow(ValueError):
    """The row is not imported. The sentence says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class OrderColumns:
    """Meaning → place in a row."""

    places: Mapping[str, int] = field(default_factory=dict)

    def cell(self, cells: Sequence[str], meaning: str) -> str:
        """What the row has there; empty when it has no such column."""
        place = self.places.get(meaning)
        return cells[place].strip() if place is not None and place < len(cells) else ""


def order_columns(columns: Sequence[str]) -> OrderColumns:
    """The columns by their names, whatever the case. Raises ImportRefused where an order could not be told."""
    named = {name.strip().lower(): place for place, name in reversed(list(enumerate(columns)))}
    places = {
        meaning: named[next(name for name in names if name in named)]
        for meaning, names in _NAMES.items()
        if any(name in named for name in names)
    }
    needs = {"an order number (Id or Name)": {"ref", "name"}, "a date (Created at)": {"placed_at"},
             "a net sum (Subtotal)": {"net"}}  # fmt: skip
    missing = [words for words, any_of in needs.items() if not any_of & set(places)]
    if missing:
        raise ImportRefused(f"The file has no column for {' and '.join(missing)}. Name it in the first line.")
    return OrderColumns(places)


def is_more_of_an_order(columns: OrderColumns, cells: Sequence[str]) -> bool:
    """Shopify's export has a row for each item; those after an order's first have no sum."""
    return not columns.cell(cells, "net") and not columns.cell(cells, "placed_at")


def snapshot_of_row(columns: OrderColumns, cells: Sequence[str], *, currency: str, zone: tzinfo) -> OrderSnapshot:
    """The order of a row; times without an offset are in `zone`. Raises BadRow."""
    name = columns.cell(cells, "name")
    ref = columns.cell(cells, "ref") or name
    if not 0 < len(ref) <= _LONGEST_REF:
        raise BadRow("It has no order number, or one longer than 80 characters.")
    currency = (columns.cell(cells, "currency") or currency).upper()
    if not _CURRENCY.fullmatch(currency):
        raise BadRow("It has no currency. Add a column Currency with three letters, for example USD.")
    placed_at = _moment(columns.cell(cells, "placed_at"), zone, "date")
    updated = columns.cell(cells, "updated_at")
    cancelled = columns.cell(cells, "cancelled_at")
    net = _sum(columns.cell(cells, "net"), currency, "net sum")
    refunded = columns.cell(cells, "refunded")
    click_id = columns.cell(cells, "click_id")
    return OrderSnapshot(
        ref=ref, name=name or ref, placed_at=placed_at,
        updated_at=_moment(updated, zone, "time of change") if updated else placed_at, currency=currency,
        lines=(LineSnapshot("1", "", 1, 1, net),), given_back=_sum(refunded, currency, "refund") if refunded else 0,
        cancelled_at=_moment(cancelled, zone, "time of cancelling") if cancelled else None,
        codes=_codes(columns.cell(cells, "codes")), click_ids=(click_id,) if 0 < len(click_id) <= _LONGEST_REF else (),
        buyer_email=columns.cell(cells, "email"),
    )  # fmt: skip


def _codes(cell: str) -> tuple[str, ...]:
    found = [code.strip() for code in re.split(r"[,;|]", cell)]
    return tuple(code for code in found if 0 < len(code) <= _LONGEST_CODE)[:_MOST_CODES]


def _moment(text: str, zone: tzinfo, what: str) -> datetime:
    try:
        found = datetime.fromisoformat(re.sub(r"\s+(?=[+-]\d{2}:?\d{2}$)", "", text.replace(" UTC", "+00:00")))
        # Far years overflow when they are moved to another zone.
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadRow(f"“{text[:40]}” is no {what}. Write it as 2026-11-23 09:00.") from error


def _sum(text: str, currency: str, what: str) -> int:
    try:
        amount = minor_of(text, currency)
    except NotMoney as error:
        raise BadRow(f"The {what} cannot be read: {error}. Write it as 12.50.") from error
    if amount < 0:
        raise BadRow(f"The {what} is below zero.")
    return amount
