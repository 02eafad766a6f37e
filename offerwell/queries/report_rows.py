"""Reports as rows to download, in batches: each is a constant number of statements, and memory does not grow.

Sums are plain numbers of their currency. Where several currencies stand apart, each has a row; counts are in the first.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import Q

from offerwell.models import ClickDay, Member, Offer, Order
from offerwell.queries.orders import order_rows
from offerwell.queries.report_days import begin_of
from offerwell.queries.sales_report import NOTHING, WHOLE, by_member, by_offer
from offerwell.rules.money import decimals_of
from offerwell.rules.report_period import next_day

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offerwell.models import Workspace
    from offerwell.queries.orders import OrderRow
    from offerwell.queries.report_figures import Figures
    from offerwell.queries.sales_report import Breakdown, Scope
    from offerwell.rules.report_period import Period

Rows = list[tuple[str, ...]]
_AT_ONCE = 1_000
_FIGURES = (
    "Clicks", "Unique clicks", "Rescued", "Bots", "Orders", "Conversion rate", "Currency", "Sales", "Commission",
)  # fmt: skip
OFFER_HEADINGS = ("Offer", *_FIGURES)
MEMBER_HEADINGS = ("Member", "E-mail", *_FIGURES)
BREAKDOWN_HEADINGS = ("Name", *_FIGURES)
ORDER_HEADINGS = (
    "Placed", "Order", "Store", "Member", "Offer", "Reason", "Status", "Currency", "Net", "Refunded", "Sales",
    "Commission",
)  # fmt: skip
CLICK_HEADINGS = ("Day", "Offer", "Member", "Link", "Clicks", "Unique clicks", "Repeats", "Bots", "Rescued")


def offer_rows(workspace: Workspace, period: Period, scope: Scope = WHOLE) -> Iterator[Rows]:
    """Every offer by name, also without figures. The columns of OFFER_HEADINGS."""
    found = by_offer(workspace, period, scope=scope)
    offers = Offer.objects.order_by("name_key", "pk")
    if scope.offer_id is not None:
        offers = offers.filter(pk=scope.offer_id)
    yield [row for offer in offers for row in _with_figures((offer.name,), found.get(offer.pk, NOTHING))]


def member_rows(workspace: Workspace, period: Period, offer_id: int | None = None) -> Iterator[Rows]:
    """Every member with figures, in the order they were added; of one offer. The columns of MEMBER_HEADINGS."""
    last = 0
    members = Member.objects.order_by("pk")
    if offer_id is not None:
        members = members.filter(enrollments__offer_id=offer_id)
    while batch := list(members.filter(pk__gt=last)[:_AT_ONCE]):
        found = by_member(workspace, period, [member.pk for member in batch], offer_id)
        yield [
            row
            for member in batch if member.pk in found
            for row in _with_figures((member.name, member.email), found[member.pk])
        ]  # fmt: skip
        last = batch[-1].pk


def breakdown_rows(found: Breakdown) -> Iterator[Rows]:
    """What `by_store`, `by_project` or `by_group` found. The columns of BREAKDOWN_HEADINGS."""
    yield [row for _pk, name, figures in found for row in _with_figures((name,), figures)]


def order_report_rows(workspace: Workspace, period: Period) -> Iterator[Rows]:
    """Every order placed in the period, oldest first, with whose it is. The columns of ORDER_HEADINGS."""
    orders = Order.objects.filter(
        placed_at__gte=begin_of(workspace, period.first), placed_at__lt=begin_of(workspace, next_day(period.last))
    ).select_related("store")
    beyond = Q()
    while batch := list(orders.filter(beyond).order_by("placed_at", "pk")[:_AT_ONCE]):
        yield [_order_cells(row) for row in order_rows(batch)]
        moment, pk = batch[-1].placed_at, batch[-1].pk
        beyond = Q(placed_at__gte=moment) & (Q(placed_at__gt=moment) | Q(pk__gt=pk))


def click_rows(workspace: Workspace, period: Period, offer_id: int | None = None) -> Iterator[Rows]:
    """The counted clicks of every link and day, day by day. The columns of CLICK_HEADINGS."""
    days = ClickDay.objects.filter(workspace=workspace, day__gte=period.first, day__lte=period.last)
    if offer_id is not None:
        days = days.filter(offer_id=offer_id)
    days = days.select_related("link__offer", "link__enrollment__member")
    beyond = Q()
    while batch := list(days.filter(beyond).order_by("day", "pk")[:_AT_ONCE]):
        yield [_click_cells(row) for row in batch]
        day, pk = batch[-1].day, batch[-1].pk
        beyond = Q(day__gte=day) & (Q(day__gt=day) | Q(pk__gt=pk))


def _with_figures(who: tuple[str, ...], figures: Figures) -> Iterator[tuple[str, ...]]:
    rate = figures.conversion_rate
    counts = (figures.clicks, figures.uniques, figures.rescued, figures.bots, figures.orders)
    told = (*map(str, counts), "" if rate is None else f"{rate:.4f}")
    sales = {one.currency: one.amount for one in figures.sales}
    earned = {one.currency: one.amount for one in figures.commission}
    for place, currency in enumerate(dict.fromkeys([*sales, *earned]) or [""]):
        sums = (plain_sum(sales.get(currency, 0), currency), plain_sum(earned.get(currency, 0), currency))
        yield (*who, *(told if place == 0 else [""] * len(told)), currency, *sums)


def plain_sum(amount: int, currency: str) -> str:
    """“1250.00”: a number that every program reads."""
    decimals = decimals_of(currency)
    return f"{Decimal(amount).scaleb(-decimals):.{decimals}f}"


def _order_cells(row: OrderRow) -> tuple[str, ...]:
    order, conversion = row.order, row.conversion
    whose = (conversion.member.name, conversion.offer.name) if conversion else ("", "")
    sums = (order.net, order.refunded, conversion.sales if conversion else 0)
    return (
        order.placed_at.isoformat(), str(order), order.store.label, *whose, order.decided_by,
        "not confirmed" if row.awaits_shop else str(conversion.status) if conversion else "", order.currency,
        *(plain_sum(one, order.currency) for one in sums),
        " + ".join(f"{plain_sum(amount, currency)} {currency}" for currency, amount in row.earned),
    )  # fmt: skip


def _click_cells(row: ClickDay) -> tuple[str, ...]:
    counts = (row.clicks, row.uniques, row.repeats, row.bots, row.rescued)
    return (
        row.day.isoformat(), row.link.offer.name, row.link.enrollment.member.name, row.link.slug, *map(str, counts)
    )  # fmt: skip
