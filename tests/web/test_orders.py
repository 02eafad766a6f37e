"""Reporting › Orders: the list, why an order is whose, reject and accept, the rules; nothing of a rival's."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_scopes import scope

from offerwell.models import AttributionRules, Conversion, Event, LedgerEntry, OrderPull, Store
from offerwell.rules.order_snapshot import LineSnapshot
from tests import make
from tests.web.page_words import words

LIST = "/reporting/orders/"


@pytest.fixture
def glow(acme):
    return make.store(acme, "Glow", scopes="read_orders")


@pytest.fixture
def nora(acme, glow):
    offer = make.offer(acme, "Summer", stores=[glow])
    place = make.enrollment(offer, make.member(acme, "Nora", "Dubois"), make.payout(offer, "Ten", is_default=True))
    make.history(make.code(place, "NORA10"))
    return place


@pytest.fixture
def order(glow, nora):
    lines = (LineSnapshot("l1", "Night cream", 2, 1, 10_000),)
    return make.recorded(glow, make.snapshot("1001", codes=["NORA10"], lines=lines))["1001"]


@pytest.fixture
def signed_in(acme, client):
    def as_a(role):
        client.force_login(make.user(acme, role=role))
        return client

    return as_a


def at(order, step=""):
    return f"{LIST}{order.pk}/{step}"


def test_the_list_says_whose_and_how_much(signed_in, order, glow):
    make.recorded(glow, make.snapshot("1002", codes=["SPRING"]))
    page = words(signed_in("analyst").get(LIST))
    assert "#1001 Glow ·" in page
    assert "Nora Dubois Summer Code NORA10 Credited 50.00 USD 5.00 USD" in page
    assert "Nobody – SPRING Nobody’s 100.00 USD –" in page


def test_an_empty_list_says_what_will_be_there(signed_in, acme):
    assert "No orders yet" in words(signed_in("analyst").get(LIST))


def test_views_and_the_search_narrow_the_list(signed_in, order, glow):
    make.recorded(glow, make.snapshot("1002"))
    client = signed_in("analyst")

    def shown(**asked):
        return re.findall(r'orders/\d+/">(#\d+)<', client.get(LIST, asked).content.decode())

    assert shown(view="accepted") == ["#1001"]
    assert shown(view="rejected") == []
    assert shown(q="1002") == shown(q="#1002") == ["#1002"]
    assert shown(view="nonsense", before="nonsense") == ["#1002", "#1001"]
    assert shown(before="9" * 30 + "-1") == ["#1002", "#1001"]


def test_what_awaits_its_shop_has_its_own_view_with_its_number(signed_in, order, glow, rival):
    waits = make.recorded(glow, make.snapshot("1003", codes=["NORA10"], is_unconfirmed=True))["1003"]
    with scope(workspace=rival):
        shop = make.store(rival, "Rival shop")
        offer = make.offer(rival, "Theirs", stores=[shop])
        place = make.enrollment(offer, option=make.payout(offer, "Ten", is_default=True))
        make.history(make.code(place, "THEIRS"))
        make.recorded(shop, make.snapshot("666", codes=["THEIRS"], is_unconfirmed=True))
    client = signed_in("manager")
    page = words(client.get(LIST, {"view": "unconfirmed"}))
    assert "All Credited Rejected Not confirmed 1" in page
    assert "Nora Dubois Summer Code NORA10 Not confirmed 100.00 USD –" in page
    assert ("666" in page, "No such orders" in words(client.get(LIST, {"view": "rejected"}))) == (False, True)
    page = words(client.get(at(waits)))
    assert (
        "Not confirmed. Only a browser told of this order; the shop has not confirmed it yet. It earns nothing" in page
    )
    assert ("Rejected." in page, "even if the shop confirms the order later" in page) == (False, True)
    page = words(client.post(at(waits, "judge/"), {"to": "rejected", "reason": "Not real"}, follow=True))
    assert ("Rejected. Not real" in page, "Not confirmed" in page) == (True, False)
    assert "Not confirmed 0" in words(client.get(LIST))


def test_pages_follow_one_another_without_gap_or_copy(signed_in, glow, nora):
    make.recorded(glow, *[make.snapshot(str(n)) for n in range(120)])
    client, seen, query = signed_in("analyst"), [], "?"
    while query:
        html = client.get(LIST + query).content.decode()
        seen += re.findall(r'orders/(\d+)/">', html)
        found = re.search(r'href="(\?[^"]*)" rel="next"', html)
        query = found[1].replace("&amp;", "&") if found else ""
    assert (len(seen), len(set(seen))) == (120, 120)


def test_statements_do_not_grow_with_the_list(signed_in, glow, nora):
    client, counts = signed_in("analyst"), []
    for start, size in ((0, 1), (10, 9)):
        make.recorded(glow, *[make.snapshot(str(start + n), codes=["NORA10"]) for n in range(size)])
        with CaptureQueriesContext(connection) as queries:
            client.get(LIST)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_page_says_why_and_how_the_commission_comes_about(signed_in, order):
    page = words(signed_in("analyst").get(at(order)))
    assert "Sale 50.00 USD 100.00 USD, −50.00 USD refunded Commission 5.00 USD Credited to Nora Dubois" in page
    assert (
        "Reason Code on the order Codes on the order NORA10 Rule Codes before links; a click counts for 28 days" in page
    )
    assert "Nora Dubois Code on the order NORA10" in page
    assert "Payout option Ten: 10% of each sale 10% of 50.00 USD 5.00 USD" in page
    assert "Night cream 1 of 2 −50.00 USD refunded 100.00 USD" in page
    assert "Reject conversion" not in page


def test_an_order_of_nobody_says_so(signed_in, glow, nora):
    order = make.recorded(glow, make.snapshot())["1"]
    page = words(signed_in("manager").get(at(order)))
    assert "No code and no click of a member has to do with this order." in page
    assert "Reject conversion" not in page


def test_a_manager_rejects_with_a_reason_and_accepts_again(signed_in, order):
    client = signed_in("manager")
    page = client.post(at(order, "judge/"), {"to": "rejected", "reason": "Bought by a colleague"}, follow=True)
    assert "Rejected. Bought by a colleague" in words(page)
    assert sum(LedgerEntry.objects.filter(account="member").values_list("amount", flat=True)) == 0
    page = client.post(at(order, "judge/"), {"to": "accepted"}, follow=True)
    assert "Commission 5.00 USD" in words(page)
    assert Event.objects.count() == 2


@pytest.mark.parametrize(("reason", "said"), [(" ", "Say why"), ("x" * 201, "Use at most 200")])
def test_a_bad_reason_is_refused_where_it_stands_and_nothing_happens(signed_in, order, reason, said):
    answer = signed_in("manager").post(at(order, "judge/"), {"to": "rejected", "reason": reason})
    assert answer.status_code == 422
    assert said in words(answer)
    assert f'value="{reason}"' in answer.content.decode()
    assert (Conversion.objects.get().status, LedgerEntry.objects.count(), Event.objects.count()) == ("accepted", 2, 0)


@pytest.mark.parametrize("role", ["analyst", "operator"])
def test_others_may_not_judge_or_set_rules(signed_in, order, glow, role):
    client = signed_in(role)
    assert client.post(at(order, "judge/"), {"to": "rejected", "reason": "no"}).status_code == 403
    assert client.post(f"{LIST}rules/", {"first": "link", "window_days": "7"}).status_code == 403
    assert client.post(reverse("store_orders", args=[glow.pk]), {"since": "2026-01-01"}).status_code == 403
    assert (Conversion.objects.get().status, AttributionRules.objects.count(), OrderPull.objects.count()) == (
        "accepted", 0, 0,
    )  # fmt: skip


def test_a_rivals_order_is_not_found(signed_in, rival, order):
    with scope(workspace=rival):
        theirs = make.recorded(make.store(rival, "Their shop"), make.snapshot("secret-77"))["secret-77"]
    client = signed_in("owner")
    assert client.get(at(theirs)).status_code == 404
    assert client.post(at(theirs, "judge/"), {"to": "rejected", "reason": "x"}).status_code == 404
    assert "secret-77" not in client.get(LIST).content.decode()
    with scope(workspace=rival):
        their_store = Store.objects.get(label="Their shop")
    assert client.post(reverse("store_orders", args=[their_store.pk]), {"since": "2026-01-01"}).status_code == 404


def test_the_rules_hold_for_orders_that_come_in_later(signed_in, acme, order, glow):
    client = signed_in("owner")
    client.post(f"{LIST}rules/", {"first": "link", "window_days": "7"})
    later = make.recorded(glow, make.snapshot("2", codes=["NORA10"]), make.snapshot("1001", minutes=5))
    assert (later["2"].first, later["2"].window_days) == ("link", 7)
    assert (later["1001"].first, later["1001"].window_days) == ("code", 28)
    assert list(Event.objects.values_list("kind", flat=True)) == ["attribution_rules_set"]


@pytest.mark.parametrize("days", ["0", "366", "", "two", "-3", "9" * 40])
def test_a_bad_window_is_refused_and_kept_in_the_form(signed_in, acme, days):
    answer = signed_in("owner").post(f"{LIST}rules/", {"first": "link", "window_days": days})
    assert answer.status_code == 422
    assert "Enter a number of days from 1 to 365." in words(answer)
    assert f'value="{days}"' in answer.content.decode()
    assert (AttributionRules.objects.count(), Event.objects.count()) == (0, 0)


def test_earlier_orders_are_asked_for_on_the_stores_page(signed_in, glow):
    client = signed_in("owner")
    page = client.post(reverse("store_orders", args=[glow.pk]), {"since": "2026-01-31"}, follow=True)
    assert "Earlier orders asked for since 31 Jan 2026" in words(page)
    assert make.wake_ups[-1:] == [] or make.wake_ups[-1] == ("pull_orders", glow.pk)
    page = client.post(reverse("store_orders", args=[glow.pk]), {"since": "nonsense"}, follow=True)
    assert "Nothing was read: choose a day." in words(page)
