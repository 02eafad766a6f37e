"""Reporting › an offer › Payout options › Rules: add, edit, remove, tiers; what an order's page says of them."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django_scopes import scope

from offerwell.models import Event, PayoutRules
from offerwell.queries.payout_rules import rules_now
from offerwell.rules.order_snapshot import LineSnapshot
from offerwell.rules.pay_rules import PayRule
from offerwell.rules.pay_tiers import Tier, Tiers
from tests import make
from tests.web.page_words import words

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
    assert PayoutRules.objects.count() == 0


def test_a_rivals_rules_are_not_found(manager, rival, nora):
    with scope(workspace=rival):
        theirs = make.enrollment(make.offer(rival, "Theirs"))
        theirs.payout_option = make.payout(theirs.offer, "Secret")
        make.rules(theirs.payout_option, SERUM)
    assert manager.get(at(theirs)).status_code == 404
    assert manager.post(at(theirs, "tiers"), {"seen": "0"}).status_code == 404
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
