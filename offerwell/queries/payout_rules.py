"""The rules and tiers of payout options: what stands now, and what stood at a moment.

Sets come without the products of their collections, which may be thousands: enough to tell them and to name them. Who
judges lines by a set takes it `with_products`; `rule_sets` gives no others.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from django.db.models import OuterRef, Subquery

from offerwell.models import CollectionProducts, PayoutRules
from offerwell.models.id_list import id_rows
from offerwell.rules.pay_collections import keys_of
from offerwell.rules.pay_rules import PayRule, rules_of
from offerwell.rules.pay_tiers import Tiers, tiers_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.models import Enrollment


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules and tiers of an option from a moment on. `pk` 0: nobody ever set any."""

    pk: int = 0
    option_id: int = 0
    from_at: datetime | None = None
    rules: tuple[PayRule, ...] = ()
    tiers: Tiers | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the option's terms are all there is."""
        return not self.rules and self.tiers is None

    @property
    def collection_rows(self) -> frozenset[int]:
        """The rows of products that its collections name."""
        return frozenset(part.row for rule in self.rules for one in rule.collections for part in one.parts)


NO_RULES = RuleSet()


@dataclass(frozen=True, slots=True)
class RuleHistory:
    """All sets of some options, oldest first."""

    by_option: Mapping[int, tuple[RuleSet, ...]] = field(default_factory=dict)

    def at(self, option_id: int | None, moment: datetime) -> RuleSet:
        """The set that stood then: a set counts for orders placed at or after its moment."""
        sets = self.by_option.get(option_id or 0, ())
        return next((one for one in reversed(sets) if one.from_at is not None and one.from_at <= moment), NO_RULES)

    def now(self, option_id: int | None) -> RuleSet:
        """The newest set."""
        return (self.by_option.get(option_id or 0) or (NO_RULES,))[-1]


def rule_history(option_ids: Iterable[int]) -> RuleHistory:
    """The sets of these options. One statement."""
    found: dict[int, list[RuleSet]] = defaultdict(list)
    for row in PayoutRules.objects.filter(option__in=id_rows(set(option_ids))).order_by("from_at", "pk"):
        found[row.option_id].append(_rule_set(row))
    return RuleHistory({option: tuple(sets) for option, sets in found.items()})


def rules_now(option_id: int) -> RuleSet:
    """What stands for an option now: what was set last."""
    row = PayoutRules.objects.filter(option=option_id).order_by("from_at", "pk").last()
    return NO_RULES if row is None else _rule_set(row)


def sets_now() -> list[RuleSet]:
    """What stands for each option of the workspace that ever had rules. One statement."""
    newest = PayoutRules.objects.filter(option=OuterRef("option")).order_by("-from_at", "-pk").values("pk")[:1]
    return [_rule_set(row) for row in PayoutRules.objects.filter(pk=Subquery(newest)).order_by("option_id")]


def with_rules_now(places: QuerySet[Enrollment]) -> QuerySet[Enrollment]:
    """Places that carry what stands for their option now, for `annotated_set`: no statement more."""
    newest = PayoutRules.objects.filter(option=OuterRef("payout_option")).order_by("-from_at", "-pk")
    return places.annotate(
        rules_now=Subquery(newest.values("rules")[:1]), tiers_now=Subquery(newest.values("tiers")[:1])
    )


def annotated_set(place: Any) -> RuleSet:
    """The set that a place carries."""
    return RuleSet(rules=rules_of(place.rules_now or ()), tiers=tiers_of(place.tiers_now or {}))


def rule_sets(ids: Iterable[int]) -> dict[int, RuleSet]:
    """Sets by their own ids, with products. One statement, two with collections, or none where there are no ids."""
    wanted = set(ids)
    if not wanted:
        return {}
    return with_products(_rule_set(row) for row in PayoutRules.objects.filter(pk__in=id_rows(wanted)))


def with_products(sets: Iterable[RuleSet]) -> dict[int, RuleSet]:
    """The sets by their ids, with the products of their collections. One statement, or none without collections."""
    found = {one.pk: one for one in sets}
    rows = {row for one in found.values() for row in one.collection_rows}
    if not rows:
        return found
    listed = CollectionProducts.objects.filter(pk__in=id_rows(rows)).values_list("pk", "products")
    keys = {pk: keys_of(products) for pk, products in listed}
    for pk, one in found.items():
        if one.collection_rows:
            found[pk] = replace(one, rules=tuple(rule.read(keys) for rule in one.rules))
    return found


def _rule_set(row: PayoutRules) -> RuleSet:
    return RuleSet(row.pk, row.option_id, row.from_at, rules_of(row.rules), tiers_of(row.tiers))
