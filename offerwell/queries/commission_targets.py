"""What orders should have earned, from the stored order, its conversion and its terms: the ledger must say the same."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from offerwell.models import Conversion, ConversionStatus, OrderLine
from offerwell.models.id_list import id_rows
from offerwell.queries.payout_rules import NO_RULES, RuleSet, rule_sets
from offerwell.rules.commission import Sale, Terms, commission_due
from offerwell.rules.pay_rules import SoldLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_COLUMNS = (
    "order_id", "member_id", "rules_id", "tier", "order__currency", "order__net", "order__refunded",
    "order__placed_at", "order__is_returning", "payout_option__kind", "payout_option__basis_points",
    "payout_option__amount", "payout_option__currency",
)  # fmt: skip
Lines = dict[int, tuple[SoldLine, ...]]


def commission_targets(order_ids: Iterable[int]) -> Mapping[int, dict[tuple[int, str], int]]:
    """Order → (member, currency) → smallest units. Orders that earn nothing are left out.

    One statement; two more where rules apply, three where some are about collections, whatever the number of orders.
    """
    rows = Conversion.objects.filter(order__in=id_rows(order_ids), status=ConversionStatus.ACCEPTED)
    found = list(rows.values_list(*_COLUMNS))
    sets = rule_sets(rules_id for _order, _member, rules_id, *_rest in found if rules_id is not None)
    lines = lines_of(row[0] for row in found if sets.get(row[2], NO_RULES).rules)
    return {row[0]: _due(row, sets.get(row[2], NO_RULES), lines) for row in found}


def _due(row: tuple[Any, ...], rules: RuleSet, lines: Lines) -> dict[tuple[int, str], int]:
    order_id, member_id, _rules, tier, currency, net, refunded, placed_at, is_returning, kind, *terms = row
    sale = Sale(
        currency, net, refunded, lines=lines.get(order_id, ()), placed_at=placed_at, is_returning=is_returning
    )  # fmt: skip
    due = commission_due(terms_then(Terms(kind or "", *terms), rules, tier), sale)
    return {(member_id, in_currency): amount for in_currency, amount in due.items()}


def terms_then(terms: Terms, rules: RuleSet, tier: int | None) -> Terms:
    """The option's terms with the rules and the tier of a conversion."""
    if rules is NO_RULES:
        return terms
    promised = Terms(terms.kind, terms.basis_points, terms.amount, terms.currency, rules.rules)
    return promised.in_tier(rules.tiers, tier or 0)


def lines_of(order_ids: Iterable[int]) -> Lines:
    """Order → its lines as rules look at them. One statement, or none where there are no orders."""
    ids = list(order_ids)
    found: dict[int, list[SoldLine]] = defaultdict(list)
    if ids:
        rows = OrderLine.objects.filter(order__in=id_rows(ids)).order_by("order_id", "position")
        for order_id, *line in rows.values_list(
            "order_id", "net", "refunded", "product_ref", "title", "order__store_id"
        ):
            found[order_id].append(SoldLine(*line))
    return {order_id: tuple(lines) for order_id, lines in found.items()}
