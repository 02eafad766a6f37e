"""Reporting › Sales Tracking: the offers, and one offer with its members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from offerwell.models import Offer
from offerwell.queries.offer_member_page import every_member_row, member_rows
from offerwell.queries.offer_tallies import tallies_of
from offerwell.queries.payouts import option_names
from offerwell.queries.sales_links import link_base
from offerwell.rules.permissions import Action
from offerwell.ui.csv_download import csv_download
from offerwell.ui.date_range import date_range
from offerwell.ui.paging import number_from
from offerwell.ui.selection_form import filter_from
from offerwell.web.needs import BrandRequest, needs
from offerwell.web.sales_tracking.cells import cells_of
from offerwell.web.sales_tracking.dashboard import dashboard
from offerwell.web.sales_tracking.discount_links import links_of
from offerwell.web.sales_tracking.members_csv import headings, member_lines
from offerwell.web.sales_tracking.offer_screen import offer_screen, page_wish, poll_address, saved_views
from offerwell.web.sales_tracking.polling import fingerprint, poll_after

if TYPE_CHECKING:
    from django.http import HttpResponse

# A page has 50 rows; a request for the statuses of many more is not ours.
_MOST_STATUSES = 100


@require_safe
@needs(Action.VIEW)
def offer_list(request: BrandRequest) -> HttpResponse:
    """The figures of the programme, and the offers by name and type."""
    return dashboard(request)


@require_safe
@needs(Action.VIEW)
def offer(request: BrandRequest, offer_id: int) -> HttpResponse:
    """One offer with a page of its members."""
    return offer_screen(request, get_object_or_404(Offer, pk=offer_id), request.GET)


@require_safe
@needs(Action.VIEW)
def offer_statuses(request: BrandRequest, offer_id: int) -> HttpResponse:
    """The Status cells of the enrollments in `ids`, as they are now."""
    found = get_object_or_404(Offer, pk=offer_id)
    ids = [int(word) for word in request.GET.get("ids", "").split(",") if word.isascii() and word.isdigit()]
    rows = member_rows(found, [pk for pk in ids if pk < 2**63][:_MOST_STATUSES], at=timezone.now())
    poll, wish = poll_after(rows, turn=number_from(request.GET.get("turn")) or 0), page_wish(request.GET)
    changed = request.GET.get("was") != fingerprint(rows)
    shown = {"offer": found, "rows": cells_of(found, rows, links_of(found)), "poll": poll, "changed": changed}
    days = date_range(request.GET, request.place.workspace, at=timezone.now()).fields
    shown["poll_href"] = poll_address(found, rows, poll, wish, days)
    shown["views"] = saved_views(found, wish, tallies_of(found), days) if changed else []
    return render(request, "web/sales_tracking/statuses.html", shown)


@require_safe
@needs(Action.EXPORT)
def offer_members_csv(request: BrandRequest, offer_id: int) -> HttpResponse:
    """The members that match the filter, streamed."""
    found = get_object_or_404(Offer, pk=offer_id)
    pages = every_member_row(found, filter_from(request.GET), at=timezone.now())
    links, options = links_of(found), option_names(found)
    base = link_base()
    lines = (member_lines(page.rows, links, options, base) for page in pages)
    return csv_download(f"{found.name} members", headings(links), lines, workspace=request.place.workspace)
