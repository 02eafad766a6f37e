"""What the confirm step tells creators: a reason, and notice of a deactivation. Only where the workspace wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.models import ChangeKind
from offerwell.rules.creator_notice import InvalidReason, checked_reason, notice_words

if TYPE_CHECKING:
    from django.http import QueryDict

    from offerwell.models import Workspace
    from offerwell.queries.planned_change import Wish

# A form's field may hold more than a reason may: it is shown again as it was typed.
_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Told:
    """The reason as typed; `reason` is what would be kept, `refusal` why it cannot be."""

    typed: str = ""
    reason: str = ""
    refusal: str = ""


def told_from(fields: QueryDict, workspace: Workspace) -> Told:
    """What a submitted confirm step tells. A workspace that tells no reasons keeps none, whatever was sent."""
    typed = fields.get("creator_reason", "")[:_LONGEST] if workspace.tells_reasons else ""
    try:
        return Told(typed, checked_reason(typed))
    except InvalidReason as refused:
        return Told(typed, refusal=str(refused))


def told_shown(told: Told, wish: Wish, workspace: Workspace) -> dict[str, object]:
    """The field of the confirm step, and why Later is chosen already."""
    is_status = wish.kind == ChangeKind.STATUS
    hours = workspace.notice_hours if gives_notice(wish, workspace) else None
    return {
        "told": told if is_status and workspace.tells_reasons else None,
        "notice": notice_words(hours) if hours else "",
    }


def gives_notice(wish: Wish, workspace: Workspace) -> bool:
    """Whether creators are to know of this before it happens."""
    return wish.kind == ChangeKind.STATUS and not wish.to_active and workspace.notice_hours is not None
