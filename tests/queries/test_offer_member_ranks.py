"""Members of an offer by a figure of some days: the most first, ties by id, then those without any by name."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from offerwell.actions.rebuild_reports import rebuild_reports
from offerwell.models import ClickDay, ExchangeRate, MemberClickMonth, MemberSalesDay, ReportingCurrency
from offerwell.queries import few_or_many
from offerwell.queries.offer_member_page import PageWish, Place, Sort, member_page, page_matches
from offerwell.queries.offer_member_ranks import member_ranks
from offerwell.rules.report_period import Period
from offerwell.rules.selection import MemberFilter
from tests import make

DAY = make.NOW.date()
PERIOD = Period(DAY - timedelta(days=2), DAY)
LONG_AGO = DAY - timedelta(days=40)
# Who sold: orders, smallest units. Clicks. Hal sold long ago, Fay and Gil never.
SOLD = {"Dora": (2, 500), "Bea": (2, 900), "Ada": (1, 500), "Cleo": (5, 20), "Eva": (1, 1)}
CLICKED = {"Fay": 7, "Ada": 7, "Bea": 1}
EXPECTED = {
    Sort.SALES: ["Bea", "Dora", "Ada", "Cleo", "Eva", "Fay", "Gil", "Hal"],
    Sort.ORDERS: ["Cleo", "Dora", "Bea", "Ada", "Eva", "Fay", "Gil", "Hal"],
    Sort.CLICKS: ["Fay", "Ada", "Bea", "Cleo", "Dora", "Eva", "Gil", "Hal"],
}


def sold(place, orders, sales, *, days=0, offer=None, currency="USD", store=1):
    MemberSalesDay.objects.create(
        workspace=place.workspace, offer=offer or place.offer, member=place.member, store_id=store,
        day=DAY - timedelta(days=days), currency=currency, orders=orders, sales=sales,
    )  # fmt: skip


def clicked(link, clicks, *, day=DAY):
    ClickDay.objects.create(
        workspace=link.workspace, link=link, offer_id=link.offer_id, member=link.enrollment.member, day=day,
        clicks=clicks, uniques=1,
    )  # fmt: skip


@pytest.fixture
def places(acme):
    """By first name; joined in another order than the alphabet's. Sales are on two days, by two stores."""
    make.store(acme, currency="USD")
    offer = make.offer(acme)
    names = ["Gil", "Dora", "Hal", "Cleo", "Fay", "Ada", "Eva", "Bea"]
    places = {name: make.enrollment(offer, make.member(acme, name, "")) for name in names}
    for name, (orders, sales) in SOLD.items():
        sold(places[name], orders - 1, sales - 1)
        sold(places[name], 1, 1, days=2, store=2)
    for name, clicks in CLICKED.items():
        clicked(make.link(places[name]), clicks)
    sold(places["Hal"], 50, 50_000, days=40)
    clicked(make.link(places["Hal"]), 99, day=LONG_AGO)
    return places


@pytest.fixture
def offer(places):
    return places["Ada"].offer


def listed(offer, sort, period=PERIOD, *, wanted=None, size=50, **place):
    wish = PageWish(filter=wanted or MemberFilter(), sort=sort, **place)
    matching = page_matches(offer, wish.filter).rows if wanted else None
    ranks = member_ranks(offer, period, sort.figure, matching)
    return member_page(offer, wish, at=make.NOW, size=size, matching=matching, ranks=ranks)


def names(page):
    return [row.member.name for row in page.rows]


@pytest.mark.parametrize("sort", list(EXPECTED))
def test_the_most_come_first_ties_by_id_then_those_without(offer, sort):
    assert names(listed(offer, sort)) == EXPECTED[sort]


@pytest.mark.parametrize("sort", list(EXPECTED))
@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_pages_forth_and_back_are_the_same_list(offer, sort, size):
    pages = [listed(offer, sort, size=size)]
    while pages[-1].next:
        pages.append(listed(offer, sort, size=size, after=pages[-1].next))
    assert [name for page in pages for name in names(page)] == EXPECTED[sort]
    back = [pages[-1]]
    while back[-1].previous:
        back.append(listed(offer, sort, size=size, until=back[-1].previous))
    assert [(names(page), page.first, page.last) for page in reversed(back)] == [
        (names(page), page.first, page.last) for page in pages
    ]
    assert (pages[0].previous, back[-1].previous) == (None, None)


def test_other_days_make_another_order(offer):
    year = Period(LONG_AGO, DAY)
    assert names(listed(offer, Sort.SALES, year)) == ["Hal", "Bea", "Dora", "Ada", "Cleo", "Eva", "Fay", "Gil"]
    assert names(listed(offer, Sort.CLICKS, year))[:3] == ["Hal", "Fay", "Ada"]
    before = Period(DAY - timedelta(days=9), DAY - timedelta(days=3))
    assert names(listed(offer, Sort.SALES, before)) == sorted(EXPECTED[Sort.SALES])


@pytest.mark.parametrize("size", [1, 3])
def test_clicks_of_whole_months_count_with_the_days_beside_them(offer, places, size):
    """From 10 August to 9 November: September and October are read as months, which say what the days say."""
    counted = ((date(2026, 8, 10), "Gil", 3), (date(2026, 9, 30), "Gil", 3), (date(2026, 10, 1), "Eva", 5),
                   (date(2026, 11, 9), "Hal", 4), (date(2026, 8, 9), "Dora", 90), (date(2026, 11, 10), "Dora", 90))  # fmt: skip
    for day, name, clicks in counted:
        link = places[name].saleslinks.first() or make.link(places[name])
        clicked(link, clicks, day=day)
    rebuild_reports(workspace=offer.workspace)
    assert MemberClickMonth.objects.count() > 0
    period = Period(date(2026, 8, 10), date(2026, 11, 9))
    pages = [listed(offer, Sort.CLICKS, period, size=size)]
    while pages[-1].next:
        pages.append(listed(offer, Sort.CLICKS, period, size=size, after=pages[-1].next))
    # Hal has four and, from the fixture, 99 of 14 October.
    assert [name for page in pages for name in names(page)] == [
        "Hal",
        "Gil",
        "Eva",
        "Ada",
        "Bea",
        "Cleo",
        "Dora",
        "Fay",
    ]


@pytest.mark.parametrize("few", [1, 100])
def test_filters_apply_before_the_ranking(offer, places, monkeypatch, few):
    """Whether those who match are few, and listed, or many, and looked up."""
    monkeypatch.setattr(few_or_many, "FEW", few)
    for name in ("Dora", "Eva", "Gil"):
        places[name].member.country = "DE"
        places[name].member.save()
    german = MemberFilter(country="DE")
    assert names(listed(offer, Sort.ORDERS, wanted=german)) == ["Dora", "Eva", "Gil"]
    first = listed(offer, Sort.ORDERS, wanted=german, size=1)
    second = listed(offer, Sort.ORDERS, wanted=german, size=2, after=first.next)
    assert (names(first), names(second), second.next) == (["Dora"], ["Eva", "Gil"], None)
    back = listed(offer, Sort.ORDERS, wanted=german, size=2, until=Place("gil", places["Gil"].pk, 2))
    assert (names(back), back.previous) == (["Dora", "Eva"], None)
    assert names(listed(offer, Sort.SALES, wanted=MemberFilter(text="eva"))) == ["Eva"]
    assert names(listed(offer, Sort.SALES, wanted=MemberFilter(text="nobody"))) == []


def test_figures_of_another_offer_or_workspace_do_not_count(acme, offer, places, rival):
    other = make.offer(acme, "Winter")
    sold(places["Gil"], 90, 90_000, offer=other)
    clicked(make.link(make.enrollment(other, places["Gil"].member)), 500)
    with scope(workspace=rival):
        theirs = make.enrollment(make.offer(rival), make.member(rival, "Zed"))
        sold(theirs, 90, 90_000)
        MemberSalesDay.objects.create(
            workspace=rival, offer=offer, member=places["Fay"].member, store_id=1, day=DAY, currency="USD",
            orders=70, sales=70_000,
        )  # fmt: skip
    for sort, expected in EXPECTED.items():
        assert names(listed(offer, sort)) == expected


def test_sales_that_came_back_altogether_are_none(offer, places):
    sold(places["Gil"], 0, -300)
    sold(places["Bea"], -2, -900, days=1)
    assert names(listed(offer, Sort.SALES)) == ["Dora", "Ada", "Cleo", "Eva", "Bea", "Fay", "Gil", "Hal"]


def test_several_currencies_are_one_order_by_their_rates(acme, offer, places):
    sold(places["Gil"], 1, 600, currency="GBP")
    assert names(listed(offer, Sort.SALES))[:3] == ["Bea", "Gil", "Dora"]
    ReportingCurrency.objects.create(workspace=acme, currency="USD")
    ExchangeRate.objects.create(workspace=acme, currency="GBP", into="USD", day=LONG_AGO, rate=2)
    assert names(listed(offer, Sort.SALES))[:3] == ["Gil", "Bea", "Dora"]


def test_a_place_in_the_order_is_kept_though_its_member_sold_more(offer, places):
    """The next page goes on below the figure that was shown: nobody is missed but who rose meanwhile."""
    first = listed(offer, Sort.SALES, size=2)
    assert (names(first), first.next) == (["Bea", "Dora"], Place("dora", places["Dora"].member_id, 1, 500 * 1_000))
    sold(places["Dora"], 1, 9_000, days=1)
    assert names(listed(offer, Sort.SALES, size=2, after=first.next)) == ["Ada", "Cleo"]


def test_a_page_is_one_adding_up(offer):
    def adding_up(sort, **place):
        with CaptureQueriesContext(connection) as queries:
            listed(offer, sort, size=2, **place)
        return len([one for one in queries if "AS ranked WHERE" in one["sql"]])

    first = listed(offer, Sort.SALES, size=2)
    assert [adding_up(sort) for sort in EXPECTED] == [1, 1, 1]
    assert adding_up(Sort.SALES, after=first.next) == 1
    by_name = listed(offer, Sort.SALES, size=7).next
    assert (by_name.rank, adding_up(Sort.SALES, after=by_name)) == (None, 0)
