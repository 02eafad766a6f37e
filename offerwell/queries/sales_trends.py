"""Small pictures beside rows: orders per day of each offer; and when a member last sold. From the rollups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Max, Sum

from offerwell.models import MemberSalesDay, OfferSalesDay
from offerwell.models.id_list import id_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date

    from offerwell.models import Workspace
    from offerwell.rules.report_period import Period

MOST_DAYS = 120
"""Of longer periods there is no trend of each offer: days times offers would be read for a line of 96 pixels."""


def orders_by_offer(workspace: Workspace, period: Period, offer_ids: Collection[int]) -> Mapping[int, tuple[int, ...]]:
    """Orders of every day of the period, of each of these offers that has any. One statement."""
    if period.days > MOST_DAYS:
        return {}
    rows = OfferSalesDay.objects.filter(
        workspace=workspace, offer_id__in=id_rows(offer_ids), day__gte=period.first, day__lte=period.last
    )
    found: dict[int, list[int]] = {}
    for offer_id, day, orders in rows.order_by().values_list("offer_id", "day").annotate(Sum("orders")):
        days = found.setdefault(offer_id, [0] * period.days)
        days[(day - period.first).days] = int(orders)
    return {offer_id: tuple(days) for offer_id, days in found.items() if any(days)}


def last_sales(workspace: Workspace, offer_id: int, member_ids: Collection[int]) -> Mapping[int, date]:
    """The day of the newest order of each of these members in the offer, ever. One statement."""
    rows = MemberSalesDay.objects.filter(
        workspace=workspace, offer_id=offer_id, member_id__in=id_rows(member_ids), orders__gt=0
    )
    return dict(rows.order_by().values_list("member_id").annotate(Max("day")))
