"""A member has read a letter in the portal. Nobody but the member sees that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offerwell.models import ReadLetter
from offerwell.models.insert_once import insert_once

if TYPE_CHECKING:
    from datetime import datetime


def mark_letter_read(*, workspace_id: int, letter_id: int, at: datetime) -> bool:
    """Mark it; again is as good. Gives whether it was unread."""
    return insert_once(ReadLetter, {"workspace_id": workspace_id, "letter_id": letter_id, "at": at})
