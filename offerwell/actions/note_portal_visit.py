"""Keep when a creator's session was last used, at most once an hour: idle sessions end by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offerwell.models import PortalSession

if TYPE_CHECKING:
    from datetime import datetime


def note_portal_visit(*, session: PortalSession, at: datetime) -> None:
    """It was used now."""
    PortalSession.objects.filter(pk=session.pk).update(seen_at=at)
