"""Rules and tiers from a moment on: what each order keeps, and what is refused."""

from __future__ import annotations

import json
import random
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from offerwell.actions.edit_payout_option import edit_payout_option
from offerwell.actions.judge_conversion import judge_conversion
from offerwell.actions.set_payout_rules import set_payout_rules
from offerwell.models import Conversion, Event, LedgerEntry, PayoutOption, PayoutRules
from offerwell.queries.payout_rules import rules_now
from offerwell.queries.verify_orders import order_problems
from offerwell.rules.order_snapshot import LineSnapshot
from offerwell.rules.pay_rules import PayRule, RulesRefused
from offerwell.rules.pay_tiers import Tier, Tiers
from offerwell.rules.payouts import PayoutDraft, PayoutRefused
from tests import make

HOUR = timedelta(hours=1)
SERUM = PayRule(1500, products=("Serum",))
COUNT = Tiers("conversions", "lifetime", (Tier(2, 2000),))


@pytest.fixture
def glow(acme):
    return make.store(acme)


@pytest.fixture
def nora(acme, glow):
    """A place in an offer at 10 %, with the code NORA10."""
    offer = make.offer(acme, "Summer", stores=[glow])
    place = make.enrollment(offer, make.member(acme, "Nora"), make.payout(offer, "Ten", is_default=True))
    make.history(make.code(place, "NORA10"))
    return place


def ruled(place, *rules, tiers=None, at=make.NOW - HOUR, seen=None):
    option = place.payout_option
    return set_payout_rules(
        workspace_id=place.workspace_id, option=option, rules=rules, tiers=tiers,
        seen=rules_now(option.pk).pk if seen is None else seen, by=make.ANA, at=at,
    )  # fmt: skip


def earned():
    """Order → the sum of its member entries."""
    sums = {}
    for entry in LedgerEntry.objects.filter(account="member").select_related("order"):
        sums[entry.order.ref] = sums.get(entry.order.ref, 0) + entry.amount
    return sums


def tiers():
    return dict(Conversion.objects.order_by("order_id").values_list("order__ref", "tier"))


def sold(ref, *, hours=0, **fields):
    return make.snapshot(ref, codes=["NORA10"], placed_at=make.NOW + hours * HOUR, **fields)


def test_an_order_keeps_the_rules_of_its_moment(acme, glow, nora):
    ruled(nora, SERUM)
    make.recorded(glow, sold("1"))
    ruled(nora, PayRule(3000, products=("serum",)), at=make.NOW + HOUR)
    make.recorded(glow, sold("2", hours=2), sold("late", hours=0), sold("before", hours=-2))
    make.recorded(glow, sold("1", minutes=5, net=20_000))
    assert earned() == {"1": 3000, "2": 3000, "late": 1500, "before": 1000}
    assert order_problems(acme) == []
    assert [event.kind for event in Event.objects.order_by("seq")] == ["payout_rules_set"] * 2
    assert json.loads(Event.objects.order_by("seq").first().body)["terms"] == "10% of each sale · 15% on Serum"


def test_lines_are_paid_by_their_own_rule_and_refunds_take_their_share(acme, glow, nora):
    ruled(nora, SERUM, PayRule(1200, products=("Serum", "Mist")))
    lines = (
        LineSnapshot("a", "Serum", 2, 2, 4_000),
        LineSnapshot("b", "Mist", 1, 1, 1_000),
        LineSnapshot("c", "X", 1, 1, 5_000),
    )
    make.recorded(glow, sold("1", lines=lines))
    assert earned() == {"1": 600 + 120 + 500}
    kept = (LineSnapshot("a", "Serum", 2, 1, 4_000), *lines[1:])
    make.recorded(glow, sold("1", lines=kept, minutes=1))
    assert earned() == {"1": 300 + 120 + 500}
    make.recorded(glow, sold("1", lines=kept, minutes=2, given_back=8_000))
    assert earned() == {"1": 0}
    assert order_problems(acme) == []


def test_the_same_set_again_is_no_new_one(nora):
    first = ruled(nora, SERUM)
    assert (ruled(nora, SERUM).pk, PayoutRules.objects.count(), Event.objects.count()) == (first.pk, 1, 1)


@pytest.mark.parametrize(
    ("rules", "tiers", "field"),
    [
        ((PayRule(1500),), None, "products"),
        ((PayRule(20_000, buyer="new"),), None, "pay"),
        ((PayRule(20_000, buyer="new"), SERUM), None, "rule_1_pay"),
        ((SERUM,) * 51, None, "rules"),
        ((), Tiers("conversions", "month", (Tier(5, 1), Tier(4, 2))), "step_2"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_happens(nora, rules, tiers, field):
    with pytest.raises(RulesRefused) as refused:
        ruled(nora, *rules, tiers=tiers)
    assert set(refused.value.problems) == {field}
    assert (PayoutRules.objects.count(), Event.objects.count()) == (0, 0)


def test_a_change_of_what_somebody_changed_meanwhile_is_refused(nora):
    ruled(nora, SERUM)
    with pytest.raises(RulesRefused, match="meanwhile"):
        ruled(nora, PayRule(100, buyer="new"), seen=0)
    assert (rules_now(nora.payout_option_id).rules, Event.objects.count()) == ((SERUM,), 1)


def test_rules_of_a_rival_are_out_of_reach(acme, rival, nora):
    with scope(workspace=rival):
        theirs = make.payout(make.offer(rival, "Theirs"))
    with pytest.raises(PayoutOption.DoesNotExist):
        set_payout_rules(
            workspace_id=acme.pk, option=theirs, rules=[SERUM], tiers=None, seen=0, by=make.ANA, at=make.NOW
        )
    assert Event.objects.count() == 0
    with scope(workspace=rival):
        assert PayoutRules.objects.count() == 0


def test_the_kind_of_an_option_with_rules_stays(acme, nora):
    option = make.payout(nora.offer, "Free")
    set_payout_rules(workspace_id=acme.pk, option=option, rules=[SERUM], tiers=None, seen=0, by=make.ANA, at=make.NOW)
    draft = PayoutDraft("Free", "cpa", amount=500, currency="USD")
    with pytest.raises(PayoutRefused, match="Remove them first"):
        edit_payout_option(workspace_id=acme.pk, option=option, draft=draft, by=make.ANA, at=make.NOW)
    option.refresh_from_db()
    assert (option.kind, Event.objects.count()) == ("cps", 1)


@pytest.mark.parametrize(
    "sql", ["UPDATE offerwell_payoutrules SET from_at = from_at", "DELETE FROM offerwell_payoutrules"]
)
def test_rules_cannot_be_rewritten_even_by_sql(nora, sql):
    ruled(nora, SERUM)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert rules_now(nora.payout_option_id).rules == (SERUM,)


def test_a_tier_counts_for_conversions_after_the_crossing(acme, glow, nora):
    ruled(nora, tiers=COUNT)
    make.recorded(glow, *[sold(str(n), hours=n) for n in (3, 1, 2, 4)])
    assert tiers() == {"1": 0, "2": 0, "3": 1, "4": 1}
    assert earned() == {"1": 1000, "2": 1000, "3": 2000, "4": 2000}
    assert order_problems(acme) == []


def test_a_decided_tier_stays_whatever_comes_later(acme, glow, nora):
    ruled(nora, tiers=COUNT)
    make.recorded(glow, sold("2", hours=2), sold("3", hours=3))
    make.recorded(glow, sold("0", hours=0), sold("1", hours=1))
    assert tiers() == {"0": 0, "1": 0, "2": 0, "3": 0}
    make.recorded(glow, sold("3", hours=3, minutes=9, net=5_000), sold("4", hours=4))
    judge_conversion(
        workspace_id=acme.pk, conversion_id=Conversion.objects.get(order__ref="0").pk, is_accepted=False, reason="No",
        by=make.ANA, at=make.NOW,
    )  # fmt: skip
    assert (tiers(), earned()["3"]) == ({"0": 0, "1": 0, "2": 0, "3": 0, "4": 1}, 500)
    assert order_problems(acme) == []


def test_sales_of_the_month_move_a_member_up_and_the_next_month_begins_anew(acme, glow, nora):
    ruled(nora, tiers=Tiers("sales", "month", (Tier(15_000, 1500), Tier(30_000, 2000)), "USD"))
    days = [0, 1, 2, 40]
    make.recorded(glow, *[sold(str(n), hours=24 * n) for n in days], sold("eur", hours=5, net=90_000, currency="EUR"))
    assert tiers() == {"0": 0, "1": 0, "2": 1, "40": 0, "eur": 0}


def test_new_rules_decide_their_own_tiers(glow, nora):
    ruled(nora, tiers=COUNT)
    make.recorded(glow, sold("1"), sold("2"))
    ruled(nora, tiers=Tiers("conversions", "lifetime", (Tier(1, 1100), Tier(2, 1200))), at=make.NOW + HOUR)
    make.recorded(glow, sold("3", hours=2))
    ruled(nora, SERUM, at=make.NOW + 3 * HOUR)
    make.recorded(glow, sold("4", hours=4))
    assert (tiers(), earned()["3"]) == ({"1": 0, "2": 0, "3": 2, "4": None}, 1200)


def test_copies_and_shuffles_of_one_batch_come_to_the_same(acme, glow, nora):
    ruled(nora, SERUM, tiers=COUNT)
    found = [sold(str(n), hours=n) for n in range(6)]
    make.recorded(glow, *random.Random(3).sample(found, 6))
    before = (tiers(), earned())
    for one in random.Random(4).sample(found * 2, 12):
        make.recorded(glow, one, at=make.NOW + HOUR)
    assert (tiers(), earned()) == before
    assert before[0] == {"0": 0, "1": 0, "2": 1, "3": 1, "4": 1, "5": 1}


def test_statements_do_not_grow_with_the_batch(glow, nora):
    ruled(nora, SERUM, tiers=COUNT)

    def asked(count, start):
        with CaptureQueriesContext(connection) as seen:
            make.recorded(glow, *[sold(str(start + n)) for n in range(count)])
        return len(seen)

    assert asked(2, 100) == asked(20, 200)


def test_verify_names_a_conversion_with_other_rules_or_without_its_tier(acme, glow, nora):
    ruled(nora, tiers=COUNT)
    make.recorded(glow, sold("1"))
    Conversion.objects.update(tier=None)
    assert {problem.check for problem in order_problems(acme)} == {"payout_rules"}
    Conversion.objects.update(rules=None)
    assert [problem.check for problem in order_problems(acme)] == ["payout_rules"]
