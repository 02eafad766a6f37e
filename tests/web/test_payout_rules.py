"""Reporting › an offer › Payout options › Rules: add, edit, remove, tiers; what an order's page says of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from offerwell.integrations.store import StoreError
from offerwell.models import CollectionProducts, Enrollment, Event, PayoutRules, StoreCollection
from offerwell.queries.creator_pay import own_pay
from offerwell.queries.payout_rules import annotated_set, rules_now, with_rules_now
from offerwell.rules.order_snapshot import LineSnapshot
from offerwell.rules.pay_rules import PayRule
from offerwell.rules.pay_tiers import Tier, Tiers
from tests import make
from tests.actions.collection_shops import shops
from tests.web.page_words import words

__all__ = ["shops"]

SERUM = PayRule(1500, products=("Serum",))


@pytest.fixture
def glow(acme):
    return make.store(acme, "Glow")


@pytest.fixture
def nora(acme, glow):
    offer = make.offer(acme, "Summer", stores=[glow])
    place = make.enrollment(offer, make.member(acme, "Nora"), make.payout(offer, "Ten", is_default=True))
    make.history(make.code(place, "NORA10"))
    return place


@pytest.fixture
def manager(acme, client):
    client.force_login(make.user(acme, role="manager"))
    return client


def at(place, step="rules"):
    return reverse(f"payout_{step}", args=[place.offer_id, place.payout_option.pk])


def stands(place):
    return rules_now(place.payout_option_id)


def typed(place, **fields):
    return {"pay": "15", "products": " Serum \n\nSerum", "buyer": "", "seen": str(stands(place).pk), **fields}


def test_rules_are_added_edited_and_removed_without_javascript(manager, nora):
    page = manager.post(at(nora), typed(nora), follow=True)
    assert "Saved. Orders placed from now on earn by these rules of Ten." in words(page)
    assert "Everything else: 10% of each sale Rules 1" in words(page)
    assert "15% on Serum Edit Remove" in words(page)
    more = {
        "pay": "20",
        "products": "",
        "at_least": "5000",
        "value_currency": "eur",
        "buyer": "new",
        "starts_on": "2026-12-01",
    }
    page = words(manager.post(at(nora), typed(nora, **more), follow=True))
    assert "20% from 5,000.00 EUR for new customers since 1 Dec 2026 Edit Remove" in page
    form = manager.get(at(nora), {"rule": "2"})
    assert 'value="5000.00"' in form.content.decode()
    assert "Edit rule 2" in words(form)
    manager.post(at(nora), typed(nora, **more, rule_name="Big") | {"rule": "2", "pay": "25"})
    assert [(rule.basis_points, rule.name) for rule in stands(nora).rules] == [(1500, ""), (2500, "Big")]
    manager.post(at(nora), {"seen": stands(nora).pk, "rule": "1", "remove": ""})
    assert [rule.name for rule in stands(nora).rules] == ["Big"]
    assert (PayoutRules.objects.count(), Event.objects.count()) == (4, 4)
    assert "10% of each sale 25% from 5,000.00 EUR" in words(
        manager.get(reverse("offer_payouts", args=[nora.offer_id]))
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"pay": "many"}, "Enter the share of the sale"),
        ({"products": ""}, "Say for what"),
        ({"at_least": "much", "value_currency": "EUR"}, "Enter the order's value"),
        ({"at_least": "5", "value_currency": ""}, "three letters"),
        ({"starts_on": "soon"}, "Enter a day as"),
        ({"starts_on": "2026-12-02", "ends_on": "2026-12-01"}, "The last day is before the first"),
        ({"buyer": "old"}, "Choose anybody"),
        ({"seen": "7"}, "Somebody changed these rules meanwhile"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_kept(manager, nora, fields, said):
    answer = manager.post(at(nora), typed(nora, rule_name="Kept", **fields))
    assert answer.status_code == 422
    assert said in words(answer).replace("&#x27;", "'")
    assert 'value="Kept"' in answer.content.decode()
    assert (PayoutRules.objects.count(), Event.objects.count()) == (0, 0)


@pytest.fixture
def summer(shops, glow):
    """The shop has Summer with two products."""
    shops.of(glow).put("77", "Summer", "Serum", "Oil")
    return shops.of(glow)


def test_a_collection_is_named_told_and_read_again(manager, nora, summer):
    page = manager.post(at(nora), typed(nora, products="", collections=" Summer \n\nsummer"), follow=True)
    said = words(page)
    assert "Everything else: 10% of each sale Rules 1" in said
    assert "15% on the collection Summer Collection Summer (2 products" in said
    assert "Collection Summer (2 products, read just now at Glow)" in said
    assert "Serum" not in said
    form = manager.get(at(nora), {"rule": "1"}).content.decode()
    assert ">Summer</textarea>" in form
    summer.put("77", "Summer", "Serum", "Oil", "Mist")
    again = words(manager.post(at(nora, "collections"), follow=True))
    assert "Read again. Orders placed from now on earn by the products of now." in again
    assert "Collection Summer (3 products, read just now at Glow)" in again
    assert "Read again. Nothing had changed." in words(manager.post(at(nora, "collections"), follow=True))
    del summer.collections["77"]
    gone = words(manager.post(at(nora, "collections"), follow=True))
    assert "Glow: The store has no such collection any more. The rules keep the products they have." in gone
    assert "Not read at Glow since" in gone
    assert (PayoutRules.objects.count(), stands(nora).rules[0].collections[0].count) == (2, 3)


@pytest.mark.parametrize(
    "case",
    [
        ("Winter", "", "There is no collection “Winter” at Glow."),
        ("Twins", "", "Glow has 2 collections called “Twins”: Twins, handle twins, id 78; Twins, handle twins, id 79"),
        ("Empty", "", "The collection Empty has no products at Glow."),
        ("Summer", "The app lacks the scope read_products. Add it to the app.", "Glow: The app lacks the scope"),
        ("Summer", "The store could not be reached: no connection.", "Glow: The store could not be reached"),
        ("Summer\n" * 3 + "Winter", "", "There is no collection “Winter” at Glow."),
        ("\n".join(map(str, range(21))), "", "Name at most 20 collections"),
        ("x" * 256, "", "Name at most 20 collections"),
    ],
)
def test_a_collection_that_cannot_be_is_said_at_its_field_and_kept(manager, nora, summer, case):
    collections, trouble, said = case
    for ref, title in (("78", "Twins"), ("79", "Twins")):
        summer.put(ref, title, "Serum")
    summer.put("80", "Empty")
    summer.trouble = StoreError(trouble) if trouble else None
    answer = manager.post(at(nora), typed(nora, products="", collections=collections, rule_name="Kept"))
    assert answer.status_code == 422
    assert said in words(answer).replace("&#x27;", "'")
    assert 'id="id_collections-error"' in answer.content.decode()
    assert 'value="Kept"' in answer.content.decode()
    stored = (PayoutRules, CollectionProducts, StoreCollection, Event)
    assert [model.objects.count() for model in stored] == [0, 0, 0, 0]


def test_an_orders_page_and_the_portal_tell_the_collection_and_not_its_products(manager, acme, glow, nora, summer):
    manager.post(at(nora), typed(nora, products="", collections="Summer"))
    lines = (LineSnapshot("a", "Oil", 1, 1, 4_000), LineSnapshot("b", "Cream", 1, 1, 6_000))
    soon = timezone.now() + timedelta(minutes=5)
    order = make.recorded(glow, make.snapshot("1", codes=["NORA10"], lines=lines, placed_at=soon))["1"]
    said = words(manager.get(reverse("order", args=[order.pk])))
    assert "15% of 40.00 USD: rule on the collection Summer" in said
    with scope(workspace=acme):
        place = with_rules_now(Enrollment.objects.filter(pk=nora.pk)).select_related("payout_option").get()
        pays = own_pay(place.payout_option, annotated_set(place)).special
    assert [(line.pays, line.what) for line in pays] == [("15%", "on the collection Summer")]


def test_tiers_are_saved_told_and_taken_away(manager, nora):
    asked = {
        "seen": "0", "measure": "sales", "period": "month", "tier_currency": "eur", "from_1": "1000", "pays_1": "12",
        "from_2": "", "pays_2": "", "from_3": "5000", "pays_3": "15",
    }  # fmt: skip
    page = words(manager.post(at(nora, "tiers"), asked, follow=True))
    assert "12% after 1,000.00 EUR of sales, 15% after 5,000.00 EUR of sales in the calendar month" in page
    assert stands(nora).tiers == Tiers("sales", "month", (Tier(100_000, 1200), Tier(500_000, 1500)), "EUR")
    wrong = manager.post(at(nora, "tiers"), asked | {"seen": stands(nora).pk, "from_3": "500"})
    assert wrong.status_code == 422
    assert "Tier 2 has to begin later than tier 1." in words(wrong)
    assert PayoutRules.objects.count() == 1
    manager.post(at(nora, "tiers"), {"seen": stands(nora).pk, "measure": "sales", "period": "month"})
    assert (stands(nora).tiers, PayoutRules.objects.count()) == (None, 2)


@pytest.mark.parametrize("role", ["analyst", "operator"])
def test_others_set_no_rules(acme, client, nora, role):
    client.force_login(make.user(acme, role=role))
    assert client.post(at(nora), typed(nora)).status_code == 403
    assert client.post(at(nora, "tiers"), {"seen": "0"}).status_code == 403
    assert client.post(at(nora, "collections")).status_code == 403
    assert PayoutRules.objects.count() == 0


def test_a_rivals_rules_are_not_found(manager, rival, nora):
    with scope(workspace=rival):
        theirs = make.enrollment(make.offer(rival, "Theirs"))
        theirs.payout_option = make.payout(theirs.offer, "Secret")
        make.rules(theirs.payout_option, SERUM)
    assert manager.get(at(theirs)).status_code == 404
    assert manager.post(at(theirs, "tiers"), {"seen": "0"}).status_code == 404
    assert manager.post(at(theirs, "collections")).status_code == 404
    assert "Serum" not in words(manager.get(at(nora)))


def test_an_option_for_clicks_has_no_rules(manager, acme):
    offer = make.offer(acme, "Links", type="sales_link")
    place = make.enrollment(
        offer, make.member(acme), make.payout(offer, kind="cpc", basis_points=None, amount=20, currency="USD")
    )
    assert "This option pays for unique clicks." in words(manager.get(at(place)))
    assert manager.post(at(place), typed(place)).status_code == 422
    assert PayoutRules.objects.count() == 0


def test_an_orders_page_names_the_rule_and_the_tier_of_each_part(manager, glow, nora):
    tiers = Tiers("conversions", "lifetime", (Tier(1, 1200),))
    make.rules(nora.payout_option, SERUM, tiers=tiers, at=make.NOW)
    lines = (LineSnapshot("a", "Serum", 1, 1, 4_000), LineSnapshot("b", "Cream", 1, 1, 6_000))
    orders = make.recorded(
        glow, make.snapshot("1", codes=["NORA10"], lines=lines), make.snapshot("2", codes=["NORA10"], lines=lines)
    )
    first, second = (words(manager.get(f"/reporting/orders/{orders[ref].pk}/")) for ref in "12")
    assert "15% of 40.00 USD: rule on Serum 6.00 USD 10% of 60.00 USD: everything else 6.00 USD" in first
    assert "12% of 60.00 USD: tier 1, after 1 conversion since the member joined 7.20 USD" in second
