"""An order as a shop's own server tells it in JSON: read field by field, and every field that is wrong is named.

The form is described in docs/api/conversions.md; a test holds the two together. Nothing is guessed: a field that is not
known is refused, for it is most likely a known one misspelt.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from offerwell.rules.money import NotMoney, minor_of
from offerwell.rules.order_snapshot import LineSnapshot, OrderSnapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_LINES, MOST_REFUNDS, MOST_CODES, MOST_CLICKS = 1_000, 200, 20, 5
LONGEST_REF, LONGEST_NAME, LONGEST_TITLE, LONGEST_CODE, LONGEST_EMAIL = 80, 60, 200, 255, 320
MOST_OF_A_LINE = 1_000_000
# Clocks of servers differ by this much.
SKEW = timedelta(minutes=5)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_ORDER = frozenset({
    "ref", "name", "placed_at", "updated_at", "currency", "lines", "refunds", "cancelled_at", "test", "returning",
    "codes", "click", "email",
})  # fmt: skip
_LINE = frozenset({"ref", "title", "product", "quantity", "refunded_quantity", "net"})
_REFUND = frozenset({"amount", "at"})
_OFFSET = re.compile(r"(Z|[+-]\d{2}:?\d{2})$")


class OrderUnreadable(ValueError):
    """This is no order. `problems` maps a field (`lines.0.net`; empty: the whole) to a sentence."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {said}" if name else said for name, said in problems.items()))
        self.problems = dict(problems)


def told_order(body: bytes, *, currency: str, now: datetime) -> OrderSnapshot:
    """The order that a body tells, of a shop that sells in `currency`. Raises OrderUnreadable."""
    reading = Reading(object_in(body), currency)
    snapshot = reading.order(now)
    if reading.problems or snapshot is None:
        raise OrderUnreadable(reading.problems)
    return snapshot


def object_in(body: bytes) -> dict[str, Any]:
    """The JSON object in a body, numbers as they are written. Raises OrderUnreadable."""
    try:
        found = json.loads(body.decode(), parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_once)
    except UnicodeDecodeError as error:
        raise OrderUnreadable({"": "The body is not UTF-8."}) from error
    except _Twice as twice:
        raise OrderUnreadable({str(twice): "This field is there twice."}) from twice
    except (ValueError, RecursionError) as error:
        raise OrderUnreadable({"": "The body is not JSON."}) from error
    if not isinstance(found, dict):
        raise OrderUnreadable({"": "Send one order: a JSON object."})
    return found


class _Twice(Exception):
    """A name stands twice in one object: which of them is meant?"""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _value in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1)[:40])
    return found


def _no_number(text: str) -> None:
    raise ValueError(text)


@dataclass(slots=True)
class Reading:
    """A told order being read. Each method gives what a field says, or says in `problems` what is wrong with it."""

    told: dict[str, Any]
    currency: str
    problems: dict[str, str] = field(default_factory=dict)

    def order(self, now: datetime) -> OrderSnapshot | None:
        """The whole; None where anything is wrong."""
        self.known_only(self.told, _ORDER, "")
        ref, placed_at = self.text("ref", most=LONGEST_REF), self.moment("placed_at", now)
        updated_at = self.moment("updated_at", now) if "updated_at" in self.told else placed_at
        self.own_currency()
        lines, cancelled_at = self.lines(), self.optional_moment("cancelled_at", now)
        given_back = self.given_back(placed_at, now)
        told = OrderSnapshot(
            ref=ref, name=self.text("name", most=LONGEST_NAME, default=ref), placed_at=placed_at or now,
            updated_at=updated_at or now, currency=self.currency, lines=lines, given_back=given_back,
            cancelled_at=cancelled_at, is_test=bool(self.truth("test")), is_returning=self.truth("returning"),
            codes=self.texts("codes", LONGEST_CODE, MOST_CODES),
            click_ids=self.texts("click", LONGEST_REF, MOST_CLICKS),
            buyer_email=self.text("email", most=LONGEST_EMAIL, default=""),
        )  # fmt: skip
        self.in_order(told)
        return None if self.problems else told

    def in_order(self, told: OrderSnapshot) -> None:
        """What fields say together."""
        if self.problems:
            return
        if told.updated_at < told.placed_at:
            self.problems["updated_at"] = "This is before placed_at."
        if told.cancelled_at is not None and told.cancelled_at < told.placed_at:
            self.problems["cancelled_at"] = "This is before placed_at."
        back = sum(line.refunded for line in told.lines) + told.given_back
        if back > told.net:
            self.problems["refunds"] = "More went back than the lines came to. Refunds are without tax and shipping."

    def known_only(self, told: Mapping[str, Any], known: frozenset[str], place: str) -> None:
        """Nothing but these names."""
        for name in sorted(set(told) - known)[:20]:
            self.problems[f"{place}{name[:40]}"] = f"No such field. There are {', '.join(sorted(known))}."

    def own_currency(self) -> None:
        """That the shop sells in it."""
        told = self.told.get("currency")
        if told != self.currency:
            said = f"“{str(told)[:10]}”" if told else "nothing"
            self.problems["currency"] = f"This shop sells in {self.currency}, not {said}. Convert the sums."

    def lines(self) -> tuple[LineSnapshot, ...]:
        """All lines."""
        told = self.told.get("lines")
        if not isinstance(told, list) or not told:
            self.problems["lines"] = (
                "An order has at least one line. Send one for the whole where only the sum is known."
            )
            return ()
        if len(told) > MOST_LINES:
            self.problems["lines"] = f"These are {len(told)} lines. Send at most {MOST_LINES}."
            return ()
        return tuple(self.line(line, place) for place, line in enumerate(told))

    def line(self, told: object, place: int) -> LineSnapshot:
        """One of them."""
        within = f"lines.{place}."
        if not isinstance(told, dict):
            self.problems[within.rstrip(".")] = "A line is a JSON object."
            return LineSnapshot("", "", 1, 1, 0)
        self.known_only(told, _LINE, within)
        quantity = self.count(told, "quantity", within, least=1, most=MOST_OF_A_LINE, default=1)
        gone = self.count(told, "refunded_quantity", within, least=0, most=quantity, default=0)
        return LineSnapshot(
            ref=self.text("ref", told, within, most=LONGEST_REF, default=str(place + 1)),
            title=self.text("title", told, within, most=LONGEST_TITLE, default=""), quantity=quantity,
            kept=quantity - gone, net=self.money(told, "net", within),
            product_ref=self.text("product", told, within, most=LONGEST_REF, default=""),
        )  # fmt: skip

    def given_back(self, placed_at: datetime | None, now: datetime) -> int:
        """The sum of the refunds."""
        told = self.told.get("refunds") or []
        if not isinstance(told, list) or len(told) > MOST_REFUNDS:
            self.problems["refunds"] = f"Refunds are a list of at most {MOST_REFUNDS}."
            return 0
        return sum(self.refund(one, f"refunds.{place}.", placed_at, now) for place, one in enumerate(told))

    def refund(self, told: object, within: str, placed_at: datetime | None, now: datetime) -> int:
        """One of them."""
        if not isinstance(told, dict):
            self.problems[within.rstrip(".")] = "A refund is a JSON object."
            return 0
        self.known_only(told, _REFUND, within)
        at = self.read_moment(told["at"], f"{within}at", now) if told.get("at") is not None else None
        if at is not None and placed_at is not None and at < placed_at:
            self.problems[f"{within}at"] = "This is before placed_at."
        return self.money(told, "amount", within)

    # -- single fields ------------------------------------------------------------------------------------------

    def text(
        self, name: str, told: Mapping[str, Any] | None = None, within: str = "", *, most: int,
        default: str | None = None,
    ) -> str:  # fmt: skip
        """A text; `default` where it is not said."""
        value = (self.told if told is None else told).get(name)
        if value is None and default is not None:
            return default
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
            value = str(value)
        if not isinstance(value, str) or not (value.strip() or default is not None) or "\0" in value:
            self.problems[f"{within}{name}"] = "Send a text."
            return ""
        if len(value) > most:
            self.problems[f"{within}{name}"] = f"This is {len(value)} characters long. Send at most {most}."
            return ""
        return value.strip()

    def texts(self, name: str, longest: int, most: int) -> tuple[str, ...]:
        """A list of texts, or one."""
        told = self.told.get(name)
        told = [told] if isinstance(told, str) else [] if told is None else told
        fits = isinstance(told, list) and len(told) <= most
        if not fits or not all(isinstance(one, str) and len(one) <= longest and "\0" not in one for one in told):
            self.problems[name] = f"Send a list of at most {most} texts of at most {longest} characters."
            return ()
        return tuple(one.strip() for one in told if one.strip())

    def truth(self, name: str) -> bool | None:
        """Yes, no, or not said."""
        told = self.told.get(name)
        if told is not None and not isinstance(told, bool):
            self.problems[name] = "Send true or false."
            return None
        return told

    def count(
        self, told: Mapping[str, Any], name: str, within: str, *, least: int, most: int, default: int
    ) -> int:  # fmt: skip
        """A whole number."""
        value = told.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.problems[f"{within}{name}"] = f"Send a whole number from {least} to {most}."
            return default
        return value

    def money(self, told: Mapping[str, Any], name: str, within: str) -> int:
        """A sum in smallest units, never below zero."""
        value = told.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            self.problems[f"{within}{name}"] = 'Send a sum, as "12.50".'
            return 0
        try:
            # Numbers of thousands of digits are dear to turn into text.
            if isinstance(value, int) and value.bit_length() > 64:  # noqa: PLR2004  far above any sum
                raise NotMoney("it is too large")
            amount = minor_of(str(value)[:40], self.currency)
        except NotMoney:
            self.problems[f"{within}{name}"] = f'This is no sum of {self.currency}. Send it as "12.50".'
            return 0
        if amount < 0:
            self.problems[f"{within}{name}"] = "A sum is never below zero. What went back stands in refunds."
            return 0
        return amount

    def moment(self, name: str, now: datetime) -> datetime | None:
        """A time with its offset."""
        return self.read_moment(self.told.get(name), name, now)

    def optional_moment(self, name: str, now: datetime) -> datetime | None:
        """A time, or not said."""
        return None if self.told.get(name) is None else self.moment(name, now)

    def read_moment(self, value: object, place: str, now: datetime) -> datetime | None:
        """The time that a value is, neither in the future nor long ago."""
        try:
            if not isinstance(value, str) or not _OFFSET.search(value) or len(value) > 40:  # noqa: PLR2004
                raise ValueError(place)
            found = datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            self.problems[place] = "Send a time with its offset, as 2026-11-27T10:00:00Z."
            return None
        if found > now + SKEW:
            self.problems[place] = "This is in the future. Look at the server’s clock."
        elif found < EARLIEST:
            self.problems[place] = "This is before the year 2000."
        return found
