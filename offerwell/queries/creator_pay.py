"""What an offer pays its creator, line by line: everything else, its tiers, its rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.queries.payouts import draft_of
from offerwell.rules.pay_rules import conditions_text, pay_text
from offerwell.rules.pay_tiers import threshold_text
from offerwell.rules.payouts import terms_text

if TYPE_CHECKING:
    from offerwell.models import PayoutOption
    from offerwell.queries.payout_rules import RuleSet
    from offerwell.rules.pay_tiers import Tiers

_PERIODS = {"lifetime": "since you joined", "month": "in a month"}


@dataclass(frozen=True, slots=True)
class PayLine:
    """“14%” and “after 100.00 USD of sales since you joined”."""

    pays: str
    what: str


@dataclass(frozen=True, slots=True)
class OwnPay:
    """`everything_else` is paid where none of `special` applies: “12% of each sale”. `tiers` stand in its place."""

    everything_else: str
    tiers: tuple[PayLine, ...]
    special: tuple[PayLine, ...]

    @property
    def is_simple(self) -> bool:
        """Whether one line says it all."""
        return not self.tiers and not self.special


def own_pay(option: PayoutOption, rules: RuleSet) -> OwnPay:
    """What the option pays with this set of rules and tiers. No statement."""
    return OwnPay(
        everything_else=terms_text(draft_of(option)),
        tiers=_tier_lines(rules.tiers, option.currency) if rules.tiers is not None else (),
        special=tuple(
            PayLine(pay_text(rule.basis_points, rule.amount, option.currency), conditions_text(rule))
            for rule in rules.rules
        ),
    )


def _tier_lines(tiers: Tiers, currency: str) -> tuple[PayLine, ...]:
    return tuple(
        PayLine(
            pay_text(step.basis_points, step.amount, currency),
            f"after {threshold_text(tiers, step)} {_PERIODS[tiers.period]}",
        )
        for step in tiers.steps
    )
