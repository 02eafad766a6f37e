"""Give a payout option rules and tiers from now on. Orders placed before keep those of their moment.

Members who have the option may be paid otherwise from now on, which is why each set is a row of its own that nobody
can change: what was promised when is there to be read. Stores are asked before anything is stored for the products of
collections that the option has no rule about yet.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.read_collections import asked_collections, kept_rules, later
from offerwell.actions.record_event import record_event
from offerwell.models import PayoutOption, PayoutRules, lock_workspace
from offerwell.queries.payout_rules import RuleSet, rules_now
from offerwell.queries.payouts import option_terms
from offerwell.rules.pay_collections import RuleCollection
from offerwell.rules.pay_rules import MOST_RULES, RulesRefused, rule_json, rule_problems, rules_of, tidied_rule
from offerwell.rules.pay_tiers import tier_problems, tiers_json, tiers_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from offerwell.rules.pay_rules import PayRule
    from offerwell.rules.pay_tiers import Tiers
    from offerwell.rules.permissions import Actor

MEANWHILE = "Somebody changed these rules meanwhile. Nothing was stored: look at them as they are now, and try again."


def set_payout_rules(
    *, workspace_id: int, option: PayoutOption, rules: Sequence[PayRule], tiers: Tiers | None, seen: int, by: Actor,
    at: datetime,
) -> RuleSet:  # fmt: skip
    """Store the set, unless it is what stands. `seen` is the set that was changed (0: none was there).

    A set that only followed its collections since is no other. Collections may be given as they were asked for: the
    products are read, and the set counts from after that.
    Raises RulesRefused with every problem, by field; nothing is stored then.
    """
    began = time.monotonic()
    option = PayoutOption.objects.select_related("offer").get(pk=option.pk)
    wanted = _known(rules_now(option.pk), [tidied_rule(rule, option.kind) for rule in rules])
    _check(option, wanted, tiers)
    unread = {one.asked for rule in wanted for one in rule.collections if not one.parts}
    found = {}
    if unread:
        found = asked_collections(option.offer, sorted(unread), at=at)
    with transaction.atomic():
        lock_workspace(workspace_id)
        at = later(at, began) if unread else at
        option = PayoutOption.objects.get(pk=option.pk)
        before = rules_now(option.pk)
        if before.pk != seen and not _only_followed(before, seen):
            raise RulesRefused({"rules": MEANWHILE})
        stored = tuple(kept_rules(_known(before, wanted), found, workspace_id))
        _check(option, stored, tiers)
        if (stored, tiers) == (before.rules, before.tiers):
            return before
        # The former set counts from after its reading, which the door's moment does not know of.
        since = max(at, before.from_at or at)
        return _stored(workspace_id, option, RuleSet(0, option.pk, since, stored, tiers), by)


def _stored(workspace_id: int, option: PayoutOption, wanted: RuleSet, by: Actor) -> RuleSet:
    row = PayoutRules.objects.create(
        workspace_id=workspace_id, option=option, from_at=wanted.from_at, tiers=tiers_json(wanted.tiers),
        rules=[rule_json(rule) for rule in wanted.rules],
    )  # fmt: skip
    after = replace(wanted, pk=row.pk)
    facts = {"option": option.pk, "name": option.name, "rules": row.pk, "terms": option_terms(option, after)}
    record_event(
        workspace_id=workspace_id, kind="payout_rules_set", subject=f"offer:{option.offer_id}", facts=facts,
        by=by, at=row.from_at,
    )  # fmt: skip
    return after


def _only_followed(before: RuleSet, seen: int) -> bool:
    """Whether nobody set anything since: what was seen differs by the products of collections alone."""
    row = PayoutRules.objects.filter(pk=seen, option=before.option_id).first()
    if row is None or tiers_of(row.tiers) != before.tiers:
        return False
    return [_as_asked(rule) for rule in rules_of(row.rules)] == [_as_asked(rule) for rule in before.rules]


def _as_asked(rule: PayRule) -> PayRule:
    return replace(rule, collections=tuple(RuleCollection(one.asked) for one in rule.collections))


def _known(now: RuleSet, rules: Sequence[PayRule]) -> list[PayRule]:
    """The rules, their collections as the option has them already: no store is asked for those."""
    known = {one.asked.lower(): one for rule in now.rules for one in rule.collections}
    return [
        replace(rule, collections=tuple(known.get(one.asked.lower(), one) for one in rule.collections))
        for rule in rules
    ]


def _check(option: PayoutOption, rules: Sequence[PayRule], tiers: Tiers | None) -> None:
    problems: dict[str, str] = {}
    for number, rule in enumerate(rules, start=1):
        problems |= {
            field if number == len(rules) else f"rule_{number}_{field}": sentence
            for field, sentence in rule_problems(rule, option.kind).items()
        }
    if len(rules) > MOST_RULES:
        problems["rules"] = f"Use at most {MOST_RULES} rules for an option."
    if tiers is not None:
        problems |= tier_problems(tiers, option.kind)
    if problems:
        raise RulesRefused(problems)
