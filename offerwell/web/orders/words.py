"""Reasons, verdicts and sums of orders, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offerwell.queries.payouts import option_terms
from offerwell.rules.attribution import Verdict, Way
from offerwell.rules.money import money_text
from offerwell.rules.pay_rules import conditions_text
from offerwell.rules.pay_tiers import PERIODS, threshold_text
from offerwell.rules.payouts import percent_text

if TYPE_CHECKING:
    from offerwell.models import Conversion, Order
    from offerwell.queries.orders import OrderRow
    from offerwell.queries.payout_rules import RuleSet
    from offerwell.rules.commission import Part

WAYS = {
    Way.CODE: "Code on the order",
    Way.CARRIED: "Click carried by the order",
    Way.BROWSER: "Click in the same browser",
    Way.NONE: "Nobody’s code or link",
}


def verdict_text(verdict: str, order: Order) -> str:
    """What became of a candidate."""
    first = "codes come before links" if order.first == "code" else "links come before codes"
    return {
        Verdict.DECIDES: "Decides",
        Verdict.OUTRANKED: f"Outranked: {first}, then the first code or the last click",
        Verdict.TOO_OLD: f"More than {order.window_days} days before the order",
        Verdict.AFTER_ORDER: "After the order",
        Verdict.BOT: "A bot",
    }.get(Verdict(verdict), verdict)


def rules_text(first: str, window_days: int) -> str:
    """Attribution rules in a line."""
    days = "1 day" if window_days == 1 else f"{window_days} days"
    return f"{'Codes' if first == 'code' else 'Links'} first, a click counts {days}"


def sums_text(sums: tuple[tuple[str, int], ...]) -> str:
    """“10.00 USD + 500 JPY”; nothing earned is an en dash."""
    return " + ".join(money_text(amount, currency) for currency, amount in sums) or "–"


def part_text(part: Part, order: Order, rules: RuleSet) -> str:
    """How one part of the commission comes about, and which rule or tier gave it."""
    if part.basis_points is None:
        left = "" if not order.refunded else ", for the part of the order that was kept"
        return f"Amount per conversion{left}{_why(part, rules)}"
    return f"{percent_text(part.basis_points)} of {money_text(part.base, order.currency)}{_why(part, rules)}"


def _why(part: Part, rules: RuleSet) -> str:
    """What gave the part; nothing where the option has neither rules nor tiers."""
    if part.rules:
        return f": rule {' and '.join(conditions_text(rule) for rule in part.rules)}"
    if part.tier and rules.tiers is not None:
        step = rules.tiers.steps[part.tier - 1]
        return f": tier {part.tier}, after {threshold_text(rules.tiers, step)} {PERIODS[rules.tiers.period]}"
    return ": everything else" if rules.rules else ": no tier yet" if rules.tiers is not None else ""


def state_of(row: OrderRow) -> str:
    """The status shown beside an order, for `status_badge`."""
    order, conversion = row.order, row.conversion
    if order.cancelled_at is not None:
        return "order_cancelled"
    if order.is_test:
        return "order_test"
    if row.awaits_shop:
        return "order_unconfirmed"
    return f"conversion_{conversion.status}" if conversion else "order_nobodys"


def option_text(conversion: Conversion, rules: RuleSet) -> str:
    """The payout option with its terms, and the rules and tiers of the order's moment."""
    option = conversion.payout_option
    if option is None:
        return "None"
    terms = option_terms(option, rules)
    return terms if option.name == terms else f"{option.name}: {terms}"
