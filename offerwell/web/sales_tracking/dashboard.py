"""What Sales Tracking shows: figures of the whole programme, and each offer with its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils import timezone

from offerwell.models import OfferType
from offerwell.queries.offer_list import OfferRow, offer_rows
from offerwell.queries.sales_report import Compared, offers_compared, over_time, owed
from offerwell.queries.sales_trends import orders_by_offer
from offerwell.rules.permissions import Action, may
from offerwell.ui.charts import sparkline
from offerwell.ui.date_range import date_range
from offerwell.ui.report_strip import Change, Kpi, money_change, money_texts, sales_chart, strip

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.utils.safestring import SafeString

    from offerwell.models import Workspace
    from offerwell.queries.report_figures import Figures
    from offerwell.rules.report_period import Period
    from offerwell.web.needs import BrandRequest


@dataclass(frozen=True, slots=True)
class OfferLine:
    """An offer of the table with its figures of the period."""

    row: OfferRow
    figures: Figures
    sales: tuple[str, ...]
    trend: SafeString
    change: Change | None


def dashboard(request: BrandRequest) -> HttpResponse:
    """The screen for the dates and the filter in the address."""
    workspace, at = request.place.workspace, timezone.now()
    dates = date_range(request.GET, workspace, at=at)
    text, kind = request.GET.get("q", "").strip()[:120], request.GET.get("type", "")
    kind = kind if kind in OfferType.values else ""
    rows = offer_rows(text=text, kind=kind, at=at)
    shown = {
        "lines": _lines(workspace, rows, dates.period),
        "text": text,
        "kind": kind,
        "kinds": OfferType.choices,
        "is_filtered": bool(text or kind),
        "dates": dates,
        "kept": [(name, value) for name, value in (("q", text), ("type", kind)) if value],
        "may_edit": may(request.place.role, Action.EDIT_OFFERS),
        "may_export": may(request.place.role, Action.EXPORT),
    }
    if rows or text or kind:
        report = over_time(workspace, dates.period)
        *kpis, _commission = strip(report)
        shown |= {"kpis": [*kpis, _owed(workspace)], "chart": sales_chart(report, dates)}
    return render(request, "web/sales_tracking/offer_list.html", shown, status=dates.status)


def _owed(workspace: Workspace) -> Kpi:
    return Kpi("Commission owed", money_texts(owed(workspace)), note="Earned and not paid, of all time")


def _lines(workspace: Workspace, rows: list[OfferRow], period: Period) -> list[OfferLine]:
    ids = [row.offer.pk for row in rows]
    found, trends = offers_compared(workspace, period, ids), orders_by_offer(workspace, period, ids)
    return [_line(row, found.get(row.offer.pk, Compared()), trends.get(row.offer.pk, ())) for row in rows]


def _line(row: OfferRow, found: Compared, trend: tuple[int, ...]) -> OfferLine:
    return OfferLine(
        row=row,
        figures=found.now,
        sales=money_texts(found.now.sales),
        trend=sparkline(trend),
        change=money_change(found.now.sales, found.before.sales),
    )
