"""The days that have something to report, and the orders of one: reports are made and checked day by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db.models import DateField, Min, Sum, Value

from offerwell.models import (
    ClickDay,
    MemberClickMonth,
    MemberSalesDay,
    OfferClickDay,
    OfferSalesDay,
    Order,
    ProgrammeClickDay,
    ProgrammeSalesDay,
)
from offerwell.rules.report_period import day_of, first_of_month, next_day

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

    from offerwell.models import Workspace


def days_with_sales(workspace: Workspace) -> Iterator[date]:
    """Days with an order, posted clicks or a rollup of sales, oldest first; looked up one by one, however many."""
    posted = ClickDay.objects.filter(posted_uniques__gt=0)
    day: date | None = None
    rolled = (posted, OfferSalesDay.objects, MemberSalesDay.objects, ProgrammeSalesDay.objects)
    while (day := _earliest(_order_day(workspace, day), *_rolled(day, *rolled))) is not None:
        yield day


def days_with_clicks() -> Iterator[date]:
    """Days with counted clicks, oldest first."""
    day: date | None = None
    rolled = (ClickDay.objects, OfferClickDay.objects, ProgrammeClickDay.objects)
    while (day := _earliest(*_rolled(day, *rolled))) is not None:
        yield day


def months_with_clicks() -> Iterator[date]:
    """The first days of months with counted clicks, oldest first."""
    month: date | None = None
    while True:
        last = None if month is None else first_of_month(month, after=1) - timedelta(days=1)
        day = _earliest(*_rolled(last, ClickDay.objects, MemberClickMonth.objects))
        if day is None:
            return
        yield (month := first_of_month(day))


def month_of_clicks(workspace: Workspace, month: date, sums: tuple[str, ...]) -> QuerySet[Any, Any]:
    """What the days of that month say: workspace, month, offer, member and the sums, for each member in each offer."""
    days = ClickDay.objects.filter(workspace=workspace, day__gte=month, day__lt=first_of_month(month, after=1))
    named = days.order_by().annotate(month=Value(month, DateField()))
    rows: QuerySet[Any, Any] = named.values_list("workspace_id", "month", "offer_id", "member_id")
    return rows.annotate(*map(Sum, sums))


def orders_of_day(workspace: Workspace, day: date) -> QuerySet[Any, Any]:
    """Ids of the orders placed on that day of the workspace."""
    found = Order.objects.filter(
        placed_at__gte=begin_of(workspace, day), placed_at__lt=begin_of(workspace, next_day(day))
    )
    rows: QuerySet[Any, Any] = found.values("pk")
    return rows


def _earliest(*days: date | None) -> date | None:
    return min((day for day in days if day is not None), default=None)


def _rolled(after: date | None, *tables: Any) -> list[date | None]:
    beyond = {} if after is None else {"day__gt": after}
    return [rows.filter(**beyond).aggregate(first=Min("day"))["first"] for rows in tables]


def _order_day(workspace: Workspace, after: date | None) -> date | None:
    rows = Order.objects.order_by("placed_at")
    if after is not None:
        rows = rows.filter(placed_at__gte=begin_of(workspace, next_day(after)))
    first = rows.values_list("placed_at", flat=True).first()
    return None if first is None else day_of(first, workspace.timezone)


def begin_of(workspace: Workspace, day: date) -> datetime:
    """The first moment of the day. In UTC: clocks that are put back have the same hour twice."""
    return datetime.combine(day, time.min, ZoneInfo(workspace.timezone)).astimezone(UTC)
