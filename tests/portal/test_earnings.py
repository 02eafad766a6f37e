"""What a creator earned: the own orders alone, to the cent, with what became of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django_scopes import scope

from offerwell.actions.judge_conversion import judge_conversion
from offerwell.models import Conversion, LedgerEntry
from tests import make
from tests.portal.conftest import now, words


@pytest.fixture
def glow(acme):
    return make.store(acme, "Glow")


def coded(workspace, store, who, text, offer_name):
    """A code that earns 10 %, which its member had for ever."""
    with scope(workspace=workspace):
        offer = make.offer(workspace, offer_name, type="promo_code", stores=[store])
        place = make.enrollment(offer, who, make.payout(offer, basis_points=1000, is_default=True))
        make.history(make.code(place, text, stores=[store]))
        return place


@pytest.fixture
def sold(acme, rival, glow, stella):
    """Stella: 80.00 now and 20.00 of another month; Zoe and a Rival's member have orders too."""
    place = coded(acme, glow, stella, "STELLA20", "Summer Glow")
    coded(acme, glow, make.member(acme, "Zoe"), "ZOE20", "Zoe offer")
    today = now()
    make.recorded(
        glow,
        make.snapshot("1", net=8_000, codes=["STELLA20"], placed_at=today),
        make.snapshot("2", net=2_000, codes=["STELLA20"], placed_at=today.replace(year=today.year - 1)),
        make.snapshot("3", net=77_700, codes=["ZOE20"], placed_at=today),
        at=today,
    )
    with scope(workspace=rival):
        store = make.store(rival, "Rival shop")
        coded(rival, store, make.member(rival, "Rita"), "RITA20", "Rival offer")
        make.recorded(store, make.snapshot("4", net=55_500, codes=["RITA20"], placed_at=today), at=today)
    return place


def test_the_own_orders_to_the_cent(portal, sold):
    assert "Earned this month 8.00 USD 1 order · 80.00 USD in sales" in words(portal.get("/portal/"))
    page = words(portal.get("/portal/earnings/"))
    assert "Earned this month 8.00 USD 1 order · 80.00 USD in sales Earned in all 10.00 USD" in page
    assert page.count("Summer Glow") == 2
    assert "20.00 USD in sales 2.00 USD" in page
    offer = words(portal.get(f"/portal/offers/{sold.pk}/"))
    assert "Sales Orders 2 Sales 100.00 USD Earned 10.00 USD" in offer


def test_nobody_elses_orders_are_in_it(portal, sold):
    for path in ("", "earnings/", f"offers/{sold.pk}/", "earnings/?before=9999"):
        said = words(portal.get(f"/portal/{path}"))
        assert [text for text in ("Zoe", "777", "77.70", "Rival", "555", "55.50") if text in said] == []


def test_a_refund_and_a_refusal_lower_it(portal, acme, glow, sold):
    today = now()
    make.recorded(
        glow, make.snapshot("1", net=8_000, codes=["STELLA20"], placed_at=today, minutes=9, given_back=3_000), at=today
    )
    assert "Earned this month 5.00 USD 1 order · 50.00 USD in sales" in words(portal.get("/portal/"))
    judge_conversion(
        workspace_id=acme.pk, conversion_id=Conversion.objects.get(order__ref="1").pk, is_accepted=False,
        reason="The team bought it", by=make.ANA, at=today,
    )  # fmt: skip
    page = words(portal.get("/portal/earnings/"))
    assert ("not credited –" in page, "The team bought it" in page) == (True, False)
    assert "Earned this month – No orders yet this month. Earned in all 2.00 USD" in page
    mine = LedgerEntry.objects.filter(account="member", order__ref="1").order_by("seq")
    assert [entry.amount for entry in mine] == [800, -300, -500]


def test_an_order_that_awaits_the_shop_is_not_refused(portal, glow, sold):
    today = now()
    told = {"codes": ["STELLA20"], "net": 4_400, "placed_at": today}
    make.recorded(
        glow, make.snapshot("5", is_unconfirmed=True, **told),
        make.snapshot("6", is_unconfirmed=True, codes=["ZOE20"], placed_at=today), at=today,
    )  # fmt: skip
    page = words(portal.get("/portal/earnings/"))
    assert (page.count("· waiting for the shop to confirm –"), "not credited" in page) == (1, False)
    assert "Waiting for the shop to confirm: so far only the buyer’s browser told of the order." in page
    assert "Earned this month 8.00 USD 1 order" in page
    make.recorded(glow, make.snapshot("5", minutes=9, **told), at=today)
    page = words(portal.get("/portal/earnings/"))
    assert ("aiting for the shop" in page, "44.00 USD in sales 4.40 USD" in page) == (False, True)


def test_many_orders_are_paged(portal, glow, sold):
    today = now()
    more = [make.snapshot(str(number), net=100, codes=["STELLA20"], placed_at=today) for number in range(10, 45)]
    make.recorded(glow, *more, at=today)
    first = portal.get("/portal/earnings/")
    assert first.content.decode().count("<li>") >= 30
    assert "Older" in words(first)
    older = portal.get(f"/portal/earnings/?before={first.context['next']}")
    assert ("Newest" in words(older), "Older" in words(older)) == (True, False)


def test_orders_stand_in_the_order_of_their_days_and_pages_go_on_where_one_ended(portal, glow, sold):
    today = now()
    days = [today - timedelta(days=n) for n in (3, 1, 2, *range(4, 34))]
    more = [
        make.snapshot(str(number), net=number * 100, codes=["STELLA20"], placed_at=day)
        for number, day in enumerate(days, start=10)
    ]
    make.recorded(glow, *more, at=today)
    first = portal.get("/portal/earnings/")
    older = portal.get(f"/portal/earnings/?before={first.context['next']}")
    listed = [one["sold"] for page in (first, older) for one in page.context["sales"]]
    assert listed == [f"{n}.00 USD" for n in (80, 11, 12, 10, *range(13, 43), 20)]


def test_the_curve_adds_up_offers_of_one_day(portal, acme, glow, stella, sold):
    coded(acme, glow, stella, "STELLA10", "Second offer")
    make.recorded(glow, make.snapshot("9", net=5_000, codes=["STELLA10"], placed_at=now()), at=now())
    page = words(portal.get("/portal/"))
    assert "Earned this month 13.00 USD 2 orders · 130.00 USD in sales" in page
    assert ": 13.00 USD in all, most on" in portal.get("/portal/").content.decode()


def test_an_address_with_nonsense_is_the_first_page(portal, sold):
    assert words(portal.get("/portal/earnings/?before=x")) == words(portal.get("/portal/earnings/"))
