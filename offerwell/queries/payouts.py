"""The payout options of an offer, with how many members have each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db.models import Count

from offerwell.models import Enrollment, PayoutOption
from offerwell.queries.payout_rules import NO_RULES, RuleSet, rule_history, rules_now
from offerwell.rules.pay_rules import rule_text
from offerwell.rules.pay_tiers import tiers_text
from offerwell.rules.payouts import PayoutDraft, terms_text

if TYPE_CHECKING:
    from offerwell.models import Offer


@dataclass(frozen=True, slots=True)
class OptionRow:
    """An option as a person reads it, with its rules and tiers as they are now."""

    option: PayoutOption
    terms: str
    members: int = 0
    rules: RuleSet = NO_RULES

    @property
    def lines(self) -> list[str]:
        """The terms, one by one."""
        return _lines(self.option, self.rules)


def options_of(offer: Offer) -> list[OptionRow]:
    """The default first, then by name. Not counted. Two statements."""
    found = list(PayoutOption.objects.filter(offer=offer).order_by("-is_default", "name_key"))
    history = rule_history(option.pk for option in found)
    sets = [history.now(option.pk) for option in found]
    return [OptionRow(option, option_terms(option, now), rules=now) for option, now in zip(found, sets, strict=True)]


def counted_options(offer: Offer) -> list[OptionRow]:
    """The options with their members, in three statements."""
    places = Enrollment.objects.filter(offer=offer).order_by().values_list("payout_option_id")
    members = dict(places.annotate(n=Count("pk")))
    return [replace(row, members=members.get(row.option.pk, 0)) for row in options_of(offer)]


def default_option_id(offer: Offer) -> int | None:
    """The option that new members of the offer get."""
    return PayoutOption.objects.filter(offer=offer, is_default=True).values_list("pk", flat=True).first()


def option_terms(option: PayoutOption, rules: RuleSet = NO_RULES) -> str:
    """What the option pays, in words: everything else first, then its rules and tiers."""
    return " · ".join(_lines(option, rules))


def _lines(option: PayoutOption, rules: RuleSet) -> list[str]:
    told = [terms_text(draft_of(option)), *(rule_text(rule, option.currency) for rule in rules.rules)]
    if rules.tiers is not None:
        told.append(tiers_text(rules.tiers, option.currency))
    return told


def terms_now(option: PayoutOption) -> str:
    """The same with its rules and tiers of now. One statement."""
    return option_terms(option, rules_now(option.pk))


def terms_in_short(option: PayoutOption) -> str:
    """What everything else pays, and whether rules or tiers say otherwise of some. One statement."""
    now = rules_now(option.pk)
    return f"{option_terms(option)}{'' if now.is_empty else '; other rates by its rules'}"


def draft_of(option: PayoutOption) -> PayoutDraft:
    """The option as it is filled in."""
    return PayoutDraft(option.name, option.kind, option.basis_points, option.amount, option.currency)


def option_names(offer: Offer) -> dict[int, str]:
    """Names by id, for rows that carry the id."""
    return dict(PayoutOption.objects.filter(offer=offer).values_list("pk", "name"))
