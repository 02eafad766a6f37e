"""Make the rollups of a workspace anew from orders, conversions, ledger and counted clicks, day by day.

Each day, then each month of clicks, is a transaction of its own: orders and clicks go on meanwhile, and a rebuild that
is stopped leaves each either as it was or right. Again gives the same.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Sum

from offerwell.actions.count_clicks import OFFER_CLICK_KEYS, PROGRAMME_CLICK_KEYS, SUMS
from offerwell.actions.fold_sales import add_sales
from offerwell.models import (
    ClickDay,
    ClickMark,
    MemberClickMonth,
    MemberSalesDay,
    OfferClickDay,
    OfferSalesDay,
    ProgrammeClickDay,
    ProgrammeSalesDay,
    lock_workspace,
)
from offerwell.models.insert_select import insert_select
from offerwell.queries.report_days import days_with_clicks, days_with_sales, month_of_clicks, months_with_clicks
from offerwell.queries.sales_recount import sales_of_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from offerwell.models import Workspace


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many days were made anew."""

    days_with_sales: int
    days_with_clicks: int


def rebuild_reports(*, workspace: Workspace) -> Rebuilt:
    """Make every day anew. Memory is that of the busiest day's sales by member."""
    sold = clicked = 0
    for sold, day in enumerate(days_with_sales(workspace), start=1):  # noqa: B007  counted
        _make_sales(workspace, day)
    for clicked, day in enumerate(days_with_clicks(), start=1):  # noqa: B007  counted
        _make_clicks(day)
    for month in months_with_clicks():
        _make_month(workspace, month)
    return Rebuilt(sold, clicked)


def _make_sales(workspace: Workspace, day: date) -> None:
    with transaction.atomic():
        lock_workspace(workspace.pk)
        for model in (MemberSalesDay, OfferSalesDay, ProgrammeSalesDay):
            model.objects.filter(workspace=workspace, day=day).delete()
        add_sales(workspace.pk, sales_of_day(workspace, day))


def _make_clicks(day: date) -> None:
    with _nobody_counts():
        for model, keys in ((OfferClickDay, OFFER_CLICK_KEYS), (ProgrammeClickDay, PROGRAMME_CLICK_KEYS)):
            model.objects.filter(day=day).delete()
            sums = ClickDay.objects.filter(day=day).order_by().values_list(*keys)
            insert_select(model, (*keys, *SUMS), sums.annotate(*map(Sum, SUMS)))


def _make_month(workspace: Workspace, month: date) -> None:
    with _nobody_counts():
        MemberClickMonth.objects.filter(day=month).delete()
        columns = ("workspace_id", "day", "offer_id", "member_id", *SUMS)
        insert_select(MemberClickMonth, columns, month_of_clicks(workspace, month, SUMS))


@contextmanager
def _nobody_counts() -> Iterator[None]:
    """One transaction. The counting holds the same row."""
    with transaction.atomic():
        ClickMark.objects.get_or_create(pk=1)
        ClickMark.objects.select_for_update().get(pk=1)
        yield
