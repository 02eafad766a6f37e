"""Sales Tracking › Report: the same figures by member, store, project or group; and downloads of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from offerwell.queries.sales_breakdowns import by_group, by_project
from offerwell.queries.sales_report import by_store, top_members, totals
from offerwell.rules.permissions import Action, may
from offerwell.ui.date_range import DateRange, date_range
from offerwell.ui.report_strip import money_texts, rate_text
from offerwell.web.needs import BrandRequest, needs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpResponse

    from offerwell.models import Workspace
    from offerwell.queries.report_figures import Figures
    from offerwell.queries.sales_report import Breakdown
    from offerwell.rules.report_period import Period

MEMBERS = "member"
TABS = {MEMBERS: "Members", "store": "Stores", "project": "Projects", "group": "Groups"}
_HEADINGS = {MEMBERS: "Member", "store": "Store", "project": "Project", "group": "Group"}
DOWNLOADS = {
    "member": "Members (CSV)", "offer": "Offers (CSV)", "store": "Stores (CSV)", "project": "Projects (CSV)",
    "group": "Groups (CSV)", "order": "Orders (CSV)", "click": "Clicks by day (CSV)",
}  # fmt: skip
_NOTES = {
    MEMBERS: "Members with orders or commission in these days, most sales first.",
    "store": "Clicks belong to no store.",
    "project": "Members who are in the project now, in the offers that are or were connected to it. "
    "Who is in two of them counts in both.",
    "group": "Members who are in the group now. Who is in two of them counts in both.",
}
BREAKDOWNS: Mapping[str, Callable[[Workspace, Period], Breakdown]] = {
    "store": by_store, "project": by_project, "group": by_group,
}  # fmt: skip
_ADDRESSES = {MEMBERS: "member", "store": "store", "project": "project"}


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A row. `pk` names what it is about; None for the row of totals."""

    pk: int | None
    name: str
    figures: Figures
    sales: tuple[str, ...]
    commission: tuple[str, ...]
    rate: str
    average: str


@require_safe
@needs(Action.VIEW)
def sales_report(request: BrandRequest) -> HttpResponse:
    """One breakdown of the days in the address."""
    workspace = request.place.workspace
    dates = date_range(request.GET, workspace, at=timezone.now())
    kind = request.GET.get("by", MEMBERS)
    kind = kind if kind in TABS else MEMBERS
    lines, following = _lines(workspace, kind, dates, request.GET.get("after", ""))
    shown = {
        "dates": dates,
        "kept": [] if kind == MEMBERS else [("by", kind)],
        "kind": kind,
        "tabs": [(label, _query(one, dates), one == kind) for one, label in TABS.items()],
        "heading": _HEADINGS[kind],
        "note": _NOTES[kind],
        "address": _ADDRESSES.get(kind, ""),
        "lines": lines,
        "total": report_line(None, "All sales", totals(workspace, dates.period)),
        "next": _query(kind, dates, after=following) if following else "",
        "first": _query(kind, dates) if request.GET.get("after") else "",
        "downloads": DOWNLOADS.items(),
        "may_export": may(request.place.role, Action.EXPORT),
    }
    return render(request, "web/sales_tracking/report.html", shown, status=dates.status)


def report_line(pk: int | None, name: str, figures: Figures) -> ReportLine:
    """The row in words."""
    return ReportLine(
        pk=pk,
        name=name,
        figures=figures,
        sales=money_texts(figures.sales),
        commission=money_texts(figures.commission),
        rate=rate_text(figures.conversion_rate),
        average=str(figures.average_order or "–"),
    )


def _lines(workspace: Workspace, kind: str, dates: DateRange, after: str) -> tuple[list[ReportLine], str]:
    """The rows, and the place to go on from."""
    if kind != MEMBERS:
        return [report_line(*row) for row in BREAKDOWNS[kind](workspace, dates.period)], ""
    ranking = top_members(workspace, dates.period, after=after)
    rows = [report_line(one.member.pk, one.member.name or "Member without a name", one.figures) for one in ranking.rows]
    return rows, ranking.next


def _query(kind: str, dates: DateRange, **place: str) -> str:
    fields = ({} if kind == MEMBERS else {"by": kind}) | dict(dates.fields) | place
    return f"?{urlencode(fields)}"
