"""The figures of Sales Tracking, from rollups: of the programme, an offer, a member, a store.

Each is a constant, small number of statements; foreign ids match nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, BooleanField, Case, ExpressionWrapper, F, Q, Sum, When

from offerwell.models import (
    ClickDay,
    GroupMember,
    Member,
    MemberClickMonth,
    MemberSalesDay,
    OfferClickDay,
    OfferSalesDay,
    PayoutTotal,
    Placement,
    ProgrammeClickDay,
    ProgrammeSalesDay,
    ProjectOffer,
    Store,
)
from offerwell.models.id_list import id_rows
from offerwell.queries.exchange_rates import exchange_rates
from offerwell.queries.report_figures import CLICKS, SALES, Figures, figures_by, figures_of, with_rate_day
from offerwell.rules.exchange import WEIGHT, Rates, total_of, weights
from offerwell.rules.report_period import Period, months_and_days

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from django.db.models import QuerySet

    from offerwell.models import Workspace
    from offerwell.rules.money import Money

__all__ = [
    "Breakdown", "Compared", "Figure", "Figures", "OverTime", "RankedMember", "Ranking", "Scope", "by_member",
    "by_offer", "by_store", "clicks_by_member", "named", "offers_compared", "over_time", "owed", "per_day",
    "sales_by_member", "top_members", "totals",
]  # fmt: skip
NOTHING = Figures()
# Of a 64-bit number that surely fits.
_LONGEST_NUMBER = 18


@dataclass(frozen=True, slots=True)
class Scope:
    """What a report is narrowed to; nothing: the whole programme.

    A project: the members who are in it now, in the offers that are or were connected to it. A group: its members now.
    """

    offer_id: int | None = None
    member_id: int | None = None
    store_id: int | None = None
    project_id: int | None = None
    group_id: int | None = None

    @property
    def names_members(self) -> bool:
        """Whether figures of single members are needed."""
        return any(one is not None for one in (self.member_id, self.project_id, self.group_id))


WHOLE = Scope()


class Figure(StrEnum):
    """What members are put in order by."""

    SALES = "sales"
    ORDERS = "orders"
    CLICKS = "clicks"


@dataclass(frozen=True, slots=True)
class RankedMember:
    """A row of the members' report."""

    member: Member
    figures: Figures


@dataclass(frozen=True, slots=True)
class Ranking:
    """Some members, most sales first. `next` is the place to go on from (empty: this is the end)."""

    rows: tuple[RankedMember, ...]
    next: str


Breakdown = tuple[tuple[int, str, Figures], ...]


def totals(workspace: Workspace, period: Period, scope: Scope = WHOLE) -> Figures:
    """Of the whole period."""
    sales, clicks = _sales(workspace, period, scope), _clicks(workspace, period, scope)
    return figures_by("workspace_id", sales, clicks, exchange_rates()).get(workspace.pk, NOTHING)


def per_day(workspace: Workspace, period: Period, scope: Scope = WHOLE) -> tuple[tuple[date, Figures], ...]:
    """Of every day of the period, in order."""
    sales, clicks = _sales(workspace, period, scope), _clicks(workspace, period, scope)
    found = figures_by("day", sales, clicks, exchange_rates())
    return tuple((day, found.get(day, NOTHING)) for day in period.dates)


@dataclass(frozen=True, slots=True)
class OverTime:
    """A period and as many days before: in all, and day by day."""

    now: Figures
    before: Figures
    days: tuple[tuple[date, Figures], ...]
    days_before: tuple[tuple[date, Figures], ...]


def over_time(workspace: Workspace, period: Period, scope: Scope = WHOLE) -> OverTime:
    """What `totals` and `per_day` say of the period and of the one before, in the statements of one of them."""
    both = Period(period.before.first, period.last)
    sales, clicks, rates = _sales(workspace, both, scope), _clicks(workspace, both, scope), exchange_rates()
    raw = figures_by("day", sales, clicks, Rates())
    days = tuple((day, raw.get(day, NOTHING)) for day in both.dates)
    before, now = days[: period.days], days[period.days :]
    return OverTime(
        now=_added(now, rates),
        before=_added(before, rates),
        days=tuple((day, _added([(day, one)], rates)) for day, one in now),
        days_before=tuple((day, _added([(day, one)], rates)) for day, one in before),
    )


def _added(days: Sequence[tuple[date, Figures]], rates: Rates) -> Figures:
    """The sum of days whose money is in its own currencies, converted once."""
    return Figures(
        clicks=sum(one.clicks for _day, one in days),
        uniques=sum(one.uniques for _day, one in days),
        rescued=sum(one.rescued for _day, one in days),
        bots=sum(one.bots for _day, one in days),
        orders=sum(one.orders for _day, one in days),
        sales=total_of(((sum_.currency, day, sum_.amount) for day, one in days for sum_ in one.sales), rates),
        commission=total_of(((sum_.currency, day, sum_.amount) for day, one in days for sum_ in one.commission), rates),
    )


def by_offer(
    workspace: Workspace, period: Period, offer_ids: Collection[int] | None = None, scope: Scope = WHOLE
) -> Mapping[int, Figures]:
    """Of each offer that has any; of `offer_ids` alone where they are given."""
    sales = _sales(workspace, period, scope, by_offers=True)
    clicks = _clicks(workspace, period, scope, by_offers=True)
    if offer_ids is not None:
        listed = Q(offer_id__in=id_rows(offer_ids))
        sales, clicks = sales.filter(listed), clicks.filter(listed) if clicks is not None else None
    return figures_by("offer_id", sales, clicks, exchange_rates())


@dataclass(frozen=True, slots=True)
class Compared:
    """Figures of a period, and of as many days before it, which have no clicks here."""

    now: Figures = NOTHING
    before: Figures = NOTHING


def offers_compared(workspace: Workspace, period: Period, offer_ids: Collection[int]) -> Mapping[int, Compared]:
    """Of each of these offers that has any, then or before. Both periods' sales are read in one go."""
    both, listed, rates = Period(period.before.first, period.last), Q(offer_id__in=id_rows(offer_ids)), exchange_rates()
    rows = with_rate_day(_of_period(OfferSalesDay, workspace, both).filter(listed), rates)
    rows = rows.annotate(is_now=ExpressionWrapper(Q(day__gte=period.first), BooleanField())).order_by()
    sales = rows.values_list("offer_id", "is_now", "currency", "rate_day").annotate(*map(Sum, SALES))
    clicks = _of_period(OfferClickDay, workspace, period).filter(listed).order_by().values_list("offer_id")
    found = figures_of(
        (((offer_id, bool(is_now)), *row) for offer_id, is_now, *row in sales),
        (((offer_id, True), *counts) for offer_id, *counts in clicks.annotate(*map(Sum, CLICKS))),
        rates,
    )
    return {pk: Compared(found.get((pk, True), NOTHING), found.get((pk, False), NOTHING)) for pk, _ in found}


def by_member(
    workspace: Workspace, period: Period, member_ids: Collection[int], offer_id: int | None = None
) -> Mapping[int, Figures]:
    """Of each of these members that has any: the rows of one page."""
    listed = id_rows(member_ids)
    sales = _of_period(MemberSalesDay, workspace, period).filter(member_id__in=listed)
    clicks = _of_period(ClickDay, workspace, period).filter(member_id__in=listed)
    if offer_id is not None:
        sales, clicks = sales.filter(offer_id=offer_id), clicks.filter(offer_id=offer_id)
    return figures_by("member_id", sales, clicks, exchange_rates())


def top_members(
    workspace: Workspace, period: Period, scope: Scope = WHOLE, limit: int = 50, after: str = ""
) -> Ranking:
    """Members with orders or commission in the period, most sales first, beyond the place `after`."""
    rates = exchange_rates()
    rows = _ranked(_sales(workspace, period, scope, by_members=True), rates, period.last)
    if place := _place_in(after):
        rank, member_id = place
        rows = rows.filter(Q(rank__lt=rank) | Q(rank=rank, member_id__gt=member_id))
    found = list(rows[: limit + 1])
    shown = found[:limit]
    listed = [member_id for member_id, _rank in shown]
    members = {one.pk: one for one in Member.objects.filter(pk__in=id_rows(listed))}
    figures = _of_members(workspace, period, scope, listed, rates)
    ranked = tuple(RankedMember(members[pk], figures.get(pk, NOTHING)) for pk in listed if pk in members)
    return Ranking(ranked, "_".join(map(str, reversed(shown[-1]))) if len(found) > limit else "")


def sales_by_member(workspace: Workspace, period: Period, offer_id: int, figure: Figure) -> QuerySet[Any, Any]:
    """`member_id` and what to add up as `n`, row by row, for another statement: orders, or sales as one number."""
    rows = _of_period(MemberSalesDay, workspace, period).filter(offer_id=offer_id).order_by()
    n = F("orders") if figure == Figure.ORDERS else _sales_weight(exchange_rates(), period.last)
    return rows.values("member_id").annotate(n=n)


def clicks_by_member(workspace: Workspace, period: Period, offer_id: int) -> tuple[QuerySet[Any, Any], ...]:
    """`member_id` and its clicks as `n`, for another statement: of whole months, and of the days beside them."""
    parts = months_and_days(period)
    spans: list[tuple[Any, Period]] = [(ClickDay, days) for days in parts.days]
    spans += [(MemberClickMonth, parts.months)] if parts.months else []
    rows = (_of_period(model, workspace, span).filter(offer_id=offer_id).order_by() for model, span in spans)
    return tuple(some.values("member_id").annotate(n=F("clicks")) for some in rows)


def by_store(workspace: Workspace, period: Period, scope: Scope = WHOLE) -> Breakdown:
    """Of each store that sold, by label. Clicks and what they earn belong to no store."""
    found = figures_by("store_id", _sales(workspace, period, scope, by_offers=True), None, exchange_rates())
    return named(found, Store.objects.all(), "label")


def owed(workspace: Workspace) -> tuple[Money, ...]:
    """Commission earned and not paid, of all time, each currency apart: it is owed in its own. Two statements."""
    earned = ProgrammeSalesDay.objects.filter(workspace=workspace).order_by("currency").values_list("currency")
    paid = PayoutTotal.objects.filter(workspace=workspace).order_by("currency").values_list("currency")
    sums = [(currency, None, int(total)) for currency, total in earned.annotate(Sum("commission"))]
    sums += [(currency, None, -int(total)) for currency, total in paid.annotate(Sum("paid"))]
    return total_of(sums, Rates())


def _of_period(model: Any, workspace: Workspace, period: Period) -> QuerySet[Any, Any]:
    found: QuerySet[Any, Any] = model.objects.filter(workspace=workspace, day__gte=period.first, day__lte=period.last)
    return found


def _sales(
    workspace: Workspace, period: Period, scope: Scope, *, by_members: bool = False, by_offers: bool = False
) -> QuerySet[Any, Any]:
    """The coarsest rollup that tells apart what is asked for."""
    model: Any = MemberSalesDay if by_members or scope.names_members else OfferSalesDay
    if scope == WHOLE and not (by_members or by_offers):
        model = ProgrammeSalesDay
    rows = _narrowed(_of_period(model, workspace, period), scope)
    return rows if scope.store_id is None else rows.filter(store_id=scope.store_id)


def _clicks(
    workspace: Workspace, period: Period, scope: Scope, *, by_members: bool = False, by_offers: bool = False
) -> QuerySet[Any, Any] | None:
    """None for a store: links belong to none. Else the coarsest rollup, as of sales."""
    if scope.store_id is not None:
        return None
    model: Any = ClickDay if by_members or scope.names_members else OfferClickDay
    if scope == WHOLE and not (by_members or by_offers):
        model = ProgrammeClickDay
    return _narrowed(_of_period(model, workspace, period), scope)


def _narrowed(rows: QuerySet[Any, Any], scope: Scope) -> QuerySet[Any, Any]:
    if scope.offer_id is not None:
        rows = rows.filter(offer_id=scope.offer_id)
    if scope.member_id is not None:
        rows = rows.filter(member_id=scope.member_id)
    if scope.project_id is not None:
        joined = Placement.objects.filter(project_id=scope.project_id).values("member_id")
        connected = ProjectOffer.objects.filter(project_id=scope.project_id).values("offer_id")
        rows = rows.filter(member_id__in=joined, offer_id__in=connected)
    if scope.group_id is not None:
        rows = rows.filter(member_id__in=GroupMember.objects.filter(group_id=scope.group_id).values("member_id"))
    return rows


def _ranked(sales: QuerySet[Any, Any], rates: Rates, day: date) -> QuerySet[Any, Any]:
    """(member id, rank), the highest first."""
    rank = Sum(_sales_weight(rates, day))
    sums = sales.order_by().values("member_id").annotate(rank=rank, sold=Sum("orders"), earned=Sum("commission"))
    earning = sums.exclude(sold=0, earned=0)
    return earning.order_by("-rank", "member_id").values_list("member_id", "rank")


def _sales_weight(rates: Rates, day: date) -> Case:
    """Sales of several currencies as one number. Whole numbers, so that a place is found again exactly."""
    currencies = {*rates.dated, *Store.objects.order_by().values_list("currency", flat=True).distinct()}
    whens = (
        When(currency=currency, then=F("sales") * weight)
        for currency, weight in sorted(weights(currencies, rates, day).items())
    )
    return Case(*whens, default=F("sales") * WEIGHT, output_field=BigIntegerField())


def _of_members(
    workspace: Workspace, period: Period, scope: Scope, member_ids: Collection[int], rates: Rates
) -> Mapping[int, Figures]:
    listed = id_rows(member_ids)
    sales = _sales(workspace, period, scope, by_members=True).filter(member_id__in=listed)
    clicks = _clicks(workspace, period, scope, by_members=True)
    if clicks is not None:
        clicks = clicks.filter(member_id__in=listed)
    return figures_by("member_id", sales, clicks, rates)


def _place_in(text: str) -> tuple[int, int] | None:
    """The rank and id in an address; None where it is none: the table then begins anew."""
    rank, _, pk = text.partition("_")
    sign, digits = rank[:1] == "-", rank.removeprefix("-")
    if not all(one.isascii() and one.isdigit() and len(one) <= _LONGEST_NUMBER for one in (digits, pk)):
        return None
    return -int(digits) if sign else int(digits), int(pk)


def named(found: Mapping[int, Figures], rows: QuerySet[Any, Any], column: str) -> Breakdown:
    """What was found, by the names of the things it is of. One statement."""
    names = rows.filter(pk__in=id_rows(found)).order_by(column, "pk").values_list("pk", column)
    return tuple((pk, name, found[pk]) for pk, name in names)
