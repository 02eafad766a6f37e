"""The filters of the audit in an address, and places in the list as short text."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from offerwell.queries.audit_page import AuditFilter, Spot

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST = 160


def filter_from(query: Mapping[str, str], zone: str) -> tuple[AuditFilter, dict[str, str]]:
    """The filter that an address asks for, days in the workspace's zone, and what is wrong with it by field."""
    problems: dict[str, str] = {}
    since = _midnight(query.get("since", ""), zone, "since", problems)
    until = _midnight(query.get("until", ""), zone, "until", problems, add=1)
    if since and until and since >= until:
        problems["until"] = "The last day lies before the first. Choose a later one."
        until = None
    words = {name: _word(query.get(name, "")) for name in ("person", "kind", "subject", "door")}
    return AuditFilter(**words, since=since, until=until), problems


def spot_text(spot: Spot | None) -> str:
    """The spot for an address: microseconds and number; empty for none."""
    return "" if spot is None else f"{_micros(spot.at)}-{spot.seq}"


def spot_from(text: str | None) -> Spot | None:
    """The spot in an address. None when there is none or somebody mangled it: the list then starts anew."""
    micros, _, seq = (text or "").partition("-")
    if not (micros.isascii() and micros.isdigit() and seq.isascii() and seq.isdigit()) or len(micros + seq) > 34:  # noqa: PLR2004
        return None
    try:
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(micros))
    except OverflowError:
        return None
    return Spot(at, int(seq)) if int(seq) < 2**63 else None


def _micros(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000 + at.microsecond


def _word(text: str) -> str:
    """PostgreSQL takes no NUL; longer than any of ours matches nothing anyway."""
    return text.replace("\0", "").strip()[:_LONGEST]


def _midnight(text: str, zone: str, field: str, problems: dict[str, str], *, add: int = 0) -> datetime | None:
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip()) + timedelta(days=add)
        return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        problems[field] = f"“{text[:40]}” is not a day. Write it like 2026-11-23."
        return None
