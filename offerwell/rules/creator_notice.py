"""What a brand tells creators of its changes: a reason, and a notice period before a deactivation.

Both are off until a workspace wants them, and neither sends an e-mail.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

LONGEST_REASON = 200
MOST_NOTICE_HOURS = 30 * 24


class InvalidReason(ValueError):
    """The reason cannot be shown. The text is for a person."""


class InvalidNotice(ValueError):
    """The notice period cannot be. The text is for a person."""


def checked_reason(text: str) -> str:
    """The reason in one line. Raises InvalidReason."""
    line = " ".join(text.replace("\x00", " ").split())
    if len(line) > LONGEST_REASON:
        raise InvalidReason(f"The reason is {len(line)} characters long. Use at most {LONGEST_REASON}.")
    return line


def checked_notice(text: str, unit: str) -> int | None:
    """Hours of a notice period as typed, in hours or days; None when nothing was typed. Raises InvalidNotice."""
    typed = text.strip()
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit()) or len(typed) > 4:  # noqa: PLR2004  more is too long anyway
        raise InvalidNotice("Write the notice period as a whole number, for example 24.")
    hours = int(typed) * (24 if unit == "days" else 1)
    if not 0 < hours <= MOST_NOTICE_HOURS:
        raise InvalidNotice("The notice period is between 1 hour and 30 days.")
    return hours


def notice_words(hours: int) -> str:
    """Say "1 hour", "36 hours", "2 days"."""
    if hours % 24 == 0:
        return "1 day" if hours == 24 else f"{hours // 24} days"  # noqa: PLR2004  a day
    return "1 hour" if hours == 1 else f"{hours} hours"


def first_moment(now: datetime, hours: int, zone: str) -> datetime:
    """The wall-clock minute, in `zone`, at which a deactivation confirmed now has given its notice."""
    moment = (now + timedelta(hours=hours, minutes=1)).astimezone(ZoneInfo(zone))
    return moment.replace(second=0, microsecond=0)
