"""Where a screen of a project looks for the statuses of its rows again, with what it shows now."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse

from offerwell.web.sales_tracking.polling import fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offerwell.models import Project
    from offerwell.queries.project_members import StageRow
    from offerwell.web.sales_tracking.polling import Poll


def poll_address(project: Project, rows: Sequence[StageRow], poll: Poll, *, is_board: bool = False) -> str:
    """The address of the fragment."""
    ids = ",".join(str(row.placement.pk) for row in rows)
    fields = {"ids": ids, "turn": str(poll.turn), "was": fingerprint(rows)} | ({"on": "board"} if is_board else {})
    query = urlencode(fields, safe=",")
    return f"{reverse('project_statuses', args=[project.pk])}?{query}"
