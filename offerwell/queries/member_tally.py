"""How many members the workspace has: counted now while that is cheap, else as counted when some were added last."""

from __future__ import annotations

from offerwell.models import Member, MemberTally
from offerwell.queries.few_or_many import LARGE


def members_in_all() -> int:
    """The number. Members are never deleted, and whatever adds some counts again (`actions/count_members.py`)."""
    kept = MemberTally.objects.values_list("members", flat=True).first() or 0
    return kept if kept > LARGE else Member.objects.order_by()[: LARGE + 1].count()
