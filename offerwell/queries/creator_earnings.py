"""What a person's codes and links sold, and what it earned: their own conversions only, each brand in its currency."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q, Sum

from offerwell.models import Account, ClickDay, Conversion, ConversionStatus, LedgerEntry, MemberSalesDay
from offerwell.queries.orders import AWAITS_SHOP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from django.db.models import QuerySet

PAGE_SIZE = 30

# Amounts in the smallest unit, by currency.
Sums = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """Accepted orders, what is left of their sales, and the commission, as the ledger has it.

    `earned` is all of it, `by_clicks` what of it unique clicks earned.
    """

    orders: int
    sales: Sums
    earned: Sums
    by_clicks: Sums = ()


@dataclass(frozen=True, slots=True)
class OwnSale:
    """One order credited to the person. `earned` is empty where nothing was posted for it.

    `awaits_shop`: it may earn still, when the shop confirms the order.
    """

    conversion: Conversion
    earned: Sums
    awaits_shop: bool


@dataclass(frozen=True, slots=True)
class SalesPage:
    """Some sales, newest first; `next` is the id to go on from, None at the end."""

    sales: tuple[OwnSale, ...]
    next: int | None


def figures_of(
    member_ids: Sequence[int], *, since: datetime | None = None, enrollment_id: int | None = None
) -> Figures:
    """Of orders placed and days of clicks since then, of one place in an offer if it is given. Two statements."""
    rows = Conversion.objects.filter(member_id__in=member_ids, status=ConversionStatus.ACCEPTED)
    days = ClickDay.objects.filter(member_id__in=member_ids)
    if since is not None:
        rows, days = rows.filter(placed_at__gte=since), days.filter(day__gte=since.date())
    if enrollment_id is not None:
        rows, days = rows.filter(enrollment_id=enrollment_id), days.filter(link__enrollment=enrollment_id)
    sold = list(rows.order_by("currency").values_list("currency").annotate(Count("pk"), Sum("sales")))
    posted = _own_entries(member_ids).filter(Q(order__in=rows.values("order")) | Q(click_day__in=days.values("pk")))
    by_clicks = Sum("amount", filter=Q(click_day__isnull=False))
    earned = list(posted.order_by("currency").values_list("currency").annotate(Sum("amount"), by_clicks=by_clicks))
    return Figures(
        orders=sum(orders for _, orders, _ in sold),
        sales=tuple((currency, sales) for currency, _, sales in sold),
        earned=tuple((currency, amount) for currency, amount, _ in earned),
        by_clicks=tuple((currency, clicks) for currency, _, clicks in earned if clicks),
    )


def sales_page(member_ids: Sequence[int], *, before: int | None = None) -> SalesPage:
    """The newest orders by when they were placed, or those after the sale `before`, in two statements, or three."""
    own = Conversion.objects.filter(member_id__in=member_ids)
    rows = own.select_related("offer", "workspace").annotate(awaits_shop=AWAITS_SHOP).order_by("-placed_at", "-pk")
    placed_at = before and own.filter(pk=before).values_list("placed_at", flat=True).first()
    if placed_at:
        rows = rows.filter(Q(placed_at__lt=placed_at) | Q(placed_at=placed_at, pk__lt=before))
    found = list(rows[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    earned = _earned_by_order(member_ids, shown)
    return SalesPage(
        tuple(OwnSale(row, earned.get(row.order_id, ()), row.awaits_shop) for row in shown),
        shown[-1].pk if len(found) > PAGE_SIZE else None,
    )


@dataclass(frozen=True, slots=True)
class OwnDay:
    """What orders of one day sold and earn, and its clicks, by one place (offer id, member id), in one currency."""

    day: date
    place: tuple[int, int]
    currency: str
    sales: int
    earned: int


def own_days(member_ids: Sequence[int], *, since: date, offer_id: int | None = None) -> tuple[OwnDay, ...]:
    """Days with orders or paid clicks from `since` on, by each brand's clock, from the rollups. One statement."""
    rows = MemberSalesDay.objects.filter(member_id__in=member_ids, day__gte=since)
    if offer_id is not None:
        rows = rows.filter(offer_id=offer_id)
    keys = ("day", "offer_id", "member_id", "currency")
    sums = rows.order_by(*keys).values_list(*keys).annotate(Sum("sales"), Sum("commission"))
    return tuple(
        OwnDay(day, (offer, member), currency, int(sales), int(earned))
        for day, offer, member, currency, sales, earned in sums
    )


def earned_by_place(days: Sequence[OwnDay]) -> Mapping[tuple[int, int], Sums]:
    """What each place earns in all of `days`; those that earn nothing are not in it."""
    found: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for one in days:
        found[one.place][one.currency] += one.earned
    return {place: tuple(sorted((+sums).items())) for place, sums in found.items() if +sums}


def _earned_by_order(member_ids: Sequence[int], rows: Sequence[Conversion]) -> dict[int, Sums]:
    posted = _own_entries(member_ids).filter(order_id__in=[row.order_id for row in rows])
    sums = posted.order_by("order_id", "currency").values_list("order_id", "currency").annotate(Sum("amount"))
    found: dict[int, Sums] = {}
    for order_id, currency, amount in sums:
        found[order_id] = (*found.get(order_id, ()), (currency, amount))
    return found


def _own_entries(member_ids: Sequence[int]) -> QuerySet[LedgerEntry, Any]:
    return LedgerEntry.objects.filter(account=Account.MEMBER, member_id__in=member_ids)
