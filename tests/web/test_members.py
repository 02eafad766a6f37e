"""The Members list: search, filters, paging; only the workspace's own, in a constant number of queries."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from offerwell.models import Group, GroupMember, MemberTag, SocialHandle, Tag
from tests import make

URL = "/members/"


@pytest.fixture
def signed_in(client, acme):
    client.force_login(make.user(acme, role="analyst"))
    return client


def names(page):
    return re.findall(r'<span class="name"><bdi>(.*?)</bdi>', page.content.decode())


def test_members_are_listed_by_name_with_what_is_known_of_them(signed_in, acme, rival):
    nora = make.member(acme, "Nora", "Dubois", email="nora@x.example")
    make.member(acme, "Elena", "Rossi")
    make.member(rival, "Foreign", "Spy")
    SocialHandle.objects.create(workspace=acme, member=nora, network="tiktok", handle="Glows", handle_key="glows")
    tag = Tag.objects.create(workspace=acme, name="VIP", key="vip")
    MemberTag.objects.create(workspace=acme, member=nora, tag=tag)
    group = Group.objects.create(workspace=acme, name="Paris", key="paris")
    GroupMember.objects.create(workspace=acme, member=nora, group=group)
    offer = make.offer(acme, "Summer")
    make.enrollment(offer, nora)
    page = signed_in.get(URL)
    assert names(page) == ["Elena Rossi", "Nora Dubois"]
    text = page.content.decode()
    assert f'href="/reporting/sales-tracking/{offer.pk}/?q=nora%40x.example">Summer</a>' in text
    assert [word in text for word in ("@Glows", "VIP", "Paris", "Foreign")] == [True, True, True, False]
    for query, found in (("q=nora", 1), ("tag=vip", 1), ("group=paris", 1), ("country=DE", 0), ("q=spy", 0)):
        assert len(names(signed_in.get(f"{URL}?{query}"))) == found


def test_every_page_is_reached_and_every_member_seen_once(signed_in, acme):
    for n in range(120):
        make.member(acme, f"M{n % 7}")
    seen, back, page = [], [], signed_in.get(URL)
    while True:
        seen += [row.member.pk for row in page.context["page"].rows]
        following = page.context["pager"].next
        if not following:
            break
        page = signed_in.get(URL + following)
    assert (len(seen), len(set(seen))) == (120, 120)
    while page.context["pager"].previous:
        page = signed_in.get(URL + page.context["pager"].previous)
        back = [row.member.pk for row in page.context["page"].rows] + back
    assert back == seen[:100]
    assert page.context["pager"].text == "1–50 of 120"


def test_the_number_of_queries_does_not_grow(signed_in, acme):
    counts = []
    for size in (1, 12):
        for _ in range(size):
            make.enrollment(make.offer(acme), make.member(acme))
        with CaptureQueriesContext(connection) as queries:
            assert signed_in.get(URL).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 15


def test_nobody_without_a_sign_in_sees_members(client, acme):
    make.member(acme)
    answer = client.get(URL)
    assert (answer.status_code, answer["Location"]) == (302, f"/account/login/?next={URL}")


def test_an_empty_workspace_and_an_empty_filter_say_so(signed_in, acme):
    assert "No members yet" in signed_in.get(URL).content.decode()
    make.member(acme)
    assert "No members match" in signed_in.get(f"{URL}?q=zzzz").content.decode()
