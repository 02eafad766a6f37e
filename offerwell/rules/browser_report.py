"""What a browser reports of an order by the snippet: little, and never believed by itself (ADR 24)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.rules.told_order import (
    LONGEST_CODE,
    LONGEST_REF,
    MOST_CLICKS,
    MOST_CODES,
    OrderUnreadable,
    Reading,
    object_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_FIELDS = frozenset({"ref", "net", "currency", "codes", "clicks"})


@dataclass(frozen=True, slots=True)
class BrowserTold:
    """`net` in smallest units of the shop's currency; `clicks` are ids, the last click first."""

    ref: str
    net: int
    codes: tuple[str, ...]
    clicks: tuple[str, ...]


def browser_told(body: bytes, *, currency: str) -> BrowserTold:
    """The report in a body. Raises OrderUnreadable."""
    told = object_in(body)
    reading = Reading(told, currency)
    reading.known_only(told, _FIELDS, "")
    reading.own_currency()
    found = BrowserTold(
        reading.text("ref", most=LONGEST_REF), reading.money(told, "net", ""),
        reading.texts("codes", LONGEST_CODE, MOST_CODES), reading.texts("clicks", LONGEST_REF, MOST_CLICKS),
    )  # fmt: skip
    if reading.problems:
        raise OrderUnreadable(reading.problems)
    return found


def is_from(domain: str, hosts: Iterable[str]) -> bool:
    """Whether a page of that domain may report: exactly one of the shop's, a sub-domain is another one."""
    return bool(domain) and domain in set(hosts)
