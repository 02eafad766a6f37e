"""A creator stops a brand's messages, or lets them come again, in the portal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_scopes import scope

from offerwell.actions.allow_address import allow_address
from offerwell.actions.suppress_address import suppress_address
from offerwell.models import Suppression, SuppressionReason
from offerwell.rules.permissions import Actor

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Member


def choose_own_messages(*, member: Member, wants: bool, at: datetime) -> bool:
    """Stop or allow messages to this member's address. Gives whether they come now.

    Only what the person stopped can be taken back by them: a bounce, a complaint or the brand's own list stays.
    """
    by = Actor(name=member.name, door="portal")
    with scope(workspace=member.workspace):
        if not wants:
            suppress_address(
                workspace_id=member.workspace_id, address=member.email, reason=SuppressionReason.UNSUBSCRIBED,
                note="In the Creator Portal", by=by, at=at,
            )  # fmt: skip
            return False
        stopped = Suppression.objects.filter(address_key=member.email_key).first()
        if stopped is None:
            return True
        if stopped.reason != SuppressionReason.UNSUBSCRIBED:
            return False
        try:
            allow_address(
                workspace_id=member.workspace_id, suppression_id=stopped.pk, why="In the Creator Portal", by=by, at=at
            )
        except Suppression.DoesNotExist:
            return True  # somebody else was quicker
        return True
