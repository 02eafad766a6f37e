"""What the offer screen shows: header, saved views with counts, one page of members, and what may be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from offerwell.jobs import wake
from offerwell.queries.drift import drifts_of_offer
from offerwell.queries.offer_list import marks, offer_seen, offer_terms
from offerwell.queries.offer_member_page import (
    COUNTED_UP_TO,
    EVERYBODY,
    PageWish,
    Sort,
    count_up_to,
    is_filtered,
    member_page,
    page_matches,
)
from offerwell.queries.offer_members import FEW, PageMatches
from offerwell.queries.offer_tallies import Tallies, tallies_of
from offerwell.queries.scheduled_changes import told_of_offer
from offerwell.rules.permissions import Action, may
from offerwell.rules.selection import MemberFilter, View
from offerwell.ui.paging import pager_text, place_from, place_text
from offerwell.ui.selection_form import filter_fields, filter_from
from offerwell.web.activity.scheduled_words import line_of
from offerwell.web.sales_tracking.cells import cells_of
from offerwell.web.sales_tracking.polling import Poll, fingerprint, poll_after

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpResponse, QueryDict

    from offerwell.models import Offer
    from offerwell.queries.offer_member_page import MemberPage, MemberRow
    from offerwell.web.needs import BrandRequest


@dataclass(frozen=True, slots=True)
class SavedView:
    """A saved view as a tab."""

    view: View
    label: str
    members: int | None
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class SortLink:
    """A sortable column heading: where it leads, and how the list is sorted now."""

    href: str
    direction: str


@dataclass(frozen=True, slots=True)
class Pager:
    """Say "1–50 of 248", and the pages beside it (empty: none)."""

    text: str
    previous: str
    next: str


def offer_screen(
    request: BrandRequest, offer: Offer, fields: QueryDict, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    """The screen for the filter, order and place in `fields`; `refusal` says why a selection was not taken."""
    at = timezone.now()
    wish = page_wish(fields)
    tallies = tallies_of(offer)
    if tallies.are_stale:
        wake("count_tallies", offer.pk)
    matches = page_matches(offer, wish.filter)
    page = member_page(offer, wish, at=at, matching=matches.rows)
    total, is_capped = _total(wish.filter, tallies, page, matches)
    poll = poll_after(page.rows, turn=0)
    waiting, missed = told_of_offer(offer, at=at)
    shown = {
        "offer": offer,
        "offer_status": offer_seen(offer, at=at),
        "terms": offer_terms(offer),
        "drifted": drifts_of_offer(offer) if request.place.has_drift else 0,  # type: ignore[attr-defined]
        "stores": [link.store for link in offer.store_links.select_related("store").order_by("store_id")],
        "views": saved_views(offer, wish, tallies),
        "members_in_all": tallies.of(View.ALL),
        "tallies": tallies,
        "page": page,
        "cut_at": f"{FEW:,}" if matches.are_cut else "",
        "rows": cells_of(offer, page.rows),
        "total": total,
        "pager": _pager(wish, page, total, is_capped=is_capped),
        "wanted": wish.filter,
        "total_label": _total_label(total, is_capped=is_capped) or "All",
        "total_number": f"{_total_label(total, is_capped=is_capped)} ".lstrip(),
        "is_filtered": is_filtered(wish.filter),
        "is_narrowed": wish.filter != EVERYBODY,
        "clear_href": _query(MemberFilter(view=wish.filter.view), wish.sort),
        "filter_fields": filter_fields(wish.filter),
        "sort": wish.sort,
        "by_name": _name_sort(wish),
        "by_newest": SortLink(_query(wish.filter, Sort.NEWEST), "descending" if wish.sort == Sort.NEWEST else ""),
        "marks": marks(),
        "up_to": tallies.newest,
        "upcoming_schedules": [line_of(schedule) for schedule in waiting],
        "missed_schedules": [line_of(schedule) for schedule in missed],
        "poll": poll,
        "poll_href": poll_address(offer, page.rows, poll, wish),
        "refusal": refusal,
        "may_change": may(request.place.role, Action.CHANGE_OFFER_STATUS),
        "may_edit": may(request.place.role, Action.EDIT_OFFERS),
        "may_export": may(request.place.role, Action.EXPORT),
        "export_query": urlencode(filter_fields(wish.filter)),
    }
    return render(request, "web/sales_tracking/offer.html", shown, status=status)


def page_wish(fields: QueryDict) -> PageWish:
    """The filter, order and place in an address or a form."""
    sort = fields.get("sort", "")
    return PageWish(
        filter=filter_from(fields),
        sort=Sort(sort) if sort in set(Sort) else Sort.NAME,
        after=place_from(fields.get("after", "")),
        until=place_from(fields.get("before", "")) if not fields.get("after") else None,
    )


def _total(wanted: MemberFilter, tallies: Tallies, page: MemberPage, matches: PageMatches) -> tuple[int | None, bool]:
    """How many members the list has, and whether it was only counted so far. A short list counts itself."""
    if matches.are_cut:
        return None, True
    if page.previous is None and page.next is None:
        return len(page.rows), False
    if not is_filtered(wanted):
        return tallies.of(wanted.view), False
    return count_up_to(matches.rows), True


def _total_label(total: int | None, *, is_capped: bool) -> str:
    """How many "all" are; empty while nobody has counted, or not to the end."""
    return "" if total is None or (is_capped and total > COUNTED_UP_TO) else f"{total:,}"


def poll_address(offer: Offer, rows: Sequence[MemberRow], poll: Poll, wish: PageWish) -> str:
    """Where the page looks for the statuses of its rows, with what it shows now."""
    fields = filter_fields(wish.filter) | ({} if wish.sort == Sort.NAME else {"sort": str(wish.sort)})
    fields |= {
        "ids": ",".join(str(row.enrollment_id) for row in rows),
        "turn": str(poll.turn),
        "was": fingerprint(rows),
    }
    return f"{reverse('offer_statuses', args=[offer.pk])}?{urlencode(fields, safe=',')}"


def saved_views(offer: Offer, wish: PageWish, tallies: Tallies) -> list[SavedView]:
    """The tabs over the table. A member with a part of each kind is in two of them: hence "Any"."""
    of_two = offer.has_codes and offer.has_links
    labels = {
        View.ALL: "All",
        View.ANY_ACTIVE: "Any active" if of_two else "Active",
        View.ANY_DEACTIVATED: "Any deactivated" if of_two else "Deactivated",
        View.NEEDS_ATTENTION: "Needs attention",
    }
    return [
        SavedView(
            view,
            label,
            tallies.of(view),
            _query(MemberFilter(view=view), wish.sort),
            view == wish.filter.view,
        )
        for view, label in labels.items()
    ]


def _name_sort(wish: PageWish) -> SortLink:
    """Pressing the sorted column turns it round."""
    turned = Sort.NAME_DOWN if wish.sort == Sort.NAME else Sort.NAME
    direction = {Sort.NAME: "ascending", Sort.NAME_DOWN: "descending"}.get(wish.sort, "")
    return SortLink(_query(wish.filter, turned), direction)


def _pager(wish: PageWish, page: MemberPage, total: int | None, *, is_capped: bool) -> Pager:
    previous, following = place_text(page.previous), place_text(page.next)
    return Pager(
        text=pager_text(page, total, is_capped=is_capped),
        previous=_query(wish.filter, wish.sort, before=previous) if previous else "",
        next=_query(wish.filter, wish.sort, after=following) if following else "",
    )


def _query(wanted: MemberFilter, sort: Sort, **place: str) -> str:
    fields = filter_fields(wanted) | ({} if sort == Sort.NAME else {"sort": str(sort)}) | place
    return "?" + urlencode(fields)
