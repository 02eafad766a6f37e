"""The offers list and an offer's page: filters, counts, statuses that refresh, exports, roles, limits."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from offerwell.models import (
    Group,
    GroupMember,
    MemberSalesDay,
    MemberTag,
    OfferTally,
    PromoCode,
    SocialHandle,
    StoreCode,
    StoredSelection,
    Tag,
)
from offerwell.queries import offer_tallies
from offerwell.queries.offer_member_page import member_page
from offerwell.queries.offer_members import selected_enrollments
from offerwell.rules.selection import selection_from_json
from tests import make
from tests.web.page_words import csv_lines, words

LIST = "/reporting/sales-tracking/"


@pytest.fixture
def signed_in(acme, client):
    client.force_login(make.user(acme, role="manager"))
    return client


@pytest.fixture
def offer(acme, signed_in):
    """Nora (tagged, in a group, in France, with a handle), Elena in Germany with a deactivated code, Zoe codeless."""
    store = make.store(acme, "Glow")
    offer = make.offer(acme, "Summer Glow", stores=[store])
    nora, elena, zoe = (
        make.enrollment(offer, make.member(acme, first, country=country))
        for first, country in (("Nora", "FR"), ("Elena", "DE"), ("Zoe", "DE"))
    )
    make.code(nora, "NORA20", stores=[store])
    make.code(elena, "ELENA20", stores=[store], is_active=False)
    make.link(nora, "nora-1")
    SocialHandle.objects.create(
        workspace=acme, member=nora.member, network="instagram", handle="nora.d", handle_key="nora.d"
    )
    tag = Tag.objects.create(workspace=acme, name="VIP", key="vip")
    MemberTag.objects.create(workspace=acme, tag=tag, member=nora.member)
    group = Group.objects.create(workspace=acme, name="Paris", key="paris")
    GroupMember.objects.create(workspace=acme, group=group, member=nora.member)
    assert zoe.pk
    return offer


def address(offer, step=""):
    return f"{LIST}{offer.pk}/{step}"


def shown(response):
    """The members of the table, in order."""
    return re.findall(r'class="name"[^>]*><bdi>(\w+) Dubois<', response.content.decode())


def test_the_list_shows_offers_with_their_members(signed_in, offer):
    make.offer(offer.workspace, "Holiday", type="sales_link", status="paused")
    page = words(signed_in.get(LIST))
    assert (
        "Holiday Sales Link Paused 0 0 0 – – – Summer Glow 20% off Sales Link + Promo Code Active 3 0 0 – – –" in page
    )
    assert "Create offer" in page


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"q": "glow"}, ["Summer Glow"]),
        ({"type": "sales_link"}, ["Holiday"]),
        ({"q": "glow", "type": "sales_link"}, []),
    ],
)
def test_the_list_is_searched_and_filtered(signed_in, offer, query, names):
    make.offer(offer.workspace, "Holiday", type="sales_link")
    response = signed_in.get(LIST, query)
    assert re.findall(r'class="link-quiet" href="[^"]+">([^<]+)<', response.content.decode()) == names
    assert ("No offers match" in words(response)) is not bool(names)


def test_first_use_says_what_to_do(signed_in):
    page = words(signed_in.get(LIST))
    assert "No offers yet Create an offer to give members codes or links. Create offer" in page


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["Elena", "Nora", "Zoe"]), ({"sort": "-member"}, ["Zoe", "Nora", "Elena"]),
        ({"sort": "-enrolled"}, ["Zoe", "Elena", "Nora"]), ({"view": "deactivated"}, ["Elena"]),
        ({"view": "active"}, ["Nora"]), ({"q": "nora20"}, ["Nora"]), ({"q": "ELENA d"}, ["Elena"]),
        ({"country": "de"}, ["Elena", "Zoe"]), ({"tag": "vip"}, ["Nora"]), ({"group": "paris"}, ["Nora"]),
        ({"view": "nonsense", "sort": "nonsense", "after": "nonsense", "before": "!"}, ["Elena", "Nora", "Zoe"]),
        ({"q": "nobody"}, []), ({"q": '"%_\\'}, []),
    ],
)  # fmt: skip
def test_the_members_are_searched_filtered_and_sorted(signed_in, offer, query, names):
    response = signed_in.get(address(offer), query)
    assert (response.status_code, shown(response)) == (200, names)
    assert ("No members match" in words(response)) is not bool(names)


def a_sale(place, orders=1, sales=100):
    MemberSalesDay.objects.create(
        workspace=place.workspace, offer=place.offer, member=place.member, day=timezone.now().date() - timedelta(days=3),
        store=place.offer.store_links.first().store, currency="USD", orders=orders, sales=sales,
    )  # fmt: skip


@pytest.fixture
def sellers(offer):
    """Zoe sold most in these days, then Elena; Nora nothing."""
    for place in offer.enrollments.exclude(member__first_name="Nora"):
        orders = {"Zoe": 1, "Elena": 3}[place.member.first_name]
        a_sale(place, orders, 9_000 // orders**2)
    return offer


def test_the_members_are_sorted_by_the_figures_of_the_chosen_days(signed_in, sellers):
    page = signed_in.get(address(sellers), {"sort": "-sales"})
    assert shown(page) == ["Zoe", "Elena", "Nora"]
    head = r'<th scope="col"[^>]*?(?: aria-sort="(\w+)")?><a class="sort" href="([^"]+)"'
    assert re.findall(head, page.content.decode()) == [
        ("", "?"), ("", "?sort=-clicks"), ("", "?sort=-orders"), ("descending", "?sort=-sales"),
    ]  # fmt: skip
    assert shown(signed_in.get(address(sellers), {"sort": "-orders"})) == ["Elena", "Zoe", "Nora"]
    assert shown(signed_in.get(address(sellers), {"sort": "-clicks"})) == ["Elena", "Nora", "Zoe"]
    days = {"sort": "-sales", "range": "custom", "from": "2020-01-01", "to": "2020-01-31"}
    assert shown(signed_in.get(address(sellers), days)) == ["Elena", "Nora", "Zoe"]
    week = signed_in.get(address(sellers), {"sort": "-sales", "range": "7d"})
    assert 'href="?view=active&amp;sort=-sales&amp;range=7d"' in week.content.decode()


def sort_choice(page):
    """The options of the Sort field as (value, label), and those that are chosen."""
    field = re.search(r'<select class="input" name="sort".*?</select>', page.content.decode(), re.DOTALL).group()
    options = re.findall(r'<option value="([^"]+)"( selected)?>([^<]+)<', field)
    return [(value, label) for value, _, label in options], [value for value, chosen, _ in options if chosen]


def test_the_order_is_a_field_of_the_filter_form_too(signed_in, acme, sellers):
    orders = [
        ("member", "Name A–Z"), ("-member", "Name Z–A"), ("-enrolled", "Newest first"), ("-sales", "Most sales"),
        ("-orders", "Most orders"), ("-clicks", "Most clicks"),
    ]  # fmt: skip
    assert sort_choice(signed_in.get(address(sellers))) == (orders, ["member"])
    page = signed_in.get(address(sellers), {"q": "", "country": "", "tag": "", "group": "", "sort": "-sales"})
    assert (sort_choice(page), shown(page)) == ((orders, ["-sales"]), ["Zoe", "Elena", "Nora"])
    of_codes = make.offer(acme, "Codes", type="promo_code")
    assert sort_choice(signed_in.get(address(of_codes))) == (orders[:-1], ["member"])


def test_on_a_phone_a_row_has_the_figure_that_it_is_sorted_by(signed_in, sellers):
    """What stays is the cell without `cell-wide`: sales of who sold, or the figure of the order."""

    def stay(sort):
        page = signed_in.get(address(sellers), {"sort": sort}).content.decode()
        table = page[page.index('<caption class="sr-only">Members of') :]
        return re.findall(r'<td class="cell-num"[^>]*>(?:<[^>]+>)*([^<]+)<', table)

    assert stay("member") == ["10.00 USD", "90.00 USD"]
    assert stay("-orders") == ["3", "1", "0"]
    assert stay("-clicks") == ["0", "0", "0"]


def test_sorted_by_a_figure_the_pages_go_on_to_the_last_member(signed_in, sellers, monkeypatch):
    monkeypatch.setattr(member_page, "__kwdefaults__", member_page.__kwdefaults__ | {"size": 1})

    def walk(rel, href, far=5):
        found = []
        while href and len(found) < far:
            page = signed_in.get(address(sellers) + href)
            found.append((shown(page), re.search(r"\d+–\d+ of \d+", words(page))[0]))
            link = re.search(rf'href="([^"]+)" rel="{rel}"', page.content.decode())
            href = link and link[1].replace("&amp;", "&")
            last = page if rel == "next" else None
        return found, last

    forth, last = walk("next", "?sort=-sales")
    assert forth == [(["Zoe"], "1–1 of 3"), (["Elena"], "2–2 of 3"), (["Nora"], "3–3 of 3")]
    back = re.search(r'href="([^"]+)" rel="prev"', last.content.decode())[1].replace("&amp;", "&")
    assert walk("prev", back)[0] == [(["Elena"], "2–2 of 3"), (["Zoe"], "1–1 of 3")]


@pytest.mark.parametrize("sort", ["-sales", "-orders", "-clicks"])
def test_a_selection_of_all_means_the_same_members_in_every_order(signed_in, sellers, sort):
    def chosen(sort):
        fields = {"all": "1", "up_to": offer_tallies.tallies_of(sellers).newest, "country": "DE", "sort": sort}
        assert signed_in.post(reverse("select_members", args=[sellers.pk]), fields).status_code in {200, 302}
        stored = StoredSelection.objects.latest("pk")
        meant = selected_enrollments(sellers, selection_from_json(stored.body))
        return set(meant.values_list("member__first_name", flat=True))

    assert chosen(sort) == chosen("member") == {"Elena", "Zoe"}


def test_views_of_a_two_part_offer_say_any(signed_in, offer):
    assert "All 3 Any active 1 Any deactivated 1 Needs attention 0" in words(signed_in.get(address(offer)))
    simple = make.offer(offer.workspace, type="promo_code")
    make.code(make.enrollment(simple))
    assert "All 1 Active 1 Deactivated 0 Needs attention 0" in words(signed_in.get(address(simple)))


def test_pages_of_fifty_are_walked_by_key_both_ways(signed_in, acme):
    offer = make.offer(acme)
    for n in range(120):
        make.code(make.enrollment(offer, make.member(acme, f"M{n:03}")))

    def link(response, rel):
        found = re.search(rf'href="([^"]+)" rel="{rel}"', response.content.decode())
        return found and found[1].replace("&amp;", "&")

    first = signed_in.get(address(offer))
    second = signed_in.get(address(offer) + link(first, "next"))
    third = signed_in.get(address(offer) + link(second, "next"))
    names = shown(first) + shown(second) + shown(third)
    assert names == [f"M{n:03}" for n in range(120)]
    pagers = [re.search(r"\d+–\d+ of \d+", words(page))[0] for page in (first, second, third)]
    assert pagers == ["1–50 of 120", "51–100 of 120", "101–120 of 120"]
    assert (link(first, "prev"), link(third, "next")) == (None, None)
    assert "offset" not in link(second, "prev")
    assert shown(signed_in.get(address(offer) + link(second, "prev"))) == shown(first)


def test_several_codes_are_three_and_a_number(signed_in, acme):
    offer = make.offer(acme, type="promo_code")
    place = make.enrollment(offer)
    for n in range(5):
        make.code(place, f"EXTRA{n}")
    assert "EXTRA0 EXTRA1 EXTRA2 +2" in words(signed_in.get(address(offer)))


def test_a_status_says_what_decides_it(signed_in, offer):
    StoreCode.objects.filter(code__text="NORA20").update(problem="failed", last_error="Code is taken.", generation=9)
    html = signed_in.get(address(offer)).content.decode()
    assert 'title="Glow: Code is taken."' in html
    assert "Needs attention 1" in words(signed_in.get(address(offer)))


def poll_of(response):
    html = response.content.decode()
    found = re.search(r'id="status-poll" data-poll hx-get="([^"]+)" hx-trigger="load delay:(\d+)s', html)
    return found[1].replace("&amp;", "&"), int(found[2])


def test_the_status_column_refreshes_by_itself(signed_in, offer):
    where, seconds = poll_of(signed_in.get(address(offer)))
    assert seconds == 15
    quiet = signed_in.get(where)
    assert ("hx-swap-oob" in quiet.content.decode(), poll_of(quiet)[1]) == (False, 15)
    code = PromoCode.objects.get(text="NORA20")
    PromoCode.objects.filter(pk=code.pk).update(is_active=False)
    StoreCode.objects.filter(code=code).update(generation=4)
    moving = signed_in.get(where)
    assert f'id="status-{code.enrollment_id}" hx-swap-oob="true"' in moving.content.decode()
    assert "Code: Updating" in words(moving)
    assert "Any deactivated 2" in words(moving)
    again, seconds = poll_of(moving)
    assert (seconds, parse_qs(urlsplit(again).query)["turn"]) == (1, ["1"])
    assert poll_of(signed_in.get(again.replace("turn=1", "turn=30")))[1] == 3
    StoreCode.objects.filter(code=code).update(observed_generation=4)
    settled = signed_in.get(again)
    assert "Code: Deactivated" in words(settled)
    assert poll_of(settled)[1] == 15


def test_a_poll_for_enrollments_of_others_gives_nothing(signed_in, offer, rival):
    theirs = make.enrollment(make.offer(rival), make.member(rival, "Foreign"))
    response = signed_in.get(address(offer, "statuses/"), {"ids": f"{theirs.pk},x,,-1,{10**30}"})
    assert response.status_code == 200
    assert "status-" + str(theirs.pk) not in response.content.decode()


@pytest.mark.parametrize("members", [1, 3, 60])
@pytest.mark.parametrize(("sort", "most"), [("member", 23), ("-sales", 27), ("-clicks", 25)])
def test_a_page_takes_a_constant_number_of_statements(signed_in, acme, members, sort, most):
    store = make.store(acme)
    offer = make.offer(acme, stores=[store])
    for _ in range(members):
        place = make.enrollment(offer)
        make.code(place, stores=[store])
        make.link(place)
        if members != 1:
            a_sale(place)
    with CaptureQueriesContext(connection) as queries:
        assert signed_in.get(address(offer), {"sort": sort}).status_code == 200
    assert len(queries) <= most, "\n".join(query["sql"] for query in queries)


def test_a_large_offer_is_never_counted_by_a_page(signed_in, offer, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(offer_tallies.tallies_of, "__kwdefaults__", {"live_up_to": 2})
    with django_capture_on_commit_callbacks(execute=True):
        page = words(signed_in.get(address(offer)))
    assert "All Any active Any deactivated Needs attention" in page
    assert make.wake_ups == [("count_tallies", offer.pk)]
    OfferTally.objects.bulk_create(
        OfferTally(workspace=offer.workspace, offer=offer, view=view, members=7, counted_at=make.NOW)
        for view in ("all", "active", "deactivated", "attention")
    )
    make.wake_ups.clear()
    with django_capture_on_commit_callbacks(execute=True):
        assert "All 7 Any active 7" in words(signed_in.get(address(offer)))
    assert make.wake_ups == []


def test_the_export_has_a_line_for_each_code_and_link_of_the_filtered_members(signed_in, offer):
    rows = csv_lines(signed_in.get(address(offer, "members.csv")))
    assert [(row[1], row[6], row[7], row[8]) for row in rows[1:]] == [
        ("Elena", "Code", "ELENA20", "Deactivated"), ("Nora", "Code", "NORA20", "Active"),
        ("Nora", "Link", "nora-1", "Active"), ("Zoe", "", "", ""),
    ]  # fmt: skip
    assert {row[rows[0].index("Payout option")] for row in rows[1:]} == {"Standard"}
    filtered = csv_lines(signed_in.get(address(offer, "members.csv"), {"country": "FR"}))
    assert [row[7] for row in filtered[1:]] == ["NORA20", "nora-1"]


def test_analysts_see_no_control_they_may_not_use(client, offer):
    client.force_login(make.user(offer.workspace, role="analyst"))
    listed, page = client.get(LIST), client.get(address(offer))
    assert "Create offer" not in words(listed)
    assert "Edit offer" not in words(page)
    assert "Add members" not in words(page)
    assert "Export" in words(page)


def test_rivals_offers_are_not_there(client, offer, rival):
    client.force_login(make.user(rival))
    assert "Summer Glow" not in words(client.get(LIST))
    for step in ("", "statuses/?ids=1", "members.csv"):
        response = client.get(address(offer, step))
        assert response.status_code == 404
    assert "There is nothing at this address" in words(response)


def test_nothing_on_the_page_needs_an_inline_script_or_style(signed_in, offer):
    html = signed_in.get(address(offer)).content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|hx-on|javascript:", html)


def test_a_search_that_hits_too_many_says_so_and_claims_no_total(signed_in, offer, monkeypatch):
    for module in ("offerwell.queries.few_or_many", "offerwell.web.sales_tracking.offer_screen"):
        monkeypatch.setattr(f"{module}.FEW", 2)
    page = words(signed_in.get(address(offer), {"q": "dubois"}))
    assert "2 or more members match “dubois”: the list looks through the first 2 only." in page
    assert not re.search(r"1–\d+ of", page)
    assert "or more members match" not in words(signed_in.get(address(offer), {"q": "nora"}))
    beside_a_short_word = words(signed_in.get(address(offer), {"q": "dubois no"}))
    assert "2 or more members match “dubois no”: the list looks through the first 2 only." in beside_a_short_word


def test_an_export_has_every_hit_of_a_search_however_many(signed_in, offer, monkeypatch):
    everybody = signed_in.get(f"{address(offer)}members.csv", {"q": "example.com"}).getvalue()
    monkeypatch.setattr("offerwell.queries.few_or_many.FEW", 2)
    assert signed_in.get(f"{address(offer)}members.csv", {"q": "example.com"}).getvalue() == everybody
    assert everybody.count(b"\n") > 3


def test_only_a_code_that_no_longer_works_is_struck_through(client, offer):
    def struck():
        return re.findall(r'class="mono struck"[^>]*>([^<]+)<', client.get(f"{LIST}{offer.pk}/").content.decode())

    assert struck() == ["ELENA20"]
    PromoCode.objects.filter(text="NORA20").update(is_active=False)
    StoreCode.objects.filter(code__text="NORA20").update(generation=9)
    assert struck() == ["ELENA20"]
    StoreCode.objects.filter(code__text="NORA20").update(observed_generation=9)
    assert struck() == ["ELENA20", "NORA20"]
