"""Every figure on every screen is what the raw clicks, orders and ledger entries come to, to the cent; nobody else's."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from django_scopes import scope

from offerwell.actions.count_clicks import count_clicks
from offerwell.actions.judge_conversion import judge_conversion
from offerwell.models import Click, Conversion, LedgerEntry
from offerwell.rules.money import money_text
from offerwell.rules.order_snapshot import LineSnapshot
from tests import make
from tests.portal.conftest import portal_of
from tests.web.page_words import csv_lines, words

SALES = "/reporting/sales-tracking/"


def at(days):
    return timezone.now() - timedelta(days=days)


def clicked(link, days, *, visitor="a", outcome="click", bot=""):
    moment = at(days)
    Click.objects.create(
        workspace_id=link.workspace_id, link_id=link.pk, offer_id=link.offer_id, member_id=link.enrollment.member_id,
        key=uuid.uuid4(), at=moment, day=moment.date(), outcome=outcome, visitor=visitor, origin=visitor, bot=bot,
    )  # fmt: skip


class Brand:
    """A brand with two offers in a USD and a EUR store; Stella and Zoe sold, some of it went back."""

    def __init__(self, place, emails):
        self.place = place
        with scope(workspace=place):
            self.usd, self.eur = (
                make.store(place, "Glow US", currency="USD"),
                make.store(place, "Glow EU", currency="EUR"),
            )
            self.stella, self.zoe = (
                make.member(place, "Stella", email=emails[0]),
                make.member(place, "Zoe", email=emails[1]),
            )
            self.summer = make.offer(place, "Summer", stores=[self.usd, self.eur])
            self.winter = make.offer(place, "Winter", type="promo_code", stores=[self.usd])
            for offer, percent in ((self.summer, 1_000), (self.winter, 750)):
                make.payout(offer, basis_points=percent, is_default=True)
            self.places = {
                (offer, who): self._joined(offer, who)
                for offer in (self.summer, self.winter) for who in (self.stella, self.zoe)
            }  # fmt: skip

    def _joined(self, offer, who):
        place = make.enrollment(offer, who)
        make.history(make.code(place, f"{who.first_name}{offer.name}".upper(), stores=[self.usd]))
        return place

    def sell(self, factor=1):
        link = make.link(self.places[self.summer, self.stella], f"stella-{self.place.pk}")
        other = make.link(self.places[self.summer, self.zoe], f"zoe-{self.place.pk}")
        for n in range(7 * factor):
            clicked(link, n, visitor=f"v{n % 3}")
        clicked(other, 2)
        clicked(other, 2, bot="agent")
        clicked(other, 2, outcome="deactivated")
        clicked(other, 45)
        while count_clicks(at=at(0)):
            pass
        dollars = [
            self._order("1", 3, "STELLASUMMER", 8_015 * factor), self._order("2", 3, "STELLAWINTER", 1_999),
            self._order("3", 9, "ZOESUMMER", 12_345, quantity=3, kept=2), self._order("4", 40, "STELLASUMMER", 6_000),
            self._order("5", 1, "ZOEWINTER", 4_000, cancelled_at=at(0)), self._order("6", 5, "ZOEWINTER", 3_333),
            self._order("7", 2, "STELLASUMMER", 777, is_test=True), self._order("8", 4, "NOBODYS", 9_900),
        ]  # fmt: skip
        make.recorded(self.usd, *dollars, at=at(0))
        make.recorded(self.eur, self._order("9", 6, "STELLASUMMER", 5_555, currency="EUR"), at=at(0))
        with scope(workspace=self.place):
            judge_conversion(
                workspace_id=self.place.pk, conversion_id=Conversion.objects.get(order__ref="6").pk, is_accepted=False,
                reason="Own order", by=make.ANA, at=at(0),
            )  # fmt: skip

    def _order(self, ref, days, code, net, *, quantity=1, kept=1, **fields):
        lines = (LineSnapshot("l1", "Serum", quantity, kept, net),)
        return make.snapshot(ref, codes=[code], lines=lines, placed_at=at(days), **fields)


class Raw:
    """The same, added up in Python from rows that no report reads."""

    def __init__(self, place, *, days=30, **only):
        first = at(days - 1).date()
        rows = Conversion.objects.filter(workspace=place, status="accepted", **only).select_related("order")
        rows = [row for row in rows if row.placed_at.date() >= first]
        self.orders = len(rows)
        self.sales = self._sums((row.order.currency, row.order.net - row.order.refunded) for row in rows)
        entries = LedgerEntry.objects.filter(account="member", order_id__in=[row.order_id for row in rows])
        self.earned = self._sums((entry.currency, entry.amount) for entry in entries)
        ids = {f"{name}_id": getattr(one, "pk", one) for name, one in only.items()}
        clicks = [one for one in Click.objects.filter(workspace=place, **ids) if one.day >= first]
        self.clicks = sum(one.outcome == "click" and not one.bot for one in clicks)

    @staticmethod
    def _sums(pairs):
        sums = {}
        for currency, amount in pairs:
            sums[currency] = sums.get(currency, 0) + amount
        return sorted(sums.items(), key=lambda one: (-one[1], one[0]))

    @property
    def sold(self):
        return " ".join(money_text(amount, currency) for currency, amount in self.sales) or "–"

    @property
    def paid(self):
        return " ".join(money_text(amount, currency) for currency, amount in self.earned) or "–"


def added(sums):
    """As the portal says it."""
    return " + ".join(money_text(amount, currency) for currency, amount in sorted(sums)) or "–"


@pytest.fixture
def brand(acme, rival):
    """Acme's, beside a Rival that sold ten times as much by codes of the same text."""
    Brand(rival, ("rita@example.com", "ron@example.com")).sell(factor=10)
    made = Brand(acme, ("stella@example.com", "zoe@example.com"))
    made.sell()
    return made


@pytest.fixture
def manager(client, acme):
    client.force_login(make.user(acme, role="manager"))
    return client


def test_the_dashboard(manager, acme, brand):
    page, whole = words(manager.get(SALES)), Raw(acme)
    assert (whole.orders, whole.clicks, whole.sold) == (4, 8, "182.44 USD 55.55 EUR")
    assert f"Sales {whole.sold} " in page
    assert f"Orders {whole.orders} " in page
    assert f"Clicks {whole.clicks} +700.0% vs previous 30 days" in page
    assert f"Commission owed {Raw(acme, days=3_000).paid} Earned and not paid" in page
    for offer, clicks in ((brand.summer, "8"), (brand.winter, "–")):
        raw = Raw(acme, offer=offer)
        assert f"Active 2 {clicks} {raw.orders} {raw.sold}" in page


def test_an_offer_and_its_members(manager, acme, brand):
    page, raw = words(manager.get(f"{SALES}{brand.summer.pk}/")), Raw(acme, offer=brand.summer)
    assert f"Sales {raw.sold} " in page
    assert f"Orders {raw.orders} " in page
    assert f"Clicks {raw.clicks} " in page
    assert f"Commission {raw.paid} " in page
    for who in (brand.stella, brand.zoe):
        own = Raw(acme, offer=brand.summer, member=who)
        assert f" {own.clicks} {own.orders} {own.sold} {own.paid} " in page


def test_other_days_other_figures(manager, acme, brand):
    page, raw = words(manager.get(SALES, {"range": "7d"})), Raw(acme, days=7)
    assert raw.orders == 3
    assert f"Sales {raw.sold} " in page
    first, last = at(45).date(), at(39).date()
    page = words(manager.get(SALES, {"range": "custom", "from": first, "to": last}))
    assert "Sales 60.00 USD – vs previous 7 days Orders 1 " in page


def test_a_profile(manager, acme, brand):
    page, raw = words(manager.get(f"/members/{brand.stella.pk}/")), Raw(acme, member=brand.stella)
    assert f"Sales {raw.sold} " in page
    assert f"Orders {raw.orders} " in page
    assert f"Clicks {raw.clicks} " in page
    assert f"Commission {raw.paid} " in page
    for offer in (brand.summer, brand.winter):
        assert f"{offer.name} Sales, Last 30 days: {Raw(acme, offer=offer, member=brand.stella).sold}" in page


def test_the_portal(acme, brand):
    portal = portal_of("stella@example.com")
    ever = Raw(acme, days=3_000, member=brand.stella, offer=brand.summer)
    page = words(portal.get(f"/portal/offers/{brand.places[brand.summer, brand.stella].pk}/"))
    sold, earned = added(ever.sales), added(ever.earned)
    assert f"Orders {ever.orders} Sales {sold} Earned {earned} Sales of the last 30 days" in page
    month = Raw(acme, days=timezone.now().day, member=brand.stella)
    assert f"Earned this month {added(month.earned)}" in words(portal.get("/portal/"))


@pytest.mark.parametrize("by", ["member", "store", "project", "group"])
def test_a_report_has_its_parts_and_no_rival(manager, acme, brand, by):
    make.connected(make.project(acme, "Launch"), brand.summer)
    response = manager.get(f"{SALES}report/", {"by": by})
    page = words(response)
    assert response.status_code == 200
    assert [text for text in ("Rival", "801.50", "rita") if text in page] == []
    if by == "member":
        for who in (brand.stella, brand.zoe):
            own = Raw(acme, member=who)
            assert f"{who.name} {own.clicks} {own.orders} " in page
            assert f"{own.paid} {own.sold}" in page
        assert f"All sales {Raw(acme).clicks} 4 " in page
    if by == "store":
        assert "Glow EU – 1 – 55.55 EUR 5.56 EUR 55.55 EUR Glow US – 3 – " in page


@pytest.mark.parametrize("by", ["member", "offer", "store", "project", "group", "order", "click"])
def test_downloads_hold_the_own_rows(manager, brand, by):
    mine = csv_lines(manager.get(f"{SALES}report.csv", {"by": by}))
    assert [line for line in mine if "801.50" in line or "rita@example.com" in line] == []
    if by in {"member", "offer", "store"}:
        column = mine[0].index("Sales")
        assert sum(round(float(line[column] or 0) * 100) for line in mine[1:]) == 18_244 + 5_555
    assert manager.get(f"{SALES}report.csv", {"by": "nonsense"}).status_code == 404


def test_dates_that_are_none_say_so_where_they_were_entered(manager, brand):
    for address in (SALES, f"{SALES}{brand.summer.pk}/", f"{SALES}report/", f"/members/{brand.stella.pk}/"):
        answer = manager.get(address, {"range": "custom", "from": "2026-02-30", "to": "2026-03-01"})
        html = answer.content.decode()
        assert (answer.status_code, 'id="range-problem" role="alert"' in html) == (422, True)
        assert "is no date" in words(answer)
        assert 'value="2026-02-30"' in html
    asked = manager.get(f"{SALES}report.csv", {"range": "custom", "from": "x"})
    assert (asked.status_code, asked["Location"].startswith(f"{SALES}report/?")) == (302, True)


def test_the_days_stay_while_one_moves_about(manager, brand):
    html = manager.get(f"{SALES}{brand.summer.pk}/", {"range": "90d", "view": "active"}).content.decode()
    assert html.count("range=90d") >= 7  # views, sorting, poll, breadcrumb
    assert '<input type="hidden" name="range" value="90d">' in html
    assert "view=active" in html
