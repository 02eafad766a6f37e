"""Do the counts of clicks agree with the clicks? For the days whose clicks are all kept (`ClickMark.kept_from`)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import connection

from offerwell.models import ClickMark
from offerwell.queries.click_counts import counted_columns
from offerwell.queries.verify_problem import Problem

if TYPE_CHECKING:
    from offerwell.models import Workspace

NAMED = 20


def click_problems(workspace: Workspace) -> list[Problem]:
    """Every link and day that differs, at most NAMED. One statement, so that counting meanwhile changes nothing."""
    mark = ClickMark.objects.filter(pk=1).first()
    since = mark.kept_from if mark and mark.kept_from else date.min
    columns = counted_columns(connection.vendor)
    stored = f"SELECT link_id, day, {', '.join(columns)} FROM offerwell_clickday WHERE workspace_id = %s AND day >= %s"  # noqa: S608  our own names
    counted = (
        f"SELECT c.link_id, c.day, {', '.join(columns.values())} FROM offerwell_click c "  # noqa: S608
        "WHERE c.workspace_id = %s AND c.day >= %s "
        "AND c.id <= coalesce((SELECT counted_to FROM offerwell_clickmark WHERE id = 1), 0) GROUP BY c.link_id, c.day"
    )
    differing = (
        f"SELECT DISTINCT link_id, day FROM (SELECT * FROM ({stored} EXCEPT {counted}) AS more "  # noqa: S608
        f"UNION ALL SELECT * FROM ({counted} EXCEPT {stored}) AS less) AS both_ways ORDER BY day, link_id LIMIT {NAMED}"
    )
    with connection.cursor() as cursor:
        cursor.execute(differing, [workspace.pk, since.isoformat()] * 4)
        rows = cursor.fetchall()
    return [
        Problem(workspace.slug, "clicks", f"link {link_id} on {day}", "its counts are not those of its clicks")
        for link_id, day in rows
    ]
