"""Rules about collections with a real sandbox store over HTTP: read, sold, changed, deleted, and refused without a scope."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from offerwell.actions.follow_collections import follow_collections
from offerwell.actions.read_orders import read_orders
from offerwell.actions.set_payout_rules import set_payout_rules
from offerwell.models import CollectionProducts, Event, LedgerEntry, PayoutRules, Store, StoreCollection
from offerwell.queries.payout_rules import rules_now
from offerwell.queries.verify_orders import order_problems
from offerwell.rules.pay_collections import RuleCollection
from offerwell.rules.pay_rules import PayRule, RulesRefused
from offerwell.worker import TIMED
from tests import make
from tests.sync.test_orders import Shop, hint

ALL_SCOPES = ["read_discounts", "write_discounts", "read_orders", "read_products"]


@pytest.fixture
def shop(sandbox):
    return Shop(sandbox)


@pytest.fixture
def glow(acme, sandbox):
    info = sandbox.info()
    made = make.store(
        acme, client_id=info["client_id"], client_secret=info["client_secret"], currency="USD",
        scopes="read_discounts write_discounts read_orders",
    )  # fmt: skip
    Store.objects.filter(pk=made.pk).update(address=sandbox.address)
    made.refresh_from_db()
    return made


@pytest.fixture
def nora(acme, glow, sandbox):
    offer = make.offer(acme, "Summer", stores=[glow])
    place = make.enrollment(offer, option=make.payout(offer, "Ten", is_default=True))
    make.history(make.code(place, "NORA10"))
    sandbox.seed([{"code": "NORA10", "percentage": 10}])
    return place


def put(sandbox, **wanted):
    answer = sandbox.http.post("/_sandbox/collections", json=wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()[-1]


def ruled(place, asked, *, at=None):
    return set_payout_rules(
        workspace_id=place.workspace_id, option=place.payout_option,
        rules=[PayRule(2000, collections=(RuleCollection(asked),))], tiers=None,
        seen=rules_now(place.payout_option_id).pk, by=make.ANA, at=at or timezone.now() - timedelta(minutes=1),
    )  # fmt: skip


def bought(glow, shop, *titles):
    """An order of one of each at 10.00, with NORA10 at 10 % off; gives what it earned, in cents."""
    [order] = shop.place({"codes": ["NORA10"], "lines": [{"title": title, "price": "10.00"} for title in titles]})
    hint(glow, order)
    read_orders(store_id=glow.pk)
    entries = LedgerEntry.objects.filter(account="member", order__ref=str(order["number"]))
    return sum(entries.values_list("amount", flat=True))


def test_from_the_rule_to_the_order_and_on_when_the_collection_changes(acme, glow, nora, shop, sandbox):
    ruled(nora, "skin care")
    assert bought(glow, shop, "Glow serum", "Lip balm") == 180 + 90
    made = put(sandbox, id=7001, products=["Lip balm"])
    assert made["title"]
    StoreCollection.objects.update(due_at=timezone.now())
    TIMED["follow_collections"](acme.pk)
    assert bought(glow, shop, "Glow serum", "Lip balm") == 90 + 180
    assert [event.kind for event in Event.objects.order_by("seq") if "collection" in event.kind] == [
        "collections_followed"
    ]
    assert order_problems(acme) == []


def test_six_hundred_products_are_read_and_told_as_one_collection(glow, nora, shop, sandbox):
    put(sandbox, title="All", products=[f"Product {n}" for n in range(600)])
    ruled(nora, "all")
    assert CollectionProducts.objects.get().count == 600
    assert bought(glow, shop, "Product 599", "Elsewhere") == 180 + 90


@pytest.mark.parametrize("asked", ["Winter", "twins", "huge", "nothing"])
def test_what_cannot_be_is_refused_and_nothing_is_stored(nora, sandbox, asked):
    put(sandbox, title="Twins", products=["a"])
    put(sandbox, title="TWINS", products=["b"])
    put(sandbox, title="Huge", products=[str(n) for n in range(10_000)])
    put(sandbox, title="Nothing")
    with pytest.raises(RulesRefused) as refused:
        ruled(nora, asked)
    assert set(refused.value.problems) == {"collections"}
    assert (PayoutRules.objects.count(), StoreCollection.objects.count(), CollectionProducts.objects.count()) == (
        0,
        0,
        0,
    )


def test_without_the_scope_the_next_step_is_told_and_nothing_is_stored(nora, sandbox):
    sandbox.fault(kind="scopes_changed", scopes=ALL_SCOPES[:3])
    try:
        with pytest.raises(RulesRefused, match=r"lacks the scope read_products\. Add it to the app"):
            ruled(nora, "Skin care")
    finally:
        sandbox.fault(kind="scopes_changed", scopes=ALL_SCOPES)
    assert (PayoutRules.objects.count(), CollectionProducts.objects.count(), Event.objects.count()) == (0, 0, 0)


def test_a_deleted_collection_and_a_store_that_is_away_keep_the_products(acme, glow, nora, shop, sandbox):
    ruled(nora, "Skin care")
    sandbox.http.delete("/_sandbox/collections/7001").raise_for_status()
    done = follow_collections(workspace_id=acme.pk, at=timezone.now(), option_id=nora.payout_option_id)
    assert done.problems == (f"{glow.label}: The store has no such collection any more.",)
    assert bought(glow, shop, "Glow serum") == 180
    Store.objects.update(address="http://127.0.0.1:9")
    done = follow_collections(workspace_id=acme.pk, at=timezone.now(), option_id=nora.payout_option_id)
    assert "could not be reached" in done.problems[0]
    assert (StoreCollection.objects.get().trouble_since is None, PayoutRules.objects.count()) == (False, 1)
