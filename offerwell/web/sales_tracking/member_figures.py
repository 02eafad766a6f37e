"""What each member of a page sold in the offer: the figures of the days that the screen shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.queries.sales_report import NOTHING, by_member
from offerwell.queries.sales_trends import last_sales
from offerwell.rules.written_dates import day_text
from offerwell.ui.report_strip import money_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offerwell.models import Offer, Workspace
    from offerwell.queries.offer_member_page import MemberRow
    from offerwell.rules.report_period import Period


@dataclass(frozen=True, slots=True)
class MemberFigures:
    """A row's cells. `last_sale` is of any day, the others of the period."""

    clicks: int
    orders: int
    sales: tuple[str, ...]
    commission: tuple[str, ...]
    last_sale: str


def figures_of_rows(
    workspace: Workspace, period: Period, offer: Offer, rows: Sequence[MemberRow]
) -> list[MemberFigures]:
    """Of each row, in order. Three statements and those of the exchange rates, none without rows."""
    if not rows:
        return []
    ids = [row.member.pk for row in rows]
    sold, last = by_member(workspace, period, ids, offer.pk), last_sales(workspace, offer.pk, ids)
    has_year = any(day.year != period.last.year for day in last.values())
    found = [(sold.get(pk, NOTHING), last.get(pk)) for pk in ids]
    return [
        MemberFigures(
            clicks=one.clicks,
            orders=one.orders,
            sales=money_texts(one.sales),
            commission=money_texts(one.commission),
            last_sale=day_text(day, has_year=has_year) if day else "",
        )
        for one, day in found
    ]
