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
from offerwell.queries.few_or_many import FEW, Matches
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
from offerwell.queries.offer_member_ranks import Ranks, member_ranks
from offerwell.queries.offer_tallies import Tallies, tallies_of
from offerwell.queries.sales_report import Scope, over_time
from offerwell.queries.scheduled_changes import told_of_offer
from offerwell.rules.permissions import Action, may
from offerwell.rules.selection import MemberFilter, View
from offerwell.ui.date_range import date_range
from offerwell.ui.paging import pager_text, place_from, place_text
from offerwell.ui.report_strip import sales_chart, strip
from offerwell.ui.selection_form import filter_fields, filter_from
from offerwell.ui.selection_table import SelectionTable
from offerwell.web.activity.scheduled_words import line_of
from offerwell.web.sales_tracking.cells import cells_of
from offerwell.web.sales_tracking.discount_links import links_of
from offerwell.web.sales_tracking.member_figures import figures_of_rows
from offerwell.web.sales_tracking.polling import Poll, fingerprint, poll_after

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.http import HttpResponse, QueryDict

    from offerwell.models import Offer, Store, Workspace
    from offerwell.queries.keyset_page import ListPage
    from offerwell.queries.offer_member_page import MemberRow
    from offerwell.rules.report_period import Period
    from offerwell.ui.date_range import DateRange
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
class SortOption:
    """One order of the list as a choice: phones have no column headings."""

    value: Sort
    label: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Pager:
    """Say "1–50 of 248", and the pages beside it (empty: none)."""

    text: str
    previous: str
    next: str


def offer_screen(
    request: BrandRequest, offer: Offer, fields: QueryDict, *, refusal: str = "", status: int | None = None
) -> HttpResponse:
    """The screen for the filter, order and place in `fields`; `refusal` says why a selection was not taken."""
    at, workspace = timezone.now(), request.place.workspace
    dates = date_range(fields, workspace, at=at)
    wish = page_wish(fields)
    tallies = tallies_of(offer)
    if tallies.are_stale:
        wake("count_tallies", offer.pk)
    matches = page_matches(offer, wish.filter)
    ranks = _ranks(offer, wish, dates.period, matches)
    page = member_page(offer, wish, at=at, matching=matches.rows, ranks=ranks)
    total, is_capped = _total(wish.filter, tallies, page, matches)
    stores = [link.store for link in offer.store_links.select_related("store").order_by("store_id")]
    shown = {
        **_report(workspace, offer, dates),
        **_rights(request),
        **_header(request, offer, stores, at),
        **_asked_for(offer, wish, dates.fields),
        **_table(offer, stores, wish, page, dates),
        "selection": SelectionTable(
            key=f"{request.user.pk}-offer-{offer.pk}",
            fields=filter_fields(wish.filter),
            total=None if is_capped and (total or 0) > COUNTED_UP_TO else total,
            up_to=tallies.newest,
            is_narrowed=wish.filter != EVERYBODY,
        ),
        "pager": _pager(wish, page, total, dates.fields, is_capped=is_capped),
        "views": saved_views(offer, wish, tallies, dates.fields),
        "members_in_all": tallies.of(View.ALL),
        "tallies": tallies,
        "page": page,
        "cut_at": f"{FEW:,}" if matches.are_cut else "",
        "refusal": refusal,
    }
    return render(request, "web/sales_tracking/offer.html", shown, status=status or dates.status)


def _report(workspace: Workspace, offer: Offer, dates: DateRange) -> dict[str, object]:
    """The figures above the members, and the days they are of."""
    report = over_time(workspace, dates.period, Scope(offer_id=offer.pk))
    return {"dates": dates, "kpis": strip(report, with_clicks=offer.has_links), "chart": sales_chart(report, dates)}


def _header(request: BrandRequest, offer: Offer, stores: Sequence[Store], at: datetime) -> dict[str, object]:
    """The offer itself, its stores, and what is scheduled or differs there."""
    waiting, missed = told_of_offer(offer, at=at)
    return {
        "offer": offer,
        "offer_status": offer_seen(offer, at=at),
        "terms": offer_terms(offer, next((store.currency for store in stores), "")),
        "drifted": drifts_of_offer(offer) if request.place.has_drift else 0,  # type: ignore[attr-defined]
        "stores": stores,
        "upcoming_schedules": [line_of(schedule) for schedule in waiting],
        "missed_schedules": [line_of(schedule) for schedule in missed],
    }


def _asked_for(offer: Offer, wish: PageWish, days: Mapping[str, str]) -> dict[str, object]:
    """The filter and order as they stand, and the addresses of others."""
    fields = filter_fields(wish.filter)
    return {
        "kept": _fields(wish.filter, wish.sort).items(),
        "wanted": wish.filter,
        "is_filtered": is_filtered(wish.filter),
        "clear_href": _query(MemberFilter(view=wish.filter.view), wish.sort, days),
        "filter_fields": fields,
        "export_query": urlencode(fields),
        "sort": wish.sort,
        "sorts": [SortOption(one, label, one == wish.sort) for one, label in _sorts(offer).items()],
        "by_name": _name_sort(wish, days),
        "by_sales": _down_sort(wish, Sort.SALES, days),
        "by_orders": _down_sort(wish, Sort.ORDERS, days),
        "by_clicks": _down_sort(wish, Sort.CLICKS, days),
        "marks": marks(),
    }


def _table(
    offer: Offer, stores: Sequence[Store], wish: PageWish, page: ListPage[MemberRow], dates: DateRange
) -> dict[str, object]:
    """The rows, and where they look for what becomes of them."""
    cells = cells_of(offer, page.rows, links_of(offer, stores))
    figures = figures_of_rows(offer.workspace, dates.period, offer, page.rows)
    poll = poll_after(page.rows, turn=0)
    return {
        "rows": zip(cells, figures, strict=True),
        "poll": poll,
        "poll_href": poll_address(offer, page.rows, poll, wish, dates.fields),
    }


def _rights(request: BrandRequest) -> dict[str, bool]:
    """What the person may do here; the doors of those screens ask again."""
    asked = {
        "may_change": Action.CHANGE_OFFER_STATUS, "may_message": Action.SEND_MESSAGES,
        "may_edit": Action.EDIT_OFFERS, "may_export": Action.EXPORT,
    }  # fmt: skip
    return {name: may(request.place.role, action) for name, action in asked.items()}


def page_wish(fields: QueryDict) -> PageWish:
    """The filter, order and place in an address or a form."""
    sort = fields.get("sort", "")
    return PageWish(
        filter=filter_from(fields),
        sort=Sort(sort) if sort in set(Sort) else Sort.NAME,
        after=place_from(fields.get("after", "")),
        until=place_from(fields.get("before", "")) if not fields.get("after") else None,
    )


def _ranks(offer: Offer, wish: PageWish, period: Period, matches: Matches) -> Ranks | None:
    """Who comes first. All members are not asked whether they are members."""
    if wish.sort.figure is None:
        return None
    return member_ranks(offer, period, wish.sort.figure, None if wish.filter == EVERYBODY else matches.rows)


def _total(
    wanted: MemberFilter, tallies: Tallies, page: ListPage[MemberRow], matches: Matches
) -> tuple[int | None, bool]:
    """How many members match, and whether they were only counted so far. A short list that has all counts itself."""
    if matches.are_cut:
        return None, True
    if page.previous is None and page.next is None:
        return len(page.rows), False
    if not is_filtered(wanted):
        return tallies.of(wanted.view), False
    return count_up_to(matches.rows), True


def poll_address(offer: Offer, rows: Sequence[MemberRow], poll: Poll, wish: PageWish, days: Mapping[str, str]) -> str:
    """Where the page looks for the statuses of its rows, with what it shows now. `days` is the range of its report."""
    fields = _fields(wish.filter, wish.sort) | dict(days)
    fields |= {
        "ids": ",".join(str(row.enrollment_id) for row in rows),
        "turn": str(poll.turn),
        "was": fingerprint(rows),
    }
    return f"{reverse('offer_statuses', args=[offer.pk])}?{urlencode(fields, safe=',')}"


def saved_views(offer: Offer, wish: PageWish, tallies: Tallies, days: Mapping[str, str]) -> list[SavedView]:
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
            _query(MemberFilter(view=view), wish.sort, days),
            view == wish.filter.view,
        )
        for view, label in labels.items()
    ]


def _sorts(offer: Offer) -> dict[Sort, str]:
    """Orders of the list in words; an offer without links has no clicks to sort by."""
    figures = {Sort.SALES: "Most sales", Sort.ORDERS: "Most orders", Sort.CLICKS: "Most clicks"}
    if not offer.has_links:
        del figures[Sort.CLICKS]
    return {Sort.NAME: "Name A–Z", Sort.NAME_DOWN: "Name Z–A", Sort.NEWEST: "Newest first", **figures}


def _name_sort(wish: PageWish, days: Mapping[str, str]) -> SortLink:
    """Pressing the sorted column turns it round."""
    turned = Sort.NAME_DOWN if wish.sort == Sort.NAME else Sort.NAME
    direction = {Sort.NAME: "ascending", Sort.NAME_DOWN: "descending"}.get(wish.sort, "")
    return SortLink(_query(wish.filter, turned, days), direction)


def _down_sort(wish: PageWish, sort: Sort, days: Mapping[str, str]) -> SortLink:
    """An order that has one direction only: whoever has least, or nothing, is not looked for."""
    return SortLink(_query(wish.filter, sort, days), "descending" if wish.sort == sort else "")


def _pager(
    wish: PageWish, page: ListPage[MemberRow], total: int | None, days: Mapping[str, str], *, is_capped: bool
) -> Pager:
    previous, following = place_text(page.previous), place_text(page.next)
    return Pager(
        text=pager_text(page, total, is_capped=is_capped),
        previous=_query(wish.filter, wish.sort, days, before=previous) if previous else "",
        next=_query(wish.filter, wish.sort, days, after=following) if following else "",
    )


def _query(wanted: MemberFilter, sort: Sort, days: Mapping[str, str], **place: str) -> str:
    return "?" + urlencode(_fields(wanted, sort) | dict(days) | place)


def _fields(wanted: MemberFilter, sort: Sort) -> dict[str, str]:
    return filter_fields(wanted) | ({} if sort == Sort.NAME else {"sort": str(sort)})
