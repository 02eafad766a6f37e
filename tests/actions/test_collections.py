"""Rules about collections: read when they are set, followed afterwards; what each order keeps, and what is refused."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from offerwell.actions.attribute_again import attribute_again
from offerwell.actions.follow_collections import follow_collections, workspaces_to_follow
from offerwell.actions.set_payout_rules import set_payout_rules
from offerwell.integrations.store import AccessRefused
from offerwell.models import (
    CollectionProducts,
    Conversion,
    Event,
    LedgerEntry,
    Offer,
    OfferStore,
    PayoutRules,
    Store,
    StoreCollection,
)
from offerwell.queries.collections import collections_seen
from offerwell.queries.payout_rules import rules_now
from offerwell.queries.verify_orders import order_problems
from offerwell.rules.order_snapshot import LineSnapshot
from offerwell.rules.pay_collections import RuleCollection
from offerwell.rules.pay_rules import PayRule, RulesRefused
from offerwell.rules.pay_tiers import Tier, Tiers
from tests import make
from tests.actions.collection_shops import AWAY, shops

__all__ = ["shops"]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOTHING = (0, 0, 0, 0)


@pytest.fixture
def glow(acme):
    return make.store(acme, "Glow")


@pytest.fixture
def nora(acme, glow, shops):
    """A place in an offer at 10 %, with the code NORA10; the shop has Summer with Serum."""
    shops.of(glow).put("77", "Summer", "Serum")
    offer = make.offer(acme, "Summer", stores=[glow])
    place = make.enrollment(offer, make.member(acme, "Nora"), make.payout(offer, "Ten", is_default=True))
    make.history(make.code(place, "NORA10"))
    return place


def on(*asked, pays=1500, **fields):
    return PayRule(pays, collections=tuple(RuleCollection(one) for one in asked), **fields)


def ruled(place, *rules, tiers=None, at=make.NOW - HOUR, seen=None, option=None):
    option = option or place.payout_option
    return set_payout_rules(
        workspace_id=place.workspace_id, option=option, rules=rules, tiers=tiers,
        seen=rules_now(option.pk).pk if seen is None else seen, by=make.ANA, at=at,
    )  # fmt: skip


def followed(place, *, at, option_id=None):
    return follow_collections(workspace_id=place.workspace_id, at=at, option_id=option_id)


def stored():
    counted = (PayoutRules, CollectionProducts, StoreCollection, Event)
    return tuple(model.objects.count() for model in counted)


def sold(ref, *, hours=0, titles=("Serum",), **fields):
    lines = tuple(LineSnapshot(f"l{n}", title, 1, 1, 10_000) for n, title in enumerate(titles))
    return make.snapshot(ref, codes=["NORA10"], placed_at=make.NOW + hours * HOUR, lines=lines, **fields)


def earned():
    sums = {}
    for entry in LedgerEntry.objects.filter(account="member").select_related("order"):
        sums[entry.order.ref] = sums.get(entry.order.ref, 0) + entry.amount
    return sums


def collection_of(place):
    [rule] = rules_now(place.payout_option_id).rules
    return rule.collections[0]


def test_the_products_are_read_when_the_rule_is_set_and_their_lines_earn_it(acme, glow, nora):
    ruled(nora, on("Summer"))
    make.recorded(glow, sold("1", titles=("serum", "Cream")))
    assert earned() == {"1": 1500 + 1000}
    assert order_problems(acme) == []
    row = CollectionProducts.objects.get()
    assert (row.store, row.ref, row.title, row.products, row.count) == (glow, "77", "Summer", [["p-serum", "Serum"]], 1)
    body = json.loads(Event.objects.get().body)
    assert body["terms"] == "10% of each sale · 15% on the collection Summer"


@pytest.mark.parametrize("asked", ["Summer", " SUMMER ", "77", "summer"])
def test_a_collection_is_named_by_title_handle_or_id(nora, asked):
    ruled(nora, on(asked))
    assert (collection_of(nora).title, collection_of(nora).count) == ("Summer", 1)


def test_a_collection_named_in_two_ways_is_one(nora):
    ruled(nora, on("Summer", "77", "SUMMER"))
    [rule] = rules_now(nora.payout_option_id).rules
    assert [one.asked for one in rule.collections] == ["Summer"]


def test_an_order_keeps_the_products_of_its_moment(acme, glow, nora, shops):
    ruled(nora, on("Summer"))
    make.recorded(glow, sold("serum"), sold("cream", titles=("Cream",)))
    shops.of(glow).put("77", "Summer", "Cream", "Oil")
    done = followed(nora, at=make.NOW + HOUR, option_id=nora.payout_option_id)
    assert (done.read, done.changed, done.problems) == (1, 1, ())
    make.recorded(glow, sold("serum", hours=0, minutes=5), sold("late", hours=0))
    make.recorded(glow, sold("serum2", hours=3), sold("cream2", hours=3, titles=("Cream",)))
    assert earned() == {"serum": 1500, "cream": 1000, "late": 1500, "serum2": 1000, "cream2": 1500}
    assert order_problems(acme) == []


def test_a_change_is_told_as_the_stores_and_the_same_again_is_none(nora, glow, shops):
    ruled(nora, on("Summer"))
    before = stored()
    assert followed(nora, at=make.NOW + DAY).changed == 0
    assert stored() == before
    shops.of(glow).put("77", "Summer sun", "Serum", "Oil")
    assert followed(nora, at=make.NOW + 3 * DAY).changed == 1
    assert workspaces_to_follow(at=make.NOW + 3 * DAY + HOUR) == []
    event = Event.objects.order_by("-seq")[0]
    body = json.loads(event.body)
    assert (event.kind, event.actor_name, event.actor_id, event.subject) == (
        "collections_followed", "The store", None, f"offer:{nora.offer_id}",
    )  # fmt: skip
    assert body["collections"] == "Summer sun: 2 products, 1 before"
    assert body["terms"] == "10% of each sale · 15% on the collection Summer sun"
    assert followed(nora, at=make.NOW + 5 * DAY).changed == 0
    assert stored() == (before[0] + 1, before[1] + 1, before[2], before[3] + 1)


def test_what_is_due_is_read_once_a_day(acme, nora, glow, shops):
    ruled(nora, on("Summer"), at=make.NOW)
    assert workspaces_to_follow(at=make.NOW + DAY - HOUR) == []
    assert workspaces_to_follow(at=make.NOW + DAY + HOUR) == [acme.pk]
    shops.of(glow).asked.clear()
    followed(nora, at=make.NOW + HOUR)
    assert shops.of(glow).asked == []
    followed(nora, at=make.NOW + DAY + HOUR)
    assert shops.of(glow).asked == [("read", "77")]
    assert workspaces_to_follow(at=make.NOW + DAY + 2 * HOUR) == []


def test_a_rule_that_was_there_is_changed_without_asking_the_store(nora, glow, shops):
    ruled(nora, on("Summer"))
    shops.away(glow)
    ruled(nora, on("Summer", pays=2000), PayRule(100, buyer="new"))
    assert [rule.basis_points for rule in rules_now(nora.payout_option_id).rules] == [2000, 100]
    assert rules_now(nora.payout_option_id).rules[0].collections[0].count == 1


def test_two_options_share_a_reading_and_both_follow(acme, nora, glow, shops):
    other = make.payout(nora.offer, "Other")
    ruled(nora, on("Summer"))
    ruled(nora, on("summer"), option=other)
    assert (CollectionProducts.objects.count(), StoreCollection.objects.count()) == (1, 1)
    shops.of(glow).put("77", "Summer", "Oil")
    assert followed(nora, at=make.NOW + HOUR, option_id=other.pk).changed == 2
    third = make.payout(nora.offer, "Third")
    shops.of(glow).put("77", "Summer", "Oil", "Cream")
    ruled(nora, on("Summer"), option=third, at=make.NOW + 2 * HOUR)
    assert workspaces_to_follow(at=make.NOW + 3 * HOUR) == [acme.pk]
    assert followed(nora, at=make.NOW + 3 * HOUR).changed == 2


@pytest.mark.parametrize(
    ("put", "asked", "said"),
    [
        ({}, "Winter", "There is no collection “Winter” at Glow. Write its title, handle or id"),
        ({"78": ("Summer", "Oil")}, "Summer", "Glow has 2 collections called “Summer”: Summer, handle summer, id 77; "),
        ({"78": ("Empty",)}, "Empty", "The collection Empty has no products at Glow. Put products into it first."),
        ({"78": ("All", *map(str, range(5_001)))}, "All", "The collection All has more than 5,000 products"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_happens(nora, shops, put, asked, said):
    for ref, (title, *products) in put.items():
        shops.of(Store.objects.get()).put(ref, title, *products)
    with pytest.raises(RulesRefused) as refused:
        ruled(nora, on(asked))
    assert set(refused.value.problems) == {"collections"}
    assert said in refused.value.problems["collections"]
    assert stored() == NOTHING


def test_one_of_two_collections_that_is_not_there_stores_neither(nora):
    with pytest.raises(RulesRefused, match="Winter"):
        ruled(nora, on("Summer", "Winter"))
    assert stored() == NOTHING


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (None, "Glow: The store could not be reached: no connection. Nothing was stored."),
        (AccessRefused("The app lacks the scope read_products. Add it."), "lacks the scope read_products. Add it."),
    ],
)
def test_a_store_that_does_not_answer_is_named_and_nothing_is_stored(nora, glow, shops, trouble, said):
    shops.away(glow)
    shops.of(glow).trouble = trouble or shops.of(glow).trouble
    with pytest.raises(RulesRefused) as refused:
        ruled(nora, on("Summer"))
    assert said in refused.value.problems["collections"]
    assert "by itself" not in refused.value.problems["collections"]
    assert stored() == NOTHING


def test_a_wrong_field_is_told_before_anybody_is_asked(nora, glow, shops):
    with pytest.raises(RulesRefused) as refused:
        ruled(nora, on("Summer", pays=20_000))
    assert set(refused.value.problems) == {"pay"}
    assert (shops.of(glow).asked, stored()) == ([], NOTHING)


def test_rules_changed_meanwhile_leave_no_reading_behind(nora):
    with pytest.raises(RulesRefused, match="meanwhile"):
        ruled(nora, on("Summer"), seen=7)
    assert stored() == NOTHING


def test_without_a_store_to_ask_nothing_is_stored(acme, shops):
    make.other_shop(acme, "Woo")
    off = make.store(acme, "Off", is_on=False)
    shops.of(off).put("77", "Summer", "Serum")
    place = make.enrollment(make.offer(acme, "Links", type="sales_link"))
    with pytest.raises(RulesRefused, match=r"none of them can be asked\. Connect one"):
        ruled(place, on("Summer"))
    assert stored() == NOTHING


def test_an_offer_of_links_asks_the_stores_of_the_workspace(acme, glow, shops):
    shops.of(glow).put("77", "Summer", "Serum")
    place = make.enrollment(make.offer(acme, "Links", type="sales_link"))
    ruled(place, on("Summer"))
    assert collection_of(place).count == 1


def test_several_stores_are_one_collection_and_each_line_is_judged_by_its_own(acme, nora, glow, shops):
    other = make.store(acme, "Glow US")
    none = make.store(acme, "Glow UK")
    for store in (other, none):
        OfferStore.objects.create(workspace=acme, offer=nora.offer, store=store)
    shops.of(other).put("5", "Summer", "Oil", "Mist")
    ruled(nora, on("Summer"))
    [[seen]] = collections_seen(rules_now(nora.payout_option_id))
    assert (seen.title, seen.count) == ("Summer", 3)
    assert [(part.store, part.count) for part in seen.parts] == [("Glow", 1), ("Glow US", 2)]
    make.recorded(glow, sold("serum"), sold("oil", titles=("Oil",)))
    make.recorded(other, sold("us-serum"), sold("us-oil", titles=("Oil",)))
    assert earned() == {"serum": 1500, "oil": 1000, "us-serum": 1000, "us-oil": 1500}
    shops.of(none).put("9", "Summer", "Serum")
    assert followed(nora, at=make.NOW + DAY).changed == 1
    assert [(part.store, part.count) for part in collection_of(nora).parts] == [
        (glow.pk, 1), (other.pk, 2), (none.pk, 1),
    ]  # fmt: skip


def test_an_id_of_one_store_says_nothing_in_another(acme, nora, glow, shops):
    other = make.store(acme, "Glow US")
    OfferStore.objects.create(workspace=acme, offer=nora.offer, store=other)
    shops.of(other).put("77", "Shoes", "Boot")
    with pytest.raises(RulesRefused, match="“77” is Summer at Glow and Shoes at Glow US"):
        ruled(nora, on("77"))
    assert stored() == NOTHING
    del shops.of(other).collections["77"]
    ruled(nora, on("77"))
    shops.of(other).put("77", "Shoes", "Boot")
    assert followed(nora, at=make.NOW + DAY).changed == 0
    shops.of(other).put("77", "Summer", "Boot")
    assert followed(nora, at=make.NOW + 3 * DAY).changed == 1


def test_a_handle_may_have_another_title_in_another_store(acme, nora, glow, shops):
    other = make.store(acme, "Glow ES")
    OfferStore.objects.create(workspace=acme, offer=nora.offer, store=other)
    shops.of(other).put("5", "Verano", "Aceite", handle="summer")
    ruled(nora, on("summer"))
    assert (collection_of(nora).title, collection_of(nora).count) == ("Summer", 2)


def test_a_store_of_another_offer_gives_no_part(acme, nora, glow, shops):
    other = make.store(acme, "Glow US")
    both = make.enrollment(make.offer(acme, "Both", stores=[glow, other]), option=None)
    option = make.payout(both.offer, "Ten", is_default=True)
    ruled(nora, on("Summer"))
    ruled(both, on("Summer"), option=option)
    shops.of(other).put("5", "Summer", "Oil")
    assert followed(nora, at=make.NOW + DAY).changed == 1
    assert [part.store for part in collection_of(nora).parts] == [glow.pk]


@pytest.mark.parametrize("trouble", ["deleted", "away", "large", "off"])
def test_what_cannot_be_read_later_keeps_its_products_and_says_since_when(acme, nora, glow, shops, trouble):
    ruled(nora, on("Summer"))
    before = stored()
    if trouble == "deleted":
        del shops.of(glow).collections["77"]
    elif trouble == "away":
        shops.away(glow)
    elif trouble == "large":
        shops.of(glow).put("77", "Summer", *map(str, range(5_001)))
    else:
        Store.objects.filter(pk=glow.pk).update(is_on=False)
    at = make.NOW + DAY
    said = {
        "deleted": "The store has no such collection any more.", "away": AWAY,
        "large": "The collection Summer has more than 5,000 products", "off": "It is switched off.",
    }[trouble]  # fmt: skip
    done = followed(nora, at=at)
    assert (done.read, done.changed) == (0, 0)
    assert said in done.problems[0]
    assert stored() == before
    [[seen]] = collections_seen(rules_now(nora.payout_option_id))
    assert said in seen.parts[0].trouble
    since = seen.parts[0].trouble_since
    assert abs(since - at) < timedelta(minutes=1)
    make.recorded(glow, sold("1", hours=30))
    assert earned() == {"1": 1500}
    assert workspaces_to_follow(at=at + timedelta(minutes=50)) == []
    assert workspaces_to_follow(at=at + 2 * HOUR) == [acme.pk]
    followed(nora, at=at + 2 * HOUR)
    assert StoreCollection.objects.get().trouble_since == since
    shops.of(glow).trouble = None
    shops.of(glow).put("77", "Summer", "Serum")
    Store.objects.filter(pk=glow.pk).update(is_on=True)
    assert followed(nora, at=at + 5 * HOUR).read == 1
    found = StoreCollection.objects.get()
    assert (found.trouble, found.trouble_since) == ("", None)


def test_an_emptied_collection_is_about_no_line(glow, nora, shops):
    ruled(nora, on("Summer"))
    shops.of(glow).put("77", "Summer")
    assert followed(nora, at=make.NOW + DAY).changed == 1
    make.recorded(glow, sold("1", hours=30))
    assert (earned(), collection_of(nora).count) == ({"1": 1000}, 0)


def test_a_collection_that_no_rule_is_about_is_followed_no_more(nora, glow, shops):
    ruled(nora, on("Summer"))
    ruled(nora)
    shops.of(glow).asked.clear()
    assert followed(nora, at=make.NOW + DAY).read == 0
    assert (StoreCollection.objects.count(), CollectionProducts.objects.count()) == (0, 1)
    assert shops.of(glow).asked == []


def test_who_was_killed_before_options_followed_leaves_it_due(acme, nora, glow, shops, monkeypatch):
    ruled(nora, on("Summer"))
    shops.of(glow).put("77", "Summer", "Oil")
    with monkeypatch.context() as killed:
        killed.setattr("offerwell.actions.follow_collections.newest_products", lambda _places: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            followed(nora, at=make.NOW + DAY)
    assert workspaces_to_follow(at=make.NOW + DAY + timedelta(minutes=1)) == [acme.pk]
    assert followed(nora, at=make.NOW + DAY + timedelta(minutes=1)).changed == 1
    assert workspaces_to_follow(at=make.NOW + DAY + HOUR) == []


def test_a_slower_reading_gives_way_to_a_newer_one(nora, glow, shops):
    ruled(nora, on("Summer"))
    shops.of(glow).put("77", "Summer", "Oil")
    followed(nora, at=make.NOW + 2 * DAY, option_id=nora.payout_option_id)
    shops.of(glow).put("77", "Summer", "Serum")
    followed(nora, at=make.NOW + DAY, option_id=nora.payout_option_id)
    assert StoreCollection.objects.get().newest.products == [["p-oil", "Oil"]]
    assert rules_now(nora.payout_option_id).from_at >= make.NOW + 2 * DAY


def test_rules_that_a_person_sets_meanwhile_are_kept(nora, glow, shops):
    ruled(nora, on("Summer"))
    shop = shops.of(glow)
    shop.put("77", "Summer", "Oil")
    read = shop.collection

    def meanwhile(ref, *, most):
        found = read(ref, most=most)
        shop.collection = read
        ruled(nora, on("Summer", pays=2500), at=make.NOW + HOUR)
        return found

    shop.collection = meanwhile
    assert followed(nora, at=make.NOW + DAY).changed == 1
    [rule] = rules_now(nora.payout_option_id).rules
    assert (rule.basis_points, rule.collections[0].parts[0].row) == (2500, StoreCollection.objects.get().newest_id)


def test_a_page_opened_before_the_collection_changed_can_still_be_saved(nora, glow, shops):
    seen = ruled(nora, on("Summer")).pk
    shops.of(glow).put("77", "Summer", "Oil", "Mist")
    followed(nora, at=make.NOW + DAY)
    ruled(nora, on("Summer", pays=2000), at=make.NOW + 2 * DAY, seen=seen)
    [rule] = rules_now(nora.payout_option_id).rules
    assert (rule.basis_points, rule.collections[0].count) == (2000, 2)
    with pytest.raises(RulesRefused, match="meanwhile"):
        ruled(nora, on("Summer", pays=2500), at=make.NOW + 2 * DAY, seen=seen)
    with pytest.raises(RulesRefused, match="meanwhile"):
        ruled(nora, on("Summer", pays=2500), at=make.NOW + 2 * DAY, seen=0)


def test_a_rule_that_was_changed_while_its_collection_was_read_has_the_newest_products(nora, glow, shops):
    ruled(nora, on("Summer"))
    shop = shops.of(glow)
    shop.put("78", "Winter", "Coat")
    named = shop.collections_named

    def meanwhile(text):
        shop.collections_named = named
        shop.put("77", "Summer", "Oil", "Mist")
        followed(nora, at=make.NOW + HOUR, option_id=nora.payout_option_id)
        return named(text)

    shop.collections_named = meanwhile
    ruled(nora, on("Summer"), on("Winter"), at=make.NOW + HOUR)
    assert [rule.collections[0].count for rule in rules_now(nora.payout_option_id).rules] == [2, 1]


def test_orders_placed_while_the_store_was_read_have_the_former_rules(nora, monkeypatch):
    late = timedelta(seconds=30)
    monkeypatch.setattr("offerwell.actions.set_payout_rules.later", lambda at, _began: at + late)
    assert ruled(nora, on("Summer"), at=make.NOW).from_at == make.NOW + late


def test_tiers_and_refunds_go_on_over_a_change_of_products(acme, glow, nora, shops):
    ruled(nora, on("Summer"), tiers=Tiers("conversions", "lifetime", (Tier(2, 2000),)))
    make.recorded(glow, sold("1", titles=("Cream",)), sold("2", hours=1, titles=("Serum", "Cream")))
    shops.of(glow).put("77", "Summer", "Oil")
    followed(nora, at=make.NOW + 2 * HOUR, option_id=nora.payout_option_id)
    make.recorded(glow, sold("3", hours=3, titles=("Serum",)), sold("4", hours=4, titles=("Oil",)))
    assert earned() == {"1": 1000, "2": 2500, "3": 2000, "4": 1500}
    back = (LineSnapshot("l0", "Serum", 1, 0, 10_000), LineSnapshot("l1", "Cream", 1, 1, 10_000))
    make.recorded(glow, make.snapshot("2", codes=["NORA10"], placed_at=make.NOW + HOUR, minutes=9, lines=back))
    assert earned()["2"] == 1000
    assert order_problems(acme) == []


def test_attributing_again_keeps_every_cent(acme, glow, nora, shops):
    ruled(nora, on("Summer"))
    make.recorded(glow, sold("1"), sold("2", titles=("Oil",)))
    shops.of(glow).put("77", "Summer", "Oil")
    followed(nora, at=make.NOW + HOUR, option_id=nora.payout_option_id)
    make.recorded(glow, sold("3", hours=2), sold("4", hours=2, titles=("Oil",)))
    before = earned()
    ids = list(Conversion.objects.values_list("order_id", flat=True))
    attribute_again(workspace_id=acme.pk, order_ids=ids, at=make.NOW + DAY)
    assert earned() == before == {"1": 1500, "2": 1000, "3": 1000, "4": 1500}


def test_statements_grow_neither_with_orders_nor_with_products(glow, nora, shops):
    shops.of(glow).put("77", "Summer", "Serum", *map(str, range(4_000)))
    ruled(nora, on("Summer"))

    def asked(count, start):
        with CaptureQueriesContext(connection) as seen:
            make.recorded(glow, *[sold(str(start + n)) for n in range(count)])
        return len(seen)

    assert asked(2, 100) == asked(20, 200)


def test_a_rivals_collections_are_out_of_reach(acme, rival, nora, shops):
    ruled(nora, on("Summer"))
    with scope(workspace=rival):
        place = make.enrollment(make.offer(rival, "Theirs", stores=[make.store(rival, "Rival")]))
        with pytest.raises(RulesRefused, match="no collection “Summer” at Rival"):
            ruled(place, on("Summer"))
        assert stored() == NOTHING
        followed(place, at=make.NOW + DAY)
    assert StoreCollection.objects.get().read_at == make.NOW - HOUR


@pytest.mark.parametrize(
    "verb", ["UPDATE offerwell_collectionproducts SET count = 9", "DELETE FROM offerwell_collectionproducts"]
)
def test_products_that_rules_name_cannot_be_rewritten_even_by_sql(nora, verb):
    ruled(nora, on("Summer"))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(verb)
    assert CollectionProducts.objects.get().count == 1


def test_a_deleted_offer_store_keeps_the_part_of_the_rule(acme, nora, glow, shops):
    ruled(nora, on("Summer"))
    OfferStore.objects.filter(offer=nora.offer).delete()
    assert Offer.objects.filter(pk=nora.offer_id).exists()
    assert followed(nora, at=make.NOW + DAY).read == 1
