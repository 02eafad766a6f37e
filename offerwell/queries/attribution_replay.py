"""Whose past orders would be under other rules, and what money that moves. Reads only, in batches by id.

Each batch is decided exactly as `actions/attribute_again.py` does it: by what is known now of codes and clicks, with
the payout option, rules and tier of the order's moment. So what is shown is what applying does. Orders that no rules
decide otherwise are only counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from offerwell.models import AttributionReplay, Conversion, Order, PayoutOption
from offerwell.models.id_list import among, id_rows
from offerwell.queries.attributions import attributions_of
from offerwell.queries.certain_orders import certain_orders
from offerwell.queries.commission_targets import lines_of, terms_then
from offerwell.queries.payout_history import places_then
from offerwell.queries.payout_rules import NO_RULES, rule_history, rule_sets, with_products
from offerwell.queries.replayed_tiers import AskedTier, moved_sales
from offerwell.queries.settled_orders import settled_entries
from offerwell.rules.attribution import Way
from offerwell.rules.attribution_replay import Credit, ReplayFigures, rules_key
from offerwell.rules.commission import Sale, Terms, commission_due
from offerwell.rules.pay_tiers import Sold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from offerwell.queries.commission_targets import Lines
    from offerwell.queries.payout_history import PlaceThen
    from offerwell.queries.payout_rules import RuleHistory, RuleSet
    from offerwell.queries.replayed_tiers import MovedSales
    from offerwell.rules.attribution import AttributionPolicy, Candidate

BATCH = 1_000
PREVIEWED_BATCH = 2_000
"""Of what is only computed; more at once than may be applied in one transaction."""
_TERMS = ("kind", "basis_points", "amount", "currency")
_COLUMNS = (
    "pk", "workspace_id", "store_id", "ref", "placed_at", "currency", "net", "refunded", "cancelled_at", "is_test",
    "is_unconfirmed", "is_returning", "codes", "click_ids", "buyer_member_id", "decided_by", "conversion__member_id",
    "conversion__enrollment_id", "conversion__offer_id", "conversion__payout_option_id", "conversion__rules_id",
    "conversion__tier", "conversion__status", "conversion__sales", "first", "window_days",
    *(f"conversion__payout_option__{one}" for one in _TERMS),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReplayScope:
    """Which orders: placed since a moment, and known when the replay was asked for (`top_id`)."""

    since: datetime
    top_id: int


@dataclass(slots=True)
class _Past:
    """A stored order with what it earns now; `first` and `window_days` are those of the replay."""

    pk: int
    workspace_id: int
    store_id: int
    ref: str
    placed_at: datetime
    currency: str
    net: int
    refunded: int
    cancelled_at: datetime | None
    is_test: bool
    is_unconfirmed: bool
    is_returning: bool | None
    codes: list[str]
    click_ids: list[str]
    buyer_member_id: int | None
    decided_by: str
    member_id: int | None
    enrollment_id: int | None
    offer_id: int | None
    option_id: int | None
    rules_id: int | None
    tier: int | None
    status: str | None
    sales: int | None
    had_first: str
    had_window_days: int
    kind: str | None
    basis_points: int | None
    amount: int | None
    terms_currency: str | None
    first: str
    window_days: int

    @property
    def had(self) -> str:
        return rules_key(self.had_first, self.had_window_days)

    @property
    def earns(self) -> bool:
        return self.decided_by != Way.NONE and self.status == "accepted"

    def sale(self, lines: Lines) -> Sale:
        return Sale(
            self.currency, self.net, self.refunded, lines=lines.get(self.pk, ()), placed_at=self.placed_at,
            is_returning=self.is_returning,
        )  # fmt: skip

    def before(self, rules: RuleSet, lines: Lines) -> Credit:
        """As the books have it."""
        if not self.earns:
            return Credit(self.member_id if self.decided_by != Way.NONE else None, self.currency, 0, {})
        terms = Terms(self.kind or "", self.basis_points, self.amount, self.terms_currency or "")
        due = commission_due(terms_then(terms, rules, self.tier), self.sale(lines))
        return Credit(self.member_id, self.currency, self.sales or 0, due)

    def sold(self) -> Sold | None:
        """What its place has of it now."""
        if self.enrollment_id is None or self.status != "accepted":
            return None
        return Sold(self.pk, self.enrollment_id, self.pk, self.placed_at, self.currency, self.sales or 0, counts=True)


@dataclass(frozen=True, slots=True)
class _Promise:
    """Whose an order would be, and by which option and rules, as `actions/attribute_order.py` has it."""

    member_id: int
    enrollment_id: int
    offer_id: int
    option_id: int | None
    rules: RuleSet
    counts: bool

    def keeps_tier(self, one: _Past) -> bool:
        """Whether the tier that was decided stays."""
        promised = (self.enrollment_id, self.rules.pk or None)
        return one.tier is not None and (one.enrollment_id, one.rules_id) == promised

    def pays_as(self, one: _Past, tier: int | None) -> bool:
        """Whether the order earns what it earns now, whoever gets it: the same terms of the same sale."""
        return one.earns and (one.option_id, one.rules_id, one.tier or 0) == (
            self.option_id, self.rules.pk or None, tier or 0
        )  # fmt: skip

    def sold(self, one: _Past) -> Sold:
        sales = one.net - one.refunded if self.counts else 0
        return Sold(one.pk, self.enrollment_id, one.pk, one.placed_at, one.currency, sales, self.counts)


def newest_replays(size: int = 10) -> list[AttributionReplay]:
    """For the list under the rules."""
    return list(AttributionReplay.objects.defer("preview", "result").order_by("-pk")[:size])


def replay_scope(since: datetime) -> tuple[ReplayScope, int]:
    """The scope as of now, and how many orders it has."""
    top = Order.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return ReplayScope(since, top), Order.objects.filter(placed_at__gte=since, pk__lte=top).count()


def order_batches(within: ReplayScope, *, after: int = 0, size: int = PREVIEWED_BATCH) -> Iterator[list[int]]:
    """The ids, batch after batch."""
    while ids := next_orders(within, after=after, size=size):
        yield ids
        after = ids[-1]


def next_orders(within: ReplayScope, *, after: int, size: int = BATCH) -> list[int]:
    """The next ids of the scope; none: it is through."""
    found = Order.objects.filter(pk__gt=after, pk__lte=within.top_id, placed_at__gte=within.since)
    return list(found.order_by("pk").values_list("pk", flat=True)[:size])


def staying(order_ids: Iterable[int]) -> frozenset[int]:
    """Those of the orders that no replay touches, whatever the rules.

    A person judged their conversion, or what they earned is on an approved statement, or on one that is being approved.
    The one place for such a guard: preview and applying both ask here. Three statements.
    """
    listed = id_rows(order_ids)
    judged = Conversion.objects.filter(order__in=listed, judged_at__isnull=False)
    settled = settled_entries().filter(order__in=listed)
    return frozenset(judged.values_list("order_id", flat=True)) | frozenset(settled.values_list("order_id", flat=True))


def replayed(
    within: ReplayScope, policy: AttributionPolicy, *, on_progress: Callable[[int], object] = lambda _done: None
) -> ReplayFigures:
    """What `policy` would move. `on_progress` hears after each batch how many orders are done."""
    figures, moved, done = ReplayFigures(), moved_sales(), 0
    for ids in order_batches(within):
        replay_batch(ids, policy, figures, moved)
        done += len(ids)
        on_progress(done)
    return figures


@dataclass(frozen=True, slots=True)
class ReplayedBatch:
    """Ids of orders: `decided` anew, and `certain`, which the rules could not decide otherwise. Others stay."""

    decided: list[int]
    certain: list[int]


def replay_batch(
    order_ids: Sequence[int], policy: AttributionPolicy, figures: ReplayFigures, moved: MovedSales | None = None
) -> ReplayedBatch:
    """Add the orders to the figures. `moved`: by batches that are not applied.

    The same number of statements whatever the number of orders.
    """
    moved = moved or moved_sales()
    stay = staying(order_ids)
    free = [pk for pk in order_ids if pk not in stay]
    certain = certain_orders(free)
    figures.add_unmoved(certain.rules, certain.due)
    decided = sorted({*free} - {*certain.ids})
    if decided:
        _replay(decided, policy, figures, moved)
    figures.stay += len(order_ids) - len(free)
    return ReplayedBatch(decided, certain.ids)


def _replay(order_ids: Sequence[int], policy: AttributionPolicy, figures: ReplayFigures, moved: MovedSales) -> None:
    orders = _past(order_ids, policy)
    winners = [decision.winner for decision in attributions_of(orders)]
    places = _places(orders, winners)
    history = rule_history({option for place in places if place for option in place.options})
    promises = _with_products([_promise(*found, history) for found in zip(orders, winners, places, strict=True)])
    tiers = _tiers(orders, promises, moved)
    terms = _terms({promise.option_id for promise in promises if promise})
    sets = rule_sets(one.rules_id for one in orders if one.rules_id is not None)
    lines = lines_of(
        one.pk for one, promise in zip(orders, promises, strict=True)
        if sets.get(one.rules_id or 0, NO_RULES).rules or (promise and promise.rules.rules)
    )  # fmt: skip
    for one, promise in zip(orders, promises, strict=True):
        before = one.before(sets.get(one.rules_id or 0, NO_RULES), lines)
        tier = tiers.get(one.pk)
        is_same = promise is not None and promise.pays_as(one, tier)
        due = before.due if is_same else _due(one, promise, tier, terms, lines)
        figures.add(one.pk, before, _after(one, promise, due), rules=one.had)


def _past(order_ids: Sequence[int], policy: AttributionPolicy) -> list[_Past]:
    rows = Order.objects.filter(among(order_ids)).order_by("pk").values_list(*_COLUMNS)
    asked: tuple[Any, ...] = (str(policy.first), policy.window_days)
    return [_Past(*row, *asked) for row in rows]


def _places(orders: Sequence[_Past], winners: Sequence[Candidate | None]) -> list[PlaceThen | None]:
    wanted = {winner.enrollment_id for winner in winners if winner}
    places = places_then(wanted, since=min(one.placed_at for one in orders))
    return [places[winner.enrollment_id] if winner else None for winner in winners]


def _terms(option_ids: set[int | None]) -> Mapping[int | None, Terms]:
    rows = PayoutOption.objects.filter(pk__in=id_rows(one for one in option_ids if one is not None))
    return {pk: Terms(kind, *rest) for pk, kind, *rest in rows.values_list("pk", *_TERMS)}


def _promise(
    one: _Past, winner: Candidate | None, place: PlaceThen | None, history: RuleHistory
) -> _Promise | None:  # fmt: skip
    if winner is None or place is None:
        return None
    option_id = place.option_at(one.placed_at)
    is_open = one.cancelled_at is None and not one.is_test
    counts = is_open and not one.is_unconfirmed and one.buyer_member_id != winner.member_id
    rules = history.at(option_id, one.placed_at)
    return _Promise(winner.member_id, winner.enrollment_id, place.offer_id, option_id, rules, counts)


def _with_products(promises: Sequence[_Promise | None]) -> list[_Promise | None]:
    """Only sets that are promised: a collection may have been another one every day."""
    sets = {promise.rules.pk: promise.rules for promise in promises if promise and promise.rules.collection_rows}
    read = sets and with_products(sets.values())
    return [
        replace(promise, rules=read[promise.rules.pk]) if promise and promise.rules.pk in read else promise
        for promise in promises
    ]


def _tiers(orders: Sequence[_Past], promises: Sequence[_Promise | None], moved: MovedSales) -> Mapping[int, int | None]:
    """Order → the tier it has then: the one decided before, or one decided by what all moved orders leave."""
    asked, found = [], {}
    for one, promise in zip(orders, promises, strict=True):
        if promise and promise.keeps_tier(one):
            found[one.pk] = one.tier
        elif promise and promise.rules.tiers is not None:
            asked.append(
                AskedTier(one.pk, promise.member_id, promise.enrollment_id, one.placed_at, promise.rules.tiers)
            )
        before = one.sold() if one.offer_id in moved.offers else None
        after = promise.sold(one) if promise and promise.offer_id in moved.offers else None
        if before != after:
            moved.note(before, after)
    return found | moved.decided(asked, orders[0].workspace_id)


def _due(
    one: _Past, promise: _Promise | None, tier: int | None, terms: Mapping[int | None, Terms], lines: Lines
) -> dict[str, int]:
    """What the promise earns; nothing where it does not count."""
    if promise is None or not promise.counts:
        return {}
    promised = terms_then(terms.get(promise.option_id, Terms("")), promise.rules, tier)
    return commission_due(promised, one.sale(lines))


def _after(one: _Past, promise: _Promise | None, due: Mapping[str, int]) -> Credit:
    """As `actions/attribute_order.py` would have it."""
    if promise is None or not promise.counts:
        return Credit(promise.member_id if promise else None, one.currency, 0, {})
    return Credit(promise.member_id, one.currency, one.net - one.refunded, due)
