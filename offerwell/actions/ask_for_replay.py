"""Try other attribution rules on past orders: what they would move. Nothing is changed by asking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.run_replay import run_replay
from offerwell.actions.set_attribution_rules import RulesRefused, checked_rules
from offerwell.jobs import wake
from offerwell.models import AttributionReplay
from offerwell.queries.attribution_replay import replay_scope

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor

AT_ONCE = 5_000
"""So many orders are decided while the page waits; more of them by a worker."""


def ask_for_replay(
    *, workspace_id: int, first: str, window_days: int | None, since: datetime | None, by: Actor, at: datetime
) -> AttributionReplay:
    """Keep what is asked, and compute it: at once where it is little. Raises RulesRefused."""
    wanted = checked_rules(first, window_days)
    if since is None or since > at:
        raise RulesRefused({"since": "Choose a day that has begun."})
    with transaction.atomic():
        within, total = replay_scope(since)
        asked = AttributionReplay.objects.create(
            workspace_id=workspace_id, first=str(wanted.first), window_days=wanted.window_days, since=since,
            top_id=within.top_id, total_orders=total, asked_by=by.name, asked_at=at,
        )  # fmt: skip
        if total > AT_ONCE:
            wake("run_replay", asked.pk)
    if total <= AT_ONCE:
        run_replay(replay_id=asked.pk)
        asked.refresh_from_db()
    return asked
