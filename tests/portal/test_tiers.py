"""The tier a creator stands on: what the next order would get, by the rule and the sales that decide it."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from offerwell.actions.judge_conversion import judge_conversion
from offerwell.models import Conversion, Enrollment, Offer, OfferStatus, Workspace
from offerwell.queries.creator_tier import own_tier
from offerwell.queries.payout_rules import with_rules_now
from offerwell.rules.pay_rules import PayRule
from offerwell.rules.pay_tiers import Tier, TierNow, Tiers
from tests import make
from tests.portal.conftest import now, words

SALES = Tiers("sales", "lifetime", (Tier(10_000, 1400), Tier(30_000, 1600)), "USD")
COUNT = Tiers("conversions", "month", (Tier(2, 1400), Tier(1_002, 1600)))
ZONE = "Europe/Paris"


@pytest.fixture
def glow(acme):
    Workspace.objects.filter(pk=acme.pk).update(timezone=ZONE)
    return make.store(acme, "Glow")


@pytest.fixture
def place(acme, glow, stella):
    """Stella's, in an offer at 12 % where Zoe sold for 500.00."""
    with scope(workspace=acme):
        offer = make.offer(acme, "Summer Glow", type="promo_code", stores=[glow])
        option = make.payout(offer, basis_points=1200, is_default=True)
        mine = make.enrollment(offer, stella, option)
        make.history(make.code(mine, "STELLA20", stores=[glow]))
        make.history(make.code(make.enrollment(offer, make.member(acme, "Zoe"), option), "ZOE20", stores=[glow]))
    sold(glow, "zoe", 50_000, code="ZOE20")
    return mine


def sold(store, ref, net, *, code="STELLA20", **fields):
    fields = {"placed_at": now(), **fields}
    make.recorded(store, make.snapshot(ref, net=net, codes=[code], **fields), at=now())


def stands(place, *, at=None):
    with scope(workspace=place.workspace):
        row = with_rules_now(Enrollment.objects.filter(pk=place.pk)).select_related("payout_option", "workspace").get()
        return own_tier(row, at=at or now())


def page(portal, place):
    return words(portal.get(f"/portal/offers/{place.pk}/"))


def long_ago():
    return now() - timedelta(days=400)


def tiered(place, tiers, *rules):
    make.rules(place.payout_option, *rules, tiers=tiers, at=long_ago() - timedelta(days=1))


def month_of_paris(**fields):
    return now().astimezone(ZoneInfo(ZONE)).replace(day=1, hour=0, minute=0, second=0, microsecond=0, **fields)


def test_it_goes_up_with_the_own_sales_and_down_with_a_refund(portal, glow, place):
    tiered(place, SALES)
    assert "12% now 100.00 USD more in sales for 14%" in page(portal, place)
    sold(glow, "1", 9_999, placed_at=long_ago())
    assert "12% now 0.01 USD more in sales for 14%" in page(portal, place)
    sold(glow, "2", 8_001)
    assert "14% now 120.00 USD more in sales for 16%" in page(portal, place)
    sold(glow, "3", 12_000)
    assert "16% now The last tier" in page(portal, place)
    sold(glow, "3", 12_000, minutes=9, given_back=1)
    assert "14% now 0.01 USD more in sales for 16%" in page(portal, place)


def test_what_the_brand_rejects_does_not_count(acme, glow, place):
    tiered(place, SALES)
    sold(glow, "1", 10_000)
    assert stands(place) == TierNow("14%", "200.00 USD more in sales for 16%")
    with scope(workspace=acme):
        judge_conversion(
            workspace_id=acme.pk, conversion_id=Conversion.objects.get(order__ref="1").pk, is_accepted=False,
            reason="Own order", by=make.ANA, at=now(),
        )  # fmt: skip
    assert stands(place) == TierNow("12%", "100.00 USD more in sales for 14%")


def test_a_month_is_one_of_the_workspace(glow, place):
    tiered(place, COUNT)
    begins = month_of_paris()
    sold(glow, "before", 5_000, placed_at=begins - timedelta(seconds=1))
    assert stands(place) == TierNow("12%", "2 more conversions this month for 14%")
    sold(glow, "in", 5_000, placed_at=begins)
    assert stands(place) == TierNow("12%", "1 more conversion this month for 14%")
    sold(glow, "in too", 5_000, placed_at=begins)
    assert stands(place) == TierNow("14%", "1,000 more conversions this month for 16%")
    assert stands(place, at=begins - timedelta(seconds=1)) == TierNow("12%", "1 more conversion this month for 14%")


def test_the_last_tier_of_a_month_ends_with_it(glow, place):
    tiered(place, Tiers("sales", "month", SALES.steps, "USD"))
    sold(glow, "1", 30_000)
    assert stands(place) == TierNow("16%", "The last tier this month")
    next_month = (month_of_paris() + timedelta(days=32)).replace(day=1)
    assert stands(place, at=next_month) == TierNow("12%", "100.00 USD more in sales this month for 14%")


@pytest.mark.parametrize("tiers", [SALES, COUNT, Tiers("sales", "month", SALES.steps, "USD")])
def test_the_next_order_gets_exactly_what_was_told(glow, place, tiers):
    tiered(place, tiers)
    paid = {0: "12%", 1: "14%", 2: "16%"}
    for number in range(7):
        when = long_ago() + timedelta(hours=number) if number < 2 else now()
        told = stands(place, at=when)
        sold(glow, f"next {number}", 6_000, placed_at=when)
        with scope(workspace=place.workspace):
            decided = Conversion.objects.get(order__ref=f"next {number}").tier
        assert told.pays == paid[decided]


def test_amounts_are_told_as_amounts(place):
    with scope(workspace=place.workspace):
        make.payout(place.offer, kind="cpa", basis_points=None, amount=500, currency="USD", is_default=True)
    tiered(place, Tiers("sales", "lifetime", (Tier(10_000, None, 750),), "EUR"))
    assert stands(place) == TierNow("5.00 USD", "100.00 EUR more in sales for 7.50 USD")


def test_sales_in_another_currency_alone_say_nothing(portal, glow, place):
    tiered(place, SALES)
    sold(glow, "1", 10_000, currency="EUR")
    assert (stands(place), "% now" in page(portal, place)) == (None, False)
    sold(glow, "2", 1_000)
    assert stands(place) == TierNow("12%", "90.00 USD more in sales for 14%")


def test_what_it_pays_is_a_list_of_short_lines(portal, glow, place):
    assert "12% of each sale" in page(portal, place)
    assert "What you earn" not in page(portal, place)
    serum, new = PayRule(1500, products=("Serum",)), PayRule(2000, at_least=500_000, currency="USD", buyer="new")
    tiered(place, SALES, serum, new)
    sold(glow, "1", 18_000)
    shown = page(portal, place)
    assert (
        "What you earn 14% now 120.00 USD more in sales for 16% 12% of each sale to begin with"
        " 14% after 100.00 USD of sales since you joined 16% after 300.00 USD of sales since you joined"
        " Special rates They stand in place of the above, the best one for you."
        " 15% on Serum 20% from 5,000.00 USD for new customers"
    ) in shown
    assert "other rates may apply" not in shown
    assert "you earn 12% of each sale; other rates may apply" in words(portal.get("/portal/offers/"))


def test_where_there_are_no_tiers_or_the_offer_is_over_nothing_is_said(portal, place):
    tiered(place, None, PayRule(1500, products=("Serum",)))
    assert (stands(place), "% now" in page(portal, place)) == (None, False)
    tiered_later = Tiers("conversions", "lifetime", (Tier(1, 1400),))
    make.rules(place.payout_option, tiers=tiered_later, at=now())
    assert "12% now 1 more conversion for 14%" in page(portal, place)
    with scope(workspace=place.workspace):
        Offer.objects.update(status=OfferStatus.ARCHIVED)
    assert "% now" not in page(portal, place)


def test_two_statements_whatever_was_sold_and_none_without_tiers(portal, glow, place):
    def cost():
        with CaptureQueriesContext(connection) as seen:
            assert page(portal, place)
        return len(seen)

    sold(glow, "0", 100)
    without = cost()
    tiered(place, SALES)
    assert cost() == without + 2
    for number in range(5):
        sold(glow, f"more {number}", 100)
    assert cost() == without + 2
