"""Orders with whose they are: a page of them, newest first, and one with everything that decided."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db.models import Q, Sum

from offerwell.models import Account, Conversion, ConversionStatus, LedgerEntry, Member, Order, OrderLine, OrderPull
from offerwell.models.id_list import id_rows
from offerwell.queries.commission_targets import lines_of, terms_then
from offerwell.queries.payout_rules import NO_RULES, RuleSet, rule_sets
from offerwell.rules.commission import Part, Sale, Terms, commission_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from offerwell.models import Store

PAGE_SIZE = 50
MOST_COUNTED = 1_000
# Of conversions: only a browser told of the order, and neither the shop nor a person has said anything yet.
AWAITS_SHOP = Q(status=ConversionStatus.REJECTED, judged_at=None, order__is_unconfirmed=True)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class OrderView(StrEnum):
    """Which orders are listed. An order that awaits its shop is unconfirmed, not rejected."""

    ALL = "all"
    CREDITED = "accepted"
    REJECTED = "rejected"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order, its conversion if it has one, and what it earned so far: (currency, smallest units).

    `awaits_shop`: only a browser told of it, and it earns nothing until its shop or a person says so.
    """

    order: Order
    conversion: Conversion | None
    earned: tuple[tuple[str, int], ...]
    awaits_shop: bool


@dataclass(frozen=True, slots=True)
class OrderList:
    """A page, newest first. `older` is the place to go on from (empty: this is the end)."""

    rows: tuple[OrderRow, ...]
    older: str


@dataclass(frozen=True, slots=True)
class CandidateSeen:
    """Somebody who might have brought the order, and what became of that."""

    way: str
    mark: str
    verdict: str
    at: datetime
    member: Member | None


@dataclass(frozen=True, slots=True)
class OrderSeen:
    """Everything about one order. `parts` are how its commission is made up now; `entries` how it was posted.

    `rules` are those of its moment.
    """

    row: OrderRow
    lines: tuple[OrderLine, ...]
    candidates: tuple[CandidateSeen, ...]
    parts: tuple[Part, ...]
    entries: tuple[tuple[LedgerEntry, Member | None], ...]
    rules: RuleSet = NO_RULES


def order_list(view: OrderView, *, text: str = "", before: str = "", size: int = PAGE_SIZE) -> OrderList:
    """The orders of the view, older than the place `before`. `text` is an order's name or its id in the store."""
    found = Order.objects.select_related("store").order_by("-placed_at", "-pk")
    if view != OrderView.ALL:
        found = found.filter(pk__in=Conversion.objects.filter(_in_view(view)).values("order"))
    if text:
        found = found.filter(Q(name__in=[text, f"#{text}"]) | Q(ref=text))
    if place := _place_in(before):
        placed_at, pk = place
        found = found.filter(placed_at__lte=placed_at).filter(Q(placed_at__lt=placed_at) | Q(pk__lt=pk))
    orders = list(found[: size + 1])
    older = _place_text(orders[size - 1]) if len(orders) > size else ""
    return OrderList(tuple(order_rows(orders[:size])), older)


def _in_view(view: OrderView) -> Q:
    if view == OrderView.UNCONFIRMED:
        return AWAITS_SHOP
    return Q(status=str(view)) & ~AWAITS_SHOP if view == OrderView.REJECTED else Q(status=str(view))


def awaiting_count() -> int:
    """How many orders await their shop. Counted up to MOST_COUNTED: browsers can be made tell of any number."""
    return Conversion.objects.filter(AWAITS_SHOP)[:MOST_COUNTED].count()


def order_seen(order: Order) -> OrderSeen:
    """One order. Eight statements at most."""
    row = order_rows([order])[0]
    entries = list(LedgerEntry.objects.filter(order=order, account=Account.MEMBER).order_by("seq"))
    rules = _rules(row.conversion)
    people = _members({one["member"] for one in order.candidates} | {entry.member_id for entry in entries})
    return OrderSeen(
        row,
        tuple(OrderLine.objects.filter(order=order).order_by("position")),
        tuple(_candidate(one, people) for one in order.candidates),
        _parts(order, row.conversion, rules),
        tuple((entry, people.get(entry.member_id)) for entry in entries),
        rules,
    )


def pull_of(store: Store) -> OrderPull | None:
    """How far the store's orders were read."""
    found: OrderPull | None = OrderPull.objects.filter(store=store).first()
    return found


def _candidate(one: Mapping[str, Any], people: Mapping[int, Member]) -> CandidateSeen:
    at = datetime.fromisoformat(one["at"])
    return CandidateSeen(one["way"], one["mark"], one["verdict"], at, people.get(one["member"]))


def _rules(conversion: Conversion | None) -> RuleSet:
    pk = conversion and conversion.rules_id
    return rule_sets([pk])[pk] if pk else NO_RULES


def _parts(order: Order, conversion: Conversion | None, rules: RuleSet) -> tuple[Part, ...]:
    option = conversion.payout_option if conversion else None
    if conversion is None or option is None:
        return ()
    counts = conversion.status == ConversionStatus.ACCEPTED
    terms = Terms(option.kind, option.basis_points, option.amount, option.currency)
    lines = lines_of([order.pk] if rules.rules else ()).get(order.pk, ())
    sale = Sale(order.currency, order.net, order.refunded, counts, lines, order.placed_at, order.is_returning)
    return commission_parts(terms_then(terms, rules, conversion.tier), sale)


def order_rows(orders: list[Order]) -> list[OrderRow]:
    """The orders, each with its conversion and what it earned. Two statements."""
    ids = id_rows(order.pk for order in orders)
    conversions = Conversion.objects.filter(order__in=ids).annotate(awaits_shop=AWAITS_SHOP)
    by_order = {row.order_id: row for row in conversions.select_related("member", "offer", "payout_option")}
    waiting = {pk for pk, row in by_order.items() if row.awaits_shop}
    earned: dict[int, list[tuple[str, int]]] = defaultdict(list)
    entries = LedgerEntry.objects.filter(order__in=ids, account=Account.MEMBER).order_by("currency")
    for order_id, currency, total in entries.values_list("order_id", "currency").annotate(total=Sum("amount")):
        earned[order_id].append((currency, int(total)))
    return [OrderRow(order, by_order.get(order.pk), tuple(earned[order.pk]), order.pk in waiting) for order in orders]


def _members(ids: Iterable[int]) -> dict[int, Member]:
    return {member.pk: member for member in Member.objects.filter(pk__in=id_rows(ids))}


def _place_text(order: Order) -> str:
    return f"{(order.placed_at - _EPOCH) // timedelta(microseconds=1)}-{order.pk}"


def _place_in(text: str) -> tuple[datetime, int] | None:
    """The place in an address; None where it is none: the list then begins anew."""
    moment, _, pk = text.partition("-")
    if not (moment.isascii() and moment.isdigit() and pk.isascii() and pk.isdigit() and len(text) < 36):  # noqa: PLR2004
        return None
    try:
        return _EPOCH + timedelta(microseconds=int(moment)), min(int(pk), 2**63 - 1)
    except OverflowError:
        return None
