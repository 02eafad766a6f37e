"""Orders that no attribution rules decide otherwise, and what they earn: a replay only has to count them.

Rules weigh codes against clicks, and say how old a browser's click may be. Where all that an order has to go by is one
code that only ever was of one place, or is nothing of ours, there is nothing to weigh. What else could differ from the
books (the place's payout option, rules and tiers) has to be as simple here; all other orders
are decided one by one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db.models import BooleanField, Exists, ExpressionWrapper, F, Max, OuterRef, Q
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from offerwell.models import BrowserReport, BulkChange, ChangeKind, CodeHistory, ConversionStatus, Order, PayoutRules
from offerwell.models.id_list import among
from offerwell.models.json_rows import text_rows
from offerwell.queries.attributions import keys_of
from offerwell.rules.attribution import Way
from offerwell.rules.attribution_replay import rules_key
from offerwell.rules.commission import Sale, Terms, commission_due

if TYPE_CHECKING:
    from collections.abc import Collection

_RULES = ("pk", "first", "window_days")
_COLUMNS = (*_RULES, "currency", "net", "refunded")
_TERMS = tuple(f"conversion__payout_option__{one}" for one in ("kind", "basis_points", "amount", "currency"))


@dataclass(slots=True)
class CertainOrders:
    """`rules` counts the orders by the rules they came in under; `due`: currency → smallest units they earn."""

    ids: list[int] = field(default_factory=list)
    rules: Counter[str] = field(default_factory=Counter)
    due: Counter[str] = field(default_factory=Counter)

    def add(self, order_id: int, first: str, window_days: int) -> None:
        """One more; what it earns is apart."""
        self.ids.append(order_id)
        self.rules[rules_key(first, window_days)] += 1


def certain_orders(order_ids: Collection[int]) -> CertainOrders:
    """Those of the orders, of which no person judged any. Four statements."""
    found = CertainOrders()
    told = BrowserReport.objects.filter(store=OuterRef("store"), ref=OuterRef("ref"))
    listed = Order.objects.filter(~Exists(told), among(order_ids), click_ids=[])
    # Asked of each order, not a condition: joins that PostgreSQL may turn round walk everybody's conversions.
    asked = listed.annotate(is_certain=ExpressionWrapper(_of_one_code(), BooleanField()))
    for row in asked.values_list("is_certain", *_COLUMNS, *_TERMS):
        is_certain, pk, first, window_days, currency, net, refunded, *terms = row
        if not is_certain:
            continue
        found.add(pk, first, window_days)
        for earned, amount in commission_due(Terms(*terms), Sale(currency, net, refunded)).items():
            found.due[earned] += amount
    nobodys = [
        (*row, keys_of(codes)) for *row, codes in listed.filter(decided_by=Way.NONE).values_list(*_RULES, "codes")
    ]
    entries = CodeHistory.objects.filter(text_key__in=text_rows(key for *_row, keys in nobodys for key in keys))
    known = frozenset(entries.values_list("text_key", flat=True))
    for *row, keys in nobodys:
        if known.isdisjoint(keys):
            found.add(*row)
    return found


def _of_one_code() -> Q:
    """Accepted for their only code, which never belonged to another place; they earn by its option's plain terms."""
    text = KeyTextTransform("mark", KeyTransform("0", OuterRef("candidates")))
    entries = CodeHistory.objects.filter(text_key=text)
    same = Q(code__enrollment=OuterRef("conversion__enrollment"), member_id=OuterRef("conversion__member_id"))
    with_rules = PayoutRules.objects.filter(option=OuterRef("conversion__payout_option"))
    return (
        Q(codes__1__isnull=True, conversion__status=ConversionStatus.ACCEPTED)
        & Q(~Exists(entries.exclude(same)), ~Exists(with_rules))
        & _place_is_as_it_was()
    )


def _place_is_as_it_was() -> Q:
    """Its option is the order's, and nobody chose another since the order was placed."""
    place = "conversion__enrollment__payout"
    chosen = BulkChange.objects.filter(kind=ChangeKind.PAYOUT).aggregate(Max("at"))["at__max"]
    never = Q(**{f"{place}_change_id": None})
    not_since = never if chosen is None else never | Q(placed_at__gte=chosen)
    same = Q(**{f"{place}_option": F("conversion__payout_option")})
    return same & not_since
