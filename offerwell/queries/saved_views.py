"""The saved views of the members list."""

from __future__ import annotations

from offerwell.models import SavedView
from offerwell.rules.selection import MemberFilter, filter_from_json

# Tabs: more than this nobody overlooks.
MOST_VIEWS = 50


def saved_views() -> list[SavedView]:
    """All of them, by name."""
    return list(SavedView.objects.order_by("key")[:MOST_VIEWS])


def filter_of(view: SavedView) -> MemberFilter:
    """What it shows."""
    return filter_from_json(view.body)
