"""What lists of the workspace's members show: filter, one page, the pages beside it, views and selection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.shortcuts import render

from offerwell.queries.few_or_many import FEW
from offerwell.queries.keyset_page import COUNTED_UP_TO, EVERYBODY, ListWish
from offerwell.queries.marks import member_marks
from offerwell.queries.member_list import count_up_to, member_list
from offerwell.queries.member_tally import members_in_all
from offerwell.queries.members import member_matches, newest_member_id
from offerwell.queries.saved_views import filter_of, saved_views
from offerwell.rules.permissions import Action, may
from offerwell.ui.paging import pager_text, place_from, place_text
from offerwell.ui.selection_form import filter_fields, filter_from
from offerwell.ui.selection_table import SelectionTable

if TYPE_CHECKING:
    from django.http import HttpResponse, QueryDict

    from offerwell.queries.few_or_many import Matches
    from offerwell.queries.keyset_page import ListPage
    from offerwell.queries.member_list import ListedMember
    from offerwell.rules.selection import MemberFilter
    from offerwell.web.needs import BrandRequest


# What can be done with selected members: part of the address, icon, words.
VERBS_SHOWN = (
    ("add-to-group", "users", "Add to group"),
    ("remove-from-group", "minus", "Remove from group"),
    ("add-tag", "tag", "Add tag"),
    ("remove-tag", "minus", "Remove tag"),
)


@dataclass(frozen=True, slots=True)
class Pager:
    """The text "1–50 of 248", and the pages beside it (empty: none)."""

    text: str
    previous: str
    next: str


@dataclass(frozen=True, slots=True)
class ViewTab:
    """A saved view as a tab."""

    name: str
    href: str
    is_current: bool


def members_page(request: BrandRequest, fields: QueryDict, *, refusal: str = "", status: int = 200) -> HttpResponse:
    """The Members screen; `refusal` says why a selection was not taken."""
    screen = member_screen(fields)
    wanted: MemberFilter = screen["wanted"]
    tabs = [_tab(view.name, filter_of(view), wanted) for view in saved_views()]
    role = request.place.role
    shown = {
        "views": [_tab("All", EVERYBODY, wanted), *tabs],
        "can_save_view": screen["is_filtered"] and not any(tab.is_current for tab in tabs),
        "selection": SelectionTable(
            key=f"{request.user.pk}-members",
            fields=screen["filter_fields"],
            total=None if screen["total_is_capped"] else screen["total"],
            up_to=newest_member_id(),
            is_narrowed=screen["is_filtered"],
        ),
        "verbs": VERBS_SHOWN,
        "ticked": set(fields.getlist("ids")),
        "refusal": refusal,
        "may_edit": may(role, Action.EDIT_MEMBERS),
        "may_message": may(role, Action.SEND_MESSAGES),
        "may_move": may(role, Action.MOVE_MEMBERS),
        "may_export": may(role, Action.EXPORT),
    }
    return render(request, "web/members/members.html", screen | shown, status=status)


def member_screen(fields: QueryDict) -> dict[str, Any]:
    """The template's values for the filter and the place in `fields`, of any list of members."""
    wish = ListWish(
        filter=filter_from(fields),
        after=place_from(fields.get("after", "")),
        until=place_from(fields.get("before", "")) if not fields.get("after") else None,
    )
    matches = member_matches(wish.filter)
    page = member_list(wish, matching=matches.rows)
    total = _total(wish.filter, page, matches)
    return {
        "page": page,
        "total": total,
        "total_is_capped": total is None or (total > COUNTED_UP_TO and wish.filter != EVERYBODY),
        "counted_up_to": COUNTED_UP_TO,
        "cut_at": f"{FEW:,}" if matches.are_cut else "",
        "pager": _pager(wish, page, total),
        "wanted": wish.filter,
        "is_filtered": wish.filter != EVERYBODY,
        "filter_fields": filter_fields(wish.filter),
        "filter_query": urlencode(filter_fields(wish.filter)),
        "marks": member_marks(),
        "offer_wanted": str(wish.filter.offer or ""),
    }


def _tab(name: str, shows: MemberFilter, wanted: MemberFilter) -> ViewTab:
    return ViewTab(name, "?" + urlencode(filter_fields(shows)), shows == wanted)


def _total(wanted: MemberFilter, page: ListPage[ListedMember], matches: Matches) -> int | None:
    """How many the list has; filtered, it is counted no further than COUNTED_UP_TO + 1. A short list counts itself."""
    if matches.are_cut:
        return None
    if page.previous is None and page.next is None:
        return len(page.rows)
    return members_in_all() if wanted == EVERYBODY else count_up_to(matches)


def _pager(wish: ListWish, page: ListPage[ListedMember], total: int | None) -> Pager:
    previous, following = place_text(page.previous), place_text(page.next)
    fields = filter_fields(wish.filter)
    return Pager(
        text=pager_text(page, total, is_capped=wish.filter != EVERYBODY),
        previous="?" + urlencode({**fields, "before": previous}) if previous else "",
        next="?" + urlencode({**fields, "after": following}) if following else "",
    )


def member_picker(fields: QueryDict, key: str) -> dict[str, Any]:
    """The values of `web/members/pick.html`, but for who is inside. `key` names the browser's memory of the ticks."""
    screen = member_screen(fields)
    return {
        **screen,
        "ticked": set(fields.getlist("ids")),
        "selection": SelectionTable(
            key=key,
            fields=screen["filter_fields"],
            total=None if screen["total_is_capped"] else screen["total"],
            up_to=newest_member_id(),
            is_narrowed=screen["is_filtered"],
        ),
        "pasted": fields.get("pasted", ""),
    }
