"""Reports to download: what the screens show, and the orders and clicks behind it, for the same days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from offerwell.queries.report_rows import (
    BREAKDOWN_HEADINGS,
    CLICK_HEADINGS,
    MEMBER_HEADINGS,
    OFFER_HEADINGS,
    ORDER_HEADINGS,
    breakdown_rows,
    click_rows,
    member_rows,
    offer_rows,
    order_report_rows,
)
from offerwell.rules.permissions import Action
from offerwell.ui.csv_download import csv_download
from offerwell.ui.date_range import date_range
from offerwell.web.needs import BrandRequest, needs
from offerwell.web.sales_tracking.report_views import BREAKDOWNS, DOWNLOADS, MEMBERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpResponse

    from offerwell.models import Workspace
    from offerwell.queries.report_rows import Rows
    from offerwell.rules.report_period import Period


@require_safe
@needs(Action.EXPORT)
def sales_report_csv(request: BrandRequest) -> HttpResponse:
    """The file that `by` names, of the days in the address. Streamed: it may be long.

    Dates that are none lead to the screen, which says why.
    """
    workspace = request.place.workspace
    dates = date_range(request.GET, workspace, at=timezone.now())
    kind = request.GET.get("by", MEMBERS)
    if kind not in DOWNLOADS:
        raise Http404
    if dates.problem:
        return HttpResponseRedirect(f"{reverse('sales_report')}?{request.GET.urlencode()}")
    period = dates.period
    headings, rows = _file(kind, workspace, period)
    return csv_download(f"Sales by {kind} {period.first} to {period.last}", headings, rows, workspace=workspace)


def _file(kind: str, workspace: Workspace, period: Period) -> tuple[tuple[str, ...], Iterator[Rows]]:
    if kind == MEMBERS:
        return MEMBER_HEADINGS, member_rows(workspace, period)
    if kind == "offer":
        return OFFER_HEADINGS, offer_rows(workspace, period)
    if kind == "order":
        return ORDER_HEADINGS, order_report_rows(workspace, period)
    if kind == "click":
        return CLICK_HEADINGS, click_rows(workspace, period)
    return BREAKDOWN_HEADINGS, breakdown_rows(BREAKDOWNS[kind](workspace, period))
