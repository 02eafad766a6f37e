"""A page of the portal, with what its frame shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import render

from offerwell.queries.creator_inbox import MOST_COUNTED, unread_letters

if TYPE_CHECKING:
    from django.http import HttpResponse

    from offerwell.portal.gate import PortalRequest


def portal_page(
    request: PortalRequest, template: str, shown: dict[str, Any], *, tab: str, status: int = 200
) -> HttpResponse:
    """Render `portal/<template>` under its tab. The inbox says how many letters are unread."""
    unread = unread_letters(request.person.member_ids)
    told = f"{MOST_COUNTED - 1}+" if unread >= MOST_COUNTED else str(unread or "")
    return render(request, f"portal/{template}", shown | {"tab": tab, "unread": told}, status=status)
