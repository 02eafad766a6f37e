"""A row of a file of exchange rates: the first day, the currency, and what one of it is worth."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from offerwell.rules.import_columns import ImportRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAMES = {"day": ("day", "date"), "currency": ("currency",), "rate": ("rate",)}
_DECIMALS = 10
_LARGEST = Decimal(10) ** 9


class BadRate(ValueError):
    """The row holds no rate. The sentence says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class DatedRate:
    """From `day` on one `currency` is worth `rate` of the reporting currency."""

    day: date
    currency: str
    rate: Decimal


def rate_columns(columns: Sequence[str]) -> Mapping[str, int]:
    """Which column is which. Raises ImportRefused where one is missing."""
    folded = [name.strip().lower() for name in columns]
    found = {field: folded.index(name) for field, names in _NAMES.items() for name in names if name in folded}
    missing = [field for field in _NAMES if field not in found]
    if missing:
        raise ImportRefused(f"The file has no column {' or '.join(missing)}. Its first line must be day,currency,rate.")
    return found


def rate_of_row(columns: Mapping[str, int], cells: Sequence[str], *, into: str) -> DatedRate:
    """The rate of a row. Raises BadRate."""
    day, currency, rate = (
        cells[columns[name]].strip() if columns[name] < len(cells) else "" for name in ("day", "currency", "rate")
    )
    return DatedRate(_day(day), _currency(currency.upper(), into), _rate(rate))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadRate(f"“{text[:20]}” is no date. Write it as 2026-01-31.") from None


def _currency(text: str, into: str) -> str:
    if not re.fullmatch("[A-Z]{3}", text):
        raise BadRate(f"“{text[:20]}” is no currency. Write three letters, as EUR.")
    if text == into:
        raise BadRate(f"{text} is the reporting currency itself. Leave the row out.")
    return text


def _rate(text: str) -> Decimal:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        rate = Decimal(0)
    if not rate.is_finite() or not 0 < rate < _LARGEST:
        raise BadRate(f"“{text[:20]}” is no rate. Write a number above zero, as 0.9134.")
    if rate != round(rate, _DECIMALS):
        raise BadRate(f"“{text[:20]}” has more than {_DECIMALS} decimals.")
    return rate
