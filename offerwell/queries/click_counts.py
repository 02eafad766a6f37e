"""What is counted of a day's clicks, as SQL over `offerwell_click c`: for adding up, and for looking if it agrees."""

from __future__ import annotations

# A second arrival of one visitor within so many seconds is a repeat: an impatient finger, a page that reloads.
REPEAT_SECONDS = 10
OWNER = ("workspace_id", "link_id", "offer_id", "member_id", "day")

_IS_CLICK = "c.outcome = 'click' AND c.bot = ''"
_EARLIER = (
    "EXISTS (SELECT 1 FROM offerwell_click e WHERE e.link_id = c.link_id AND e.day = c.day AND e.visitor = c.visitor "
    "AND e.id < c.id AND e.outcome = 'click' AND e.bot = ''{near})"
)
_NEAR = {
    "sqlite": f" AND julianday(e.at) >= julianday(c.at) - {REPEAT_SECONDS} / 86400.0",
    "postgresql": f" AND e.at >= c.at - interval '{REPEAT_SECONDS} seconds'",
}


def counted_columns(vendor: str) -> dict[str, str]:
    """Column of `ClickDay` → its sum."""
    conditions = {
        "clicks": _IS_CLICK,
        "uniques": f"{_IS_CLICK} AND NOT {_EARLIER.format(near='')}",
        "repeats": f"{_IS_CLICK} AND {_EARLIER.format(near=_NEAR[vendor])}",
        "bots": "c.bot <> ''",
        "rescued": "c.outcome <> 'click' AND c.bot = ''",
    }
    return {name: f"sum(CASE WHEN {condition} THEN 1 ELSE 0 END)" for name, condition in conditions.items()}
