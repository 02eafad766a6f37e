"""Sign a creator out: of this browser, of another one, or of all but this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offerwell.models import PortalSession

if TYPE_CHECKING:
    from offerwell.models import Creator


def end_portal_session(*, creator: Creator, session_id: int) -> bool:
    """End one of the creator's own sessions. Gives whether there was one."""
    ended, _ = PortalSession.objects.filter(creator=creator, pk=session_id).delete()
    return bool(ended)


def end_other_portal_sessions(*, creator: Creator, keep_id: int) -> int:
    """End every session but one. Gives how many."""
    ended, _ = PortalSession.objects.filter(creator=creator).exclude(pk=keep_id).delete()
    return ended
