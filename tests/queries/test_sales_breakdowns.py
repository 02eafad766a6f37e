"""Sales by project and group: equal to a recount of the days, whatever is read from months, in every currency."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django_scopes import scope

from offerwell.actions.count_clicks import count_clicks
from offerwell.actions.fold_sales import add_sales
from offerwell.models import (
    Click,
    ClickDay,
    ExchangeRate,
    Group,
    GroupMember,
    MemberSalesDay,
    ProgrammeSalesDay,
    ReportingCurrency,
)
from offerwell.queries.sales_breakdowns import by_group, by_project
from offerwell.rules.money import Money
from offerwell.rules.report_period import Period
from tests import make

pytestmark = pytest.mark.django_db
LAST = date(2026, 11, 22)
PERIODS = [
    Period(LAST - timedelta(days=364), LAST), Period(LAST - timedelta(days=29), LAST), Period(LAST, LAST),
    Period(date(2026, 10, 1), date(2026, 10, 31)), Period(date(2026, 2, 28), date(2026, 10, 1)),
    Period(date(2020, 1, 1), date(2020, 12, 31)),
]  # fmt: skip


class Programme:
    """Members in three offers, with clicks and sales over a year and a half; two projects and two groups."""

    def __init__(self, place, seed):
        self.place, self.random = place, random.Random(seed)
        with scope(workspace=place):
            self.offers = [make.offer(place) for _ in range(3)]
            self.members = [make.member(place) for _ in range(6)]
            self.links = [make.link(make.enrollment(offer, who)) for offer in self.offers for who in self.members]
            self._click()
            self._sell()
            self.projects = [make.project(place, name) for name in ("Launch", "Winter")]
            self.groups = [Group.objects.create(workspace=place, name=name, key=name) for name in ("top", "vip")]
            for who in self.members[:4]:
                make.placement(self.projects[0].stages.first(), who)
                GroupMember.objects.create(workspace=place, group=self.groups[0], member=who)
            for who in self.members[2:5]:
                make.placement(self.projects[1].stages.first(), who)
                GroupMember.objects.create(workspace=place, group=self.groups[1], member=who)
            make.connected(self.projects[0], self.offers[0])
            make.connected(self.projects[0], self.offers[1], until=make.NOW)
            make.connected(self.projects[1], self.offers[1], until=make.NOW)
            make.connected(self.projects[1], self.offers[1])

    def _day(self):
        return LAST - timedelta(days=self.random.randrange(540))

    def _click(self):
        links = [self.random.choice(self.links) for _ in range(900)]
        Click.objects.bulk_create(
            Click(
                workspace=self.place, link_id=link.pk, offer_id=link.offer_id, member_id=link.enrollment.member_id,
                key=uuid4(), at=make.NOW, day=self._day(), outcome=self.random.choice(["click", "click", "paused"]),
                visitor=self.random.choice("abc"), origin="o", bot=self.random.choice(["", "", "head"]),
            ) for link in links
        )  # fmt: skip
        count_clicks(at=make.NOW)

    def _sell(self):
        pick, number = self.random.choice, self.random.randrange
        add_sales(self.place.pk, {
            (self._day(), pick(self.offers).pk, pick(self.members).pk, 1, pick(["USD", "EUR", "JPY"])):
            (1, number(9_000), number(900)) for _ in range(300)
        })  # fmt: skip

    def recounted(self, period, members, offers):
        """From the rows of days, in plain Python: counts, and sums by currency."""
        counts, money = Counter(), {"sales": Counter(), "commission": Counter()}
        for row in ClickDay.objects.all():
            if period.first <= row.day <= period.last and row.member in members and row.offer_id in offers:
                counts.update({name: getattr(row, name) for name in ("clicks", "uniques", "rescued", "bots")})
        for row in MemberSalesDay.objects.all():
            if period.first <= row.day <= period.last and row.member in members and row.offer_id in offers:
                counts["orders"] += row.orders
                money["sales"][row.currency] += row.sales
                money["commission"][row.currency] += row.commission
        return {name: counts[name] for name in ("clicks", "uniques", "rescued", "bots", "orders")}, money


def told(figures):
    counts = {name: getattr(figures, name) for name in ("clicks", "uniques", "rescued", "bots", "orders")}
    return counts, {
        name: {one.currency: one.amount for one in getattr(figures, name)} for name in ("sales", "commission")
    }


@pytest.fixture
def programme(acme, rival):
    Programme(rival, 1)
    return Programme(acme, 2)


@pytest.mark.parametrize("period", PERIODS)
def test_they_are_a_recount_of_the_days(programme, period):
    first, second, third = (offer.pk for offer in programme.offers)
    expected = {
        "Launch": programme.recounted(period, programme.members[:4], {first, second}),
        "Winter": programme.recounted(period, programme.members[2:5], {second}),
        "top": programme.recounted(period, programme.members[:4], {first, second, third}),
        "vip": programme.recounted(period, programme.members[2:5], {first, second, third}),
    }
    found = {name: told(figures) for _pk, name, figures in by_project(programme.place, period)}
    found |= {name: told(figures) for _pk, name, figures in by_group(programme.place, period)}
    assert found == {name: one for name, one in expected.items() if any(one[0].values())}


def test_a_currency_of_dated_rates_counts_by_its_days(programme):
    place, who, offer = programme.place, programme.members[0].pk, programme.offers[0].pk
    for model in (MemberSalesDay, ProgrammeSalesDay):
        model.objects.all().delete()
    ReportingCurrency.objects.create(workspace=place, currency="EUR")
    sold = {(0, "USD"): 1_000, (5, "USD"): 2_000, (5, "EUR"): 70, (5, "JPY"): 9}
    add_sales(place.pk, {
        (LAST - timedelta(days=days), offer, who, 1, currency): (1, amount, 0)
        for (days, currency), amount in sold.items()
    })  # fmt: skip
    for days, rate in ((300, "0.5"), (2, "0.9")):
        ExchangeRate.objects.create(
            workspace=place, currency="USD", into="EUR", day=LAST - timedelta(days=days), rate=Decimal(rate)
        )
    ((_pk, _name, launch),) = [one for one in by_project(place, PERIODS[0]) if one[1] == "Launch"]
    assert launch.sales == (Money(900 + 1_000 + 70, "EUR"), Money(9, "JPY"))
    ((_pk, _name, top),) = [one for one in by_group(place, PERIODS[0]) if one[1] == "top"]
    assert (top.sales, top.orders) == (launch.sales, 4)


def test_who_is_in_nothing_is_in_no_breakdown(acme):
    assert (by_project(acme, PERIODS[0]), by_group(acme, PERIODS[0])) == ((), ())
