"""Figures of reports: exact, in one currency or apart, by everything they are broken down by; nothing of a rival's."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django_scopes import scope

from offerwell.actions.count_clicks import count_clicks
from offerwell.actions.set_reporting_currency import set_reporting_currency
from offerwell.models import Click, ExchangeRate, Group, GroupMember
from offerwell.queries import sales_report as report
from offerwell.queries.report_rows import (
    CLICK_HEADINGS,
    MEMBER_HEADINGS,
    OFFER_HEADINGS,
    ORDER_HEADINGS,
    click_rows,
    member_rows,
    offer_rows,
    order_report_rows,
)
from offerwell.queries.sales_breakdowns import by_group, by_project
from offerwell.queries.sales_report import Compared, Figures, Scope
from offerwell.rules.money import Money
from offerwell.rules.report_period import Period
from tests import make

pytestmark = pytest.mark.django_db
DAY = make.NOW.date()
PERIOD = Period(DAY - timedelta(days=2), DAY)


def usd(amount):
    return (Money(amount, "USD"),)


def clicked(link, n, *, days=0, bot=""):
    Click.objects.bulk_create(
        Click(
            workspace=link.workspace, link_id=link.pk, offer_id=link.offer_id, member_id=link.enrollment.member_id,
            key=uuid4(), at=make.NOW, day=DAY - timedelta(days=days), outcome="click", visitor=str(one), origin="o", bot=bot,
        ) for one in range(n)
    )  # fmt: skip
    count_clicks(at=make.NOW)


class Brand:
    """Two stores, two offers (10 %); Nora in both, Omar in the first; both in VIP, Nora in Top, Omar in the project."""

    def __init__(self, place):
        with scope(workspace=place):
            self.place, self.stores = place, [make.store(place, label, currency="USD") for label in ("Alpha", "Beta")]
            self.offers = [make.offer(place, name, stores=self.stores) for name in ("Summer", "Winter")]
            self.nora, self.omar = make.member(place, "Nora", "D"), make.member(place, "Omar", "K")
            self.codes, self.links = [], []
            for who, offer in ((self.nora, 0), (self.omar, 0), (self.nora, 1)):
                option = make.payout(self.offers[offer], "Ten", is_default=True)
                joined = make.enrollment(self.offers[offer], who, option)
                code = make.code(joined)
                make.history(code)
                self.codes.append(code.text)
                self.links.append(make.link(joined))
            self.groups = [
                self._group(name, whom) for name, whom in (("Top", [self.nora]), ("VIP", [self.nora, self.omar]))
            ]
            self.project = make.project(place, "Launch")
            make.placement(self.project.stages.first(), self.omar)
            make.connected(self.project, self.offers[0], until=make.NOW)
            self.sell()

    def _group(self, name, members):
        made = Group.objects.create(workspace=self.place, name=name, key=name.lower())
        for who in members:
            GroupMember.objects.create(workspace=self.place, group=made, member=who)
        return made

    def sell(self):
        """Nora 100 in Summer by Alpha and 50 in Winter by Beta a day earlier; Omar 30 in Summer by Alpha. Clicks."""
        alpha, beta = self.stores
        make.recorded(
            alpha, make.snapshot("1", codes=[self.codes[0]]), make.snapshot("2", net=3_000, codes=[self.codes[1]])
        )
        earlier = make.NOW - timedelta(days=1)
        make.recorded(beta, make.snapshot("3", net=5_000, codes=[self.codes[2]], placed_at=earlier))
        clicked(self.links[0], 4)
        clicked(self.links[1], 2, days=1)
        clicked(self.links[1], 1, bot="head")


@pytest.fixture
def brand(acme, rival):
    Brand(rival)
    return Brand(acme)


def test_totals_and_what_follows_from_them(brand):
    found = report.totals(brand.place, PERIOD)
    assert found == Figures(6, 6, 0, 1, 3, usd(18_000), usd(1_800))
    assert (found.conversion_rate, found.average_order, found.earned_per_click) == (
        Decimal("0.5"), Money(6_000, "USD"), Money(300, "USD"),
    )  # fmt: skip
    nothing = report.totals(brand.place, PERIOD.before)
    assert nothing == Figures()
    assert (nothing.conversion_rate, nothing.average_order, nothing.earned_per_click) == (None, None, None)
    assert report.owed(brand.place) == usd(1_800)


def test_every_day_of_the_period_zeros_included(brand):
    assert report.per_day(brand.place, PERIOD) == (
        (DAY - timedelta(days=2), Figures()),
        (DAY - timedelta(days=1), Figures(2, 2, 0, 0, 1, usd(5_000), usd(500))),
        (DAY, Figures(4, 4, 0, 1, 2, usd(13_000), usd(1_300))),
    )


SUMMER_NORA, SUMMER_OMAR = Figures(4, 4, 0, 0, 1, usd(10_000), usd(1_000)), Figures(2, 2, 0, 1, 1, usd(3_000), usd(300))
SUMMER, WINTER = Figures(6, 6, 0, 1, 2, usd(13_000), usd(1_300)), Figures(0, 0, 0, 0, 1, usd(5_000), usd(500))
NORA = Figures(4, 4, 0, 0, 2, usd(15_000), usd(1_500))
ALL = Figures(6, 6, 0, 1, 3, usd(18_000), usd(1_800))


def test_by_offer_and_by_member(brand):
    place, (summer, winter), (nora, omar) = brand.place, brand.offers, (brand.nora, brand.omar)
    assert report.by_offer(place, PERIOD) == {summer.pk: SUMMER, winter.pk: WINTER}
    assert report.by_offer(place, PERIOD, [winter.pk]) == {winter.pk: WINTER}
    both = [nora.pk, omar.pk]
    assert report.by_member(place, PERIOD, both) == {nora.pk: NORA, omar.pk: SUMMER_OMAR}
    assert report.by_member(place, PERIOD, both, summer.pk) == {nora.pk: SUMMER_NORA, omar.pk: SUMMER_OMAR}
    assert report.by_member(place, PERIOD, []) == {}


def test_offers_now_and_before(brand):
    place, (summer, winter) = brand.place, brand.offers
    both = [summer.pk, winter.pk]
    sold = Figures(orders=1, sales=usd(5_000), commission=usd(500))
    nothing = Figures()
    assert report.offers_compared(place, PERIOD, both) == {
        summer.pk: Compared(SUMMER, nothing), winter.pk: Compared(WINTER, nothing),
    }  # fmt: skip
    assert report.offers_compared(place, Period(DAY, DAY), both) == {
        summer.pk: Compared(Figures(4, 4, 0, 1, 2, usd(13_000), usd(1_300)), nothing), winter.pk: Compared(nothing, sold),
    }  # fmt: skip
    assert report.offers_compared(place, Period(DAY, DAY), [winter.pk]) == {winter.pk: Compared(nothing, sold)}
    assert report.offers_compared(place, Period(DAY, DAY), []) == {}
    set_reporting_currency(workspace_id=place.pk, currency="eur", by=make.ANA, at=make.NOW)
    for days, rate in ((1, "0.5"), (0, "0.9")):
        ExchangeRate.objects.create(
            workspace=place, currency="USD", into="EUR", day=DAY - timedelta(days=days), rate=Decimal(rate)
        )
    found = report.offers_compared(place, Period(DAY, DAY), both)
    assert (found[summer.pk].now.sales, found[winter.pk].before.sales) == (
        (Money(11_700, "EUR"),),
        (Money(2_500, "EUR"),),
    )


def test_by_store_project_and_group_who_is_in_two_groups_counts_once_in_totals(brand):
    place, (alpha, beta) = brand.place, brand.stores
    assert report.by_store(place, PERIOD) == (
        (alpha.pk, "Alpha", Figures(orders=2, sales=usd(13_000), commission=usd(1_300))),
        (beta.pk, "Beta", Figures(orders=1, sales=usd(5_000), commission=usd(500))),
    )
    assert by_project(place, PERIOD) == ((brand.project.pk, "Launch", SUMMER_OMAR),)
    top, vip = brand.groups
    assert by_group(place, PERIOD) == ((top.pk, "Top", NORA), (vip.pk, "VIP", ALL))
    assert report.totals(place, PERIOD) == ALL


def test_every_scope(brand):
    summer, alpha = brand.offers[0].pk, brand.stores[0].pk
    scopes = {
        Scope(offer_id=summer): SUMMER, Scope(member_id=brand.nora.pk): NORA,
        Scope(offer_id=summer, member_id=brand.nora.pk): SUMMER_NORA,
        Scope(store_id=alpha): Figures(orders=2, sales=usd(13_000), commission=usd(1_300)),
        Scope(project_id=brand.project.pk): SUMMER_OMAR, Scope(group_id=brand.groups[1].pk): ALL,
        Scope(group_id=brand.groups[0].pk, store_id=alpha): Figures(orders=1, sales=usd(10_000), commission=usd(1_000)),
    }  # fmt: skip
    assert {one: report.totals(brand.place, PERIOD, one) for one in scopes} == scopes
    assert {one: dict(report.per_day(brand.place, Period(DAY, DAY), one))[DAY].orders for one in scopes} == dict(
        zip(scopes, [2, 1, 1, 2, 1, 2, 1], strict=True)
    )


def test_members_by_sales_page_by_page(brand):
    def names(ranking):
        return [(row.member.first_name, row.figures) for row in ranking.rows]

    whole = report.top_members(brand.place, PERIOD)
    assert (names(whole), whole.next) == ([("Nora", NORA), ("Omar", SUMMER_OMAR)], "")
    first = report.top_members(brand.place, PERIOD, limit=1)
    second = report.top_members(brand.place, PERIOD, limit=1, after=first.next)
    assert (names(first) + names(second), second.next) == (names(whole), "")
    assert names(report.top_members(brand.place, PERIOD, after="junk")) == names(whole)
    of_store = report.top_members(brand.place, PERIOD, Scope(store_id=brand.stores[1].pk))
    assert names(of_store) == [("Nora", Figures(orders=1, sales=usd(5_000), commission=usd(500)))]


def test_ids_of_a_rival_are_nothing(brand, rival):
    with scope(workspace=rival):
        other = rival
        theirs = report.by_offer(other, PERIOD)
        ids = {
            "offer_id": next(iter(theirs)), "project_id": by_project(other, PERIOD)[0][0],
            "group_id": by_group(other, PERIOD)[0][0], "store_id": report.by_store(other, PERIOD)[0][0],
            "member_id": report.top_members(other, PERIOD).rows[0].member.pk,
        }  # fmt: skip
        assert report.totals(other, PERIOD) == ALL
    for name, pk in ids.items():
        assert report.totals(brand.place, PERIOD, Scope(**{name: pk})) == Figures()
    assert report.by_offer(brand.place, PERIOD, [ids["offer_id"]]) == {}
    assert report.by_member(brand.place, PERIOD, [ids["member_id"]]) == {}


def test_several_currencies_are_one_total_where_every_rate_is_known(brand):
    euros = make.snapshot("4", net=1_000, currency="EUR", codes=[brand.codes[1]])
    make.recorded(brand.stores[1], euros)
    assert report.totals(brand.place, PERIOD).sales == (Money(18_000, "USD"), Money(1_000, "EUR"))
    assert report.totals(brand.place, PERIOD).average_order is None
    set_reporting_currency(workspace_id=brand.place.pk, currency="eur", by=make.ANA, at=make.NOW)
    for days, rate in ((1, "0.5"), (0, "0.9")):
        ExchangeRate.objects.create(
            workspace=brand.place, currency="USD", into="EUR", day=DAY - timedelta(days=days), rate=Decimal(rate)
        )
    found = report.totals(brand.place, PERIOD)
    assert (found.sales, found.commission) == (
        (Money(1_000 + 2_500 + 11_700, "EUR"),),
        (Money(100 + 250 + 1_170, "EUR"),),
    )
    ExchangeRate.objects.filter(rate="0.5").delete()
    assert report.totals(brand.place, PERIOD).sales == (Money(12_700, "EUR"), Money(5_000, "USD"))
    assert report.owed(brand.place) == (Money(1_800, "USD"), Money(100, "EUR"))
    ranked = report.top_members(brand.place, PERIOD).rows
    assert [(row.member.first_name, row.figures.sales) for row in ranked] == [
        ("Nora", (Money(9_000, "EUR"), Money(5_000, "USD"))), ("Omar", (Money(3_700, "EUR"),)),
    ]  # fmt: skip


def test_statements_do_not_grow(brand, django_assert_num_queries):
    place, members = brand.place, [brand.nora.pk, brand.omar.pk]
    for count, asked in (
        (3, lambda: report.totals(place, PERIOD)), (3, lambda: report.per_day(place, PERIOD)),
        (3, lambda: report.by_offer(place, PERIOD)), (3, lambda: report.offers_compared(place, PERIOD, [1, 2])), (3, lambda: report.by_member(place, PERIOD, members)),
        (3, lambda: report.by_store(place, PERIOD)), (5, lambda: by_project(place, PERIOD)),
        (5, lambda: by_group(place, PERIOD)), (6, lambda: report.top_members(place, PERIOD)),
        (2, lambda: report.owed(place)),
    ):  # fmt: skip
        with django_assert_num_queries(count):
            asked()


def test_rows_to_download_say_what_the_screens_say(brand):
    place = brand.place
    counted = ("6", "6", "0", "1", "2", "0.3333")
    assert list(offer_rows(place, PERIOD)) == [[
        ("Summer", *counted, "USD", "130.00", "13.00"), ("Winter", "0", "0", "0", "0", "1", "", "USD", "50.00", "5.00"),
    ]]  # fmt: skip
    nora, omar = brand.nora, brand.omar
    assert list(member_rows(place, PERIOD)) == [[
        ("Nora D", nora.email, "4", "4", "0", "0", "2", "0.5000", "USD", "150.00", "15.00"),
        ("Omar K", omar.email, "2", "2", "0", "1", "1", "0.5000", "USD", "30.00", "3.00"),
    ]]  # fmt: skip
    assert [row[0] for row in next(member_rows(place, PERIOD, brand.offers[1].pk))] == ["Nora D"]
    orders = [row for batch in order_report_rows(place, PERIOD) for row in batch]
    assert orders[0] == (
        (make.NOW - timedelta(days=1)).isoformat(), "#3", "Beta", "Nora D", "Winter", "code", "accepted", "USD", "50.00",
        "0.00", "50.00", "5.00 USD",
    )  # fmt: skip
    assert [row[1] for row in orders] == ["#3", "#1", "#2"]
    clicks = [row for batch in click_rows(place, PERIOD) for row in batch]
    assert [(row[0], row[2], *row[4:]) for row in clicks] == [
        (str(DAY - timedelta(days=1)), "Omar K", "2", "2", "0", "0", "0"), (str(DAY), "Nora D", "4", "4", "0", "0", "0"),
        (str(DAY), "Omar K", "0", "0", "0", "1", "0"),
    ]  # fmt: skip
    for headings, rows in (
        (OFFER_HEADINGS, offer_rows),
        (MEMBER_HEADINGS, member_rows),
        (ORDER_HEADINGS, order_report_rows),
        (CLICK_HEADINGS, click_rows),
    ):
        assert {len(row) for batch in rows(place, PERIOD) for row in batch} == {len(headings)}


def test_rows_go_on_batch_by_batch(brand, monkeypatch):
    monkeypatch.setattr("offerwell.queries.report_rows._AT_ONCE", 1)
    place = brand.place
    assert [len(batch) for batch in order_report_rows(place, PERIOD)] == [1, 1, 1]
    assert [batch[0][0] for batch in member_rows(place, PERIOD)] == ["Nora D", "Omar K"]
    assert len(list(click_rows(place, PERIOD))) == 3
    assert [row[0] for batch in click_rows(place, Period(date(2020, 1, 1), date(2020, 1, 2))) for row in batch] == []
