"""How days and times are written for people: “23 Nov 2026”, “23 Nov 2026, 22:12”. Source: ui.md §5.3.

The one place that decides; `assets/js/times.js` writes the same in the reader's zone. Machines (CSV, API, command line)
get ISO 8601.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime


def day_text(day: date, *, has_year: bool = True) -> str:
    """“23 Nov 2026”; “23 Nov” where the year goes without saying."""
    return f"{day.day} {day:%b}{f' {day.year}' if has_year else ''}"


def time_text(moment: datetime) -> str:
    """“23 Nov 2026, 22:12”, by the clock of `moment`."""
    return f"{day_text(moment)}, {moment:%H:%M}"


def days_text(first: date, last: date) -> str:
    """“3 Nov – 9 Nov 2026”; one day is told once."""
    if first == last:
        return day_text(last)
    return f"{day_text(first, has_year=first.year != last.year)} – {day_text(last)}"
