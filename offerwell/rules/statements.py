"""What a statement pays and what it carries on; its fingerprint; who may approve it (domain §6, trust G12, T3)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from offerwell.rules.money import NotMoney, decimals_of, minor_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

MOST_MINIMUMS = 20
_CURRENCY_LETTERS = 3


class InvalidPayout(ValueError):
    """What was asked for cannot be. Nothing was done. The sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What becomes of a balance: `pays` is sent now, `carries` opens the next statement. Smallest units."""

    pays: int
    carries: int


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A ledger entry on a statement, as its fingerprint has it. `order_id` is 0 for one that is of no order."""

    entry_id: int
    order_id: int
    amount: int


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody who draws up or approves. Without `user_id`: whoever has the machine's command line."""

    user_id: int | None
    name: str


def settled(opening: int, earned: int, minimum: int = 0) -> Settlement:
    """Pay the balance whole, or carry it whole: one that is not above zero, or below the minimum, waits."""
    balance = opening + earned
    pays = balance if balance > 0 and balance >= minimum else 0
    return Settlement(pays, balance - pays)


def statement_hash(*, member_id: int, currency: str, opening: int, pays: int, lines: Iterable[StatementLine]) -> str:
    """SHA-256 (hex) over a statement and its lines, in the order of the ledger."""
    made = hashlib.sha256(f"statement 1;{member_id};{currency};{opening};{pays}".encode())
    for line in lines:
        made.update(f";{line.entry_id},{line.order_id},{line.amount}".encode())
    return made.hexdigest()


def end_of(last_day: date, timezone: str, *, now: datetime) -> datetime:
    """The first moment after that day of the workspace. Raises InvalidPayout for a day to come."""
    zone = ZoneInfo(timezone)
    if last_day > now.astimezone(zone).date():
        raise InvalidPayout("This day is still to come. Choose today or an earlier day.")
    try:
        return datetime.combine(last_day + timedelta(days=1), time.min, zone).astimezone(UTC)
    except OverflowError:
        raise InvalidPayout("Choose today or an earlier day.") from None


def why_not_approve(*, drawn_by: Signer, approver: Signer, needs_second: bool) -> str:
    """Why this person may not approve; empty: they may. With two people needed, both must be known by a login."""
    if not needs_second:
        return ""
    if approver.user_id is None:
        return "A second person has to approve this payout: name one with OFFERWELL_AS."
    if drawn_by.user_id is None:
        return f"{drawn_by.name} drew this payout up without a login. Update the draft; another person approves it."
    if drawn_by.user_id == approver.user_id:
        return "You drew this payout up, so another owner or manager has to approve it."
    return ""


def minimums_in(text: str) -> dict[str, int]:
    """“20 USD, 1500 JPY” as currency → smallest units. Raises InvalidPayout; empty: no minimum."""
    found: dict[str, int] = {}
    for part in text.replace("\n", ",").replace(";", ",").split(","):
        if not part.strip():
            continue
        currency, amount = _minimum_in(part.strip())
        if currency in found:
            raise InvalidPayout(f"{currency} stands there twice. Give each currency one minimum.")
        found[currency] = amount
    if len(found) > MOST_MINIMUMS:
        raise InvalidPayout(f"Give at most {MOST_MINIMUMS} currencies.")
    return {currency: found[currency] for currency in sorted(found) if found[currency]}


def _minimum_in(part: str) -> tuple[str, int]:
    amount, _, currency = part.rpartition(" ")
    code = currency.strip().upper()
    if not (amount.strip() and len(code) == _CURRENCY_LETTERS and code.isascii() and code.isalpha()):
        raise InvalidPayout(f"“{part[:40]}” is no minimum. Write a sum and its currency, like 20 USD.")
    try:
        minor = minor_of(amount, code)
    except NotMoney as wrong:
        raise InvalidPayout(f"{wrong}. Write a sum and its currency, like 20 USD.") from None
    if minor < 0:
        raise InvalidPayout(f"“{part[:40]}” is below zero. Leave {code} away for no minimum.")
    return code, minor


def minimums_text(minimums: Mapping[str, int]) -> str:
    """As `minimums_in` reads it back."""
    return ", ".join(f"{plain_amount(amount, currency)} {currency}" for currency, amount in sorted(minimums.items()))


def plain_amount(amount: int, currency: str) -> str:
    """“1250.00”: no separators, a point, as many decimals as the currency has. For files."""
    decimals = decimals_of(currency)
    whole, rest = divmod(abs(amount), 10**decimals)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}.{rest:0{decimals}}" if decimals else f"{sign}{whole}"
