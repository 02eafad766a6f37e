"""Forget old clicks: their counts stay (`ClickDay`), and so does every click that an order names.

Whole days go, a bounded number of clicks in a transaction; broken off, it goes on where it was. What is still to be
counted, or may still decide whose an order is, is never forgotten. Each workspace is told how many of its clicks went.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Max, Q
from django_scopes import scope, scopes_disabled

from offerwell.actions.record_event import record_event
from offerwell.models import AttributionRules, ClickMark
from offerwell.rules.attribution import WINDOW_DAYS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from offerwell.rules.permissions import Actor

AT_ONCE = 20_000
# A workspace's day, and an order that is told late.
_SPARE_DAYS = 7
# The ids of clicks that orders name, written as the database keeps ids.
_NAMED = {
    "sqlite": (
        "SELECT replace(lower(j.value), '-', '') FROM {table} o, json_each(o.{column}) j WHERE o.{column} <> '[]'",
        "c.key",
    ),
    "postgresql": (
        "SELECT replace(lower(j), '-', '') FROM {table} o, jsonb_array_elements_text(o.{column}) j",
        "replace(c.key::text, '-', '')",
    ),
}
_NAMING = (("offerwell_order", "click_ids"), ("offerwell_browserreport", "clicks"))


class TooYoung(Exception):
    """Nothing was forgotten: clicks of that age may still decide. The sentence says from which age on."""


def forget_clicks(*, before: date, by: Actor, at: datetime, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Forget clicks of days before that one, of all workspaces. Gives how many. Raises TooYoung.

    Also when an error breaks it off, the workspaces are told what went until then.
    """
    with scopes_disabled():
        longest = AttributionRules.objects.aggregate(days=Max("window_days"))["days"] or 0
    least = max(longest, WINDOW_DAYS) + _SPARE_DAYS
    if before > (at - timedelta(days=least)).date():
        raise TooYoung(f"Clicks count for {least - _SPARE_DAYS} days: keep them for {least} days at least.")
    _mark(before)
    forgotten: Counter[int] = Counter()
    try:
        while not should_stop() and (some := _forget_some(before)):
            forgotten += some
    finally:
        _tell(forgotten, before, by=by, at=at)
    return forgotten.total()


def _mark(before: date) -> None:
    """First: from now on nobody holds the counts of those days to their clicks."""
    with transaction.atomic():
        ClickMark.objects.get_or_create(pk=1)
        unmarked = Q(kept_from=None) | Q(kept_from__lt=before)
        ClickMark.objects.filter(unmarked, pk=1).update(kept_from=before)


def _forget_some(before: date) -> Counter[int]:
    """Workspace → how many of its clicks went."""
    named, key = _NAMED[connection.vendor]
    kept = " UNION ALL ".join(named.format(table=table, column=column) for table, column in _NAMING)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM offerwell_click WHERE id IN (SELECT c.id FROM offerwell_click c WHERE c.day < %s "  # noqa: S608
            "AND c.id <= coalesce((SELECT counted_to FROM offerwell_clickmark WHERE id = 1), 0) "
            f"AND {key} NOT IN ({kept}) ORDER BY c.id LIMIT {AT_ONCE}) "
            "RETURNING workspace_id",
            [before.isoformat()],
        )
        return Counter(workspace_id for (workspace_id,) in cursor.fetchall())


def _tell(forgotten: Counter[int], before: date, *, by: Actor, at: datetime) -> None:
    until = (before - timedelta(days=1)).isoformat()
    for workspace_id, clicks in sorted(forgotten.items()):
        with scope(workspace=workspace_id), transaction.atomic():
            record_event(
                workspace_id=workspace_id, kind="clicks_forgotten", subject=f"workspace:{workspace_id}",
                facts={"until": until, "clicks": clicks}, by=by, at=at,
            )  # fmt: skip
