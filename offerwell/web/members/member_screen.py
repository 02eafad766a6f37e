"""What a list of the workspace's members shows: filter, one page, and the pages beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from offerwell.models import Group, Tag
from offerwell.queries.member_list import MemberListWish, count_members_up_to, member_list
from offerwell.queries.offer_member_page import COUNTED_UP_TO, is_filtered
from offerwell.ui.paging import pager_text, place_from, place_text
from offerwell.ui.selection_form import filter_fields, filter_from

if TYPE_CHECKING:
    from django.http import QueryDict

    from offerwell.queries.member_list import MemberListPage


@dataclass(frozen=True, slots=True)
class Pager:
    """The text "1–50 of 248", and the pages beside it (empty: none)."""

    text: str
    previous: str
    next: str


def member_screen(fields: QueryDict) -> dict[str, Any]:
    """The template's values for the filter and the place in `fields`."""
    wish = MemberListWish(
        filter=filter_from(fields),
        after=place_from(fields.get("after", "")),
        until=place_from(fields.get("before", "")) if not fields.get("after") else None,
    )
    page = member_list(wish)
    is_short = page.previous is None and page.next is None
    total = len(page.rows) if is_short else count_members_up_to(wish.filter)
    return {
        "page": page,
        "total": total,
        "total_is_capped": total > COUNTED_UP_TO,
        "counted_up_to": COUNTED_UP_TO,
        "pager": _pager(wish, page, total),
        "wanted": wish.filter,
        "is_filtered": is_filtered(wish.filter),
        "filter_fields": filter_fields(wish.filter),
        "filter_query": urlencode(filter_fields(wish.filter)),
        "tags": list(Tag.objects.order_by("key")[:200]),
        "groups": list(Group.objects.order_by("key")[:200]),
    }


def _pager(wish: MemberListWish, page: MemberListPage, total: int) -> Pager:
    previous, following = place_text(page.previous), place_text(page.next)
    fields = filter_fields(wish.filter)
    return Pager(
        text=pager_text(page, total, is_capped=True),
        previous="?" + urlencode({**fields, "before": previous}) if previous else "",
        next="?" + urlencode({**fields, "after": following}) if following else "",
    )
