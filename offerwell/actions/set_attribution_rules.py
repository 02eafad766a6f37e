"""Say whether codes or links come first, and how long a click counts. For orders that come in from now on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.models import AttributionRules, lock_workspace
from offerwell.rules.attribution import LONGEST_WINDOW, AttributionPolicy, First

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


class RulesRefused(Exception):
    """Nothing was changed. `problems` maps a field to a sentence."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


def attribution_rules() -> AttributionPolicy:
    """The workspace's rules now."""
    found = AttributionRules.objects.values_list("first", "window_days", "trusts_browsers").first()
    return AttributionPolicy(First(found[0]), found[1], found[2]) if found else AttributionPolicy()


def checked_rules(first: str, window_days: int | None, *, trusts_browsers: bool = False) -> AttributionPolicy:
    """What a person entered, as rules. Raises RulesRefused."""
    problems = {}
    if first not in set(First):
        problems["first"] = "Choose codes or links."
    if window_days is None or not 1 <= window_days <= LONGEST_WINDOW:
        problems["window_days"] = f"Enter a number of days from 1 to {LONGEST_WINDOW}."
    if problems or window_days is None:
        raise RulesRefused(problems)
    return AttributionPolicy(First(first), window_days, trusts_browsers)


def set_attribution_rules(
    *, workspace_id: int, first: str, window_days: int | None, trusts_browsers: bool = False, by: Actor, at: datetime
) -> bool:
    """Set all. False when they were so already. Raises RulesRefused."""
    wanted = checked_rules(first, window_days, trusts_browsers=trusts_browsers)
    with transaction.atomic():
        lock_workspace(workspace_id)
        before = attribution_rules()
        if wanted == before:
            return False
        said = {"first": first, "window_days": wanted.window_days, "trusts_browsers": trusts_browsers}
        AttributionRules.objects.update_or_create(workspace_id=workspace_id, defaults=said)
        facts = {
            "first": first, "window_days": wanted.window_days, "before_first": str(before.first),
            "before_window_days": before.window_days, "trusts_browsers": trusts_browsers,
            "before_trusts_browsers": before.trusts_browsers,
        }  # fmt: skip
        record_event(
            workspace_id=workspace_id, kind="attribution_rules_set", subject="workspace", facts=facts, by=by, at=at
        )
    return True
