"""Count the workspace's members for the members list. Called in the transaction of whatever adds members."""

from __future__ import annotations

from offerwell.models import Member, MemberTally


def count_members(workspace_id: int) -> int:
    """Keep the number, and give it. No event: it is a sum of what events tell."""
    members: int = Member.objects.order_by().count()
    MemberTally.objects.update_or_create(workspace_id=workspace_id, defaults={"members": members})
    return members
