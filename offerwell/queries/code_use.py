"""How codes were used in the last weeks, code by code: what `rules/leak_score.py` is given. One statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection

from offerwell.rules.leak_score import LONG_AFTER_DAYS, WEEK_DAYS, WEEKS, CodeUse

if TYPE_CHECKING:
    from collections.abc import Iterable

_ENGINE = {
    "postgresql": {
        "codes": "jsonb_array_elements_text(o.codes) AS said(value)",
        "no_click": "jsonb_array_length(o.click_ids) = 0",
        "late": "clicked.last_day IS NULL OR o.placed_at >= clicked.last_day + %s * interval '1 day'",
    },
    "sqlite": {
        "codes": "json_each(o.codes) AS said",
        "no_click": "json_array_length(o.click_ids) = 0",
        "late": "clicked.last_day IS NULL OR date(o.placed_at) >= date(clicked.last_day, '+' || %s || ' days')",
    },
}
# An order that names a text twice counts once. Clicks are those of the creator's links in the same offer.
_SQL = """
WITH used AS (
    SELECT DISTINCT p.id AS code_id, o.id AS order_id
    FROM offerwell_order o, {codes}
    JOIN offerwell_promocode p ON p.text_key = upper(trim(said.value))
    WHERE p.workspace_id = o.workspace_id AND p.is_active AND o.workspace_id = %s AND o.placed_at >= %s
        AND o.placed_at < %s AND o.cancelled_at IS NULL AND NOT o.is_test
), clicked AS (
    SELECT offer_id, member_id, MAX(day) AS last_day FROM offerwell_clickday
    WHERE workspace_id = %s AND clicks > 0 GROUP BY offer_id, member_id
)
SELECT p.id, p.offer_id, p.text_key, p.created_at, MIN(o.placed_at), COUNT(*),
    SUM(CASE WHEN {no_click} THEN 1 ELSE 0 END),
    SUM(CASE WHEN {late} THEN 1 ELSE 0 END),
    SUM(CASE WHEN o.is_returning IS NULL THEN 0 ELSE 1 END),
    SUM(CASE WHEN o.is_returning THEN 1 ELSE 0 END),
    COUNT(DISTINCT o.store_id),
    SUM(CASE WHEN o.placed_at >= %s THEN 1 ELSE 0 END)
FROM used
JOIN offerwell_order o ON o.id = used.order_id
JOIN offerwell_promocode p ON p.id = used.code_id
JOIN offerwell_enrollment e ON e.id = p.enrollment_id
LEFT JOIN clicked ON clicked.offer_id = p.offer_id AND clicked.member_id = e.member_id
GROUP BY p.id, p.offer_id, p.text_key, p.created_at
ORDER BY p.offer_id, p.id
"""


@dataclass(frozen=True, slots=True)
class UsedCode:
    """An active code with orders in the window."""

    code_id: int
    offer_id: int
    text_key: str
    use: CodeUse


def used_codes(workspace_id: int, *, at: datetime) -> Iterable[UsedCode]:
    """The workspace's active codes that orders of the window name by their text of now, offer by offer."""
    begins, week = at - timedelta(weeks=WEEKS), at - timedelta(days=WEEK_DAYS)
    told = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL.format(**_ENGINE[connection.vendor]),
            [workspace_id, told(begins), told(at), workspace_id, LONG_AFTER_DAYS + 1, told(week)],
        )
        rows = cursor.fetchall()
    for code_id, offer_id, text_key, created_at, first_at, *counts in rows:
        orders, no_click, late, known, returning, stores, recent = counts
        since = max(begins, min(_moment(created_at), _moment(first_at)))
        yield UsedCode(code_id, offer_id, text_key, CodeUse(
            orders, no_click, late, known, returning, stores, recent, orders - recent, max((week - since).days, 0)
        ))  # fmt: skip


def _moment(told: datetime | str) -> datetime:
    """SQLite tells times as text, in UTC."""
    moment = datetime.fromisoformat(told) if isinstance(told, str) else told
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
