"""Keep the members a person chose, so that the next step names them by one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offerwell.models import StoredSelection

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Offer
    from offerwell.rules.permissions import Actor
    from offerwell.rules.selection import MemberSelection


def store_selection(
    *,
    workspace_id: int,
    offer: Offer | None,
    selection: MemberSelection,
    by: Actor,
    at: datetime,
    origin: str = "",
    chooser: str = "",
) -> StoredSelection:
    """Store `selection` for the person who made it. It is a note, not a change: no event.

    `offer` is None until one is chosen; `origin` is the path of the screen to go back to, `chooser` that of the
    list the offer was chosen from.
    """
    return StoredSelection.objects.create(
        workspace_id=workspace_id,
        offer=offer,
        origin=origin,
        chooser=chooser,
        user_id=by.user_id,
        body=selection.to_json(),
        created_at=at,
    )
