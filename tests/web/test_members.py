"""The Members tab: search, filters, views, selection, groups, exports; only the workspace's own, in few queries."""

from __future__ import annotations

import io
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from offerwell.actions.import_members import import_members
from offerwell.models import (
    Event,
    Group,
    GroupMember,
    Member,
    MemberTag,
    MemberTally,
    SavedView,
    SocialHandle,
    StoredSelection,
    Tag,
)
from offerwell.queries.members import members_matching
from offerwell.rules.selection import MemberFilter
from tests import make
from tests.web.page_words import csv_lines, words

URL = "/members/"


@pytest.fixture
def signed_in(client, acme):
    client.force_login(make.user(acme, role="analyst"))
    return client


def names(page):
    return re.findall(r'<a class="name link-quiet" href="/members/\d+/"><bdi>(.*?)</bdi>', page.content.decode())


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


def test_a_search_that_hits_too_many_says_so_and_all_still_means_all(signed_in, acme, monkeypatch):
    for module in ("offerwell.queries.few_or_many", "offerwell.web.members.member_screen"):
        monkeypatch.setattr(f"{module}.FEW", 2)
    for n in range(4):
        make.member(acme, f"Nora{n}")
    page = signed_in.get(URL, {"q": "nora"})
    assert len(names(page)) == 2
    assert "2 or more members match “nora”: the list looks through the first 2 only." in words(page)
    assert page.context["selection"].total is None
    assert members_matching(MemberFilter(text="nora")).count() == 4


def test_members_of_an_offer_are_found_by_it(signed_in, acme, rival):
    nora, offer = make.member(acme, "Nora"), make.offer(acme, "Summer")
    make.member(acme, "Elena")
    make.enrollment(offer, nora)
    page = signed_in.get(URL, {"offer": offer.pk})
    assert names(page) == ["Nora Dubois"]
    assert f'<option value="{offer.pk}" selected>Summer</option>' in page.content.decode()
    with scope(workspace=rival):
        theirs = make.enrollment(make.offer(rival, "Theirs"))
    assert names(signed_in.get(URL, {"offer": theirs.offer_id})) == []
    assert "Theirs" not in words(signed_in.get(URL))


def test_large_workspaces_show_the_kept_count(signed_in, acme, monkeypatch):
    monkeypatch.setattr("offerwell.queries.member_tally.LARGE", 3)
    for n in range(60):
        make.member(acme, f"M{n}")
    MemberTally.objects.create(workspace=acme, members=1_000_000)
    page = signed_in.get(URL)
    assert page.context["selection"].all_of_them == "1,000,000 members"
    assert page.context["pager"].text == "1–50 of 1,000,000"
    assert page.context["selection"].total == 1_000_000


def test_strange_names_are_shown_as_they_are(signed_in, acme):
    for first in ("x" * 300, "نورا", "👩🏽‍🎤", ""):
        make.member(acme, first, "", email="")
    page = signed_in.get(URL)
    assert set(names(page)) == {"x" * 300, "نورا", "👩🏽‍🎤", "Member without a name"}
    for row in page.context["page"].rows:
        assert signed_in.get(f"{URL}{row.member.pk}/").status_code == 200


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        ("owner", {"Add to group", "Export", "Import members", "Save view"}),
        ("operator", {"Add to project", "Export"}),
        ("analyst", {"Export selected", "Export"}),
    ],
)
def test_each_role_is_offered_what_it_may_do(client, acme, role, seen):
    client.force_login(make.user(acme, role=role))
    make.member(acme)
    text = words(client.get(URL, {"country": "FR"}))
    offered = {word for word in ("Add to group", "Remove tag", "Import members", "Save view") if word in text}
    assert offered == ({"Add to group", "Remove tag", "Import members", "Save view"} if role == "owner" else set())
    assert all(word in text for word in seen)


# --- what is done with selected members


@pytest.fixture
def manager(client, acme):
    client.force_login(make.user(acme, role="manager"))
    return client


def test_the_whole_way_into_a_group_without_javascript(manager, acme):
    nora, elena = make.member(acme, "Nora"), make.member(acme, "Elena")
    chosen = manager.post(f"{URL}selection/add-to-group/", {"ids": [nora.pk, elena.pk], "country": "FR"})
    stored = StoredSelection.objects.get()
    assert (chosen.status_code, chosen.url) == (302, f"{URL}selection/{stored.pk}/add-to-group/")
    assert (stored.offer, stored.origin) == (None, "/members/?country=FR")
    step = manager.get(chosen.url)
    assert "2 members selected" in words(step)
    refused = manager.post(chosen.url, {"name": "a,b"})
    assert refused.status_code == 422
    assert ('value="a,b"' in refused.content.decode(), GroupMember.objects.count()) == (True, 0)
    done = manager.post(chosen.url, {"name": "Paris"}, follow=True)
    assert done.redirect_chain == [("/members/?country=FR", 302)]
    assert "2 members added to Paris." in words(done)
    assert sorted(GroupMember.objects.values_list("member", flat=True)) == sorted([nora.pk, elena.pk])


def test_a_dialog_is_told_to_go_back(manager, acme):
    nora = make.member(acme, "Nora")
    htmx = {"headers": {"HX-Request": "true"}}
    chosen = manager.post(f"{URL}selection/add-tag/", {"ids": nora.pk, "profile": nora.pk}, **htmx)
    assert "<html" not in manager.get(chosen.url, **htmx).content.decode()
    done = manager.post(chosen.url, {"name": "VIP"}, **htmx)
    assert (done.status_code, done["HX-Redirect"]) == (200, f"/members/{nora.pk}/")
    assert list(MemberTag.objects.values_list("member", "tag__name")) == [(nora.pk, "VIP")]


def test_all_that_match_except_some_and_taking_off_again(manager, acme):
    nora, elena, german = make.member(acme, "Nora"), make.member(acme, "Elena"), make.member(acme, country="DE")
    fields = {"all": ["", "1"], "country": "FR", "exclude": elena.pk, "up_to": german.pk}
    make.member(acme, "Later")
    chosen = manager.post(f"{URL}selection/add-tag/", fields)
    manager.post(chosen.url, {"name": "VIP"})
    assert list(MemberTag.objects.values_list("member", flat=True)) == [nora.pk]
    everybody = manager.post(f"{URL}selection/remove-tag/", {"all": "1"})
    step = manager.get(everybody.url)
    assert "VIP (1 of the selected)" in words(step)
    assert "Choose a tag." in words(manager.post(everybody.url, {"mark": ""}))
    assert MemberTag.objects.count() == 1
    done = manager.post(everybody.url, {"mark": Tag.objects.get().pk}, follow=True)
    assert "The tag was taken from 1 member." in words(done)
    assert MemberTag.objects.count() == 0


@pytest.mark.parametrize("verb", ["add-to-group", "remove-tag", "export", "compose", "project"])
def test_nobody_selected_says_so_where_the_person_selects(manager, acme, verb):
    make.member(acme)
    refused = manager.post(f"{URL}selection/{verb}/", {"country": "FR"})
    assert refused.status_code == 422
    assert "No members are selected. Select one or more members first." in words(refused)
    assert refused.context["wanted"].country == "FR"
    fragment = manager.post(f"{URL}selection/{verb}/", {}, headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment["HX-Retarget"]) == (422, "#selection-refusal")
    assert StoredSelection.objects.count() == 0


def test_a_selection_is_its_own_persons(manager, acme, rival):
    nora = make.member(acme)
    chosen = manager.post(f"{URL}selection/export/", {"ids": nora.pk})
    for place, expected in ((acme, 404), (rival, 404)):
        manager.force_login(make.user(place, role="owner"))
        assert manager.get(chosen.url).status_code == expected
    assert manager.get(f"{URL}selection/999999999999/members.csv").status_code == 404
    assert manager.post(f"{URL}selection/no-such-verb/", {"ids": nora.pk}).status_code == 404


ADDRESSES_OF_MANAGERS = (
    "selection/add-to-group/", "views/save/", "groups/{group}/", "groups/{group}/delete/", "{member}/edit/",
)  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES_OF_MANAGERS)
def test_who_may_only_look_changes_nothing(client, acme, address):
    nora, group = make.member(acme, "Nora"), Group.objects.create(workspace=acme, name="Paris", key="paris")
    where = URL + address.format(group=group.pk, member=nora.pk)
    for role in ("operator", "analyst"):
        client.force_login(make.user(acme, role=role))
        answer = client.post(where, {"ids": nora.pk, "name": "New", "first_name": "New", "country": "FR"})
        assert answer.status_code == 403
    assert (Group.objects.get().name, Member.objects.get().first_name) == ("Paris", "Nora")
    assert (SavedView.objects.count(), StoredSelection.objects.count(), Event.objects.count()) == (0, 0, 0)


# --- saved views, groups and tags


def test_a_filter_becomes_a_tab_for_everybody(manager, client, acme, rival):
    make.member(acme, "Nora")
    make.member(acme, "Hans", country="DE")
    asked = manager.get(f"{URL}views/save/", {"country": "DE"})
    assert "from DE" in words(asked)
    empty = manager.post(f"{URL}views/save/", {"country": "DE", "name": ""})
    assert (empty.status_code, "Give the view a name." in words(empty)) == (422, True)
    saved = manager.post(f"{URL}views/save/", {"country": "DE", "name": "Germans"})
    assert saved.url == "/members/?country=DE"
    client.force_login(make.user(acme, role="analyst"))
    page = client.get("/members/")
    assert [(one.name, one.href, one.is_current) for one in page.context["views"]] == [
        ("All", "?", True), ("Germans", "?country=DE", False),
    ]  # fmt: skip
    assert names(client.get("/members/?country=DE")) == ["Hans Dubois"]
    client.force_login(make.user(rival, role="owner"))
    assert "Germans" not in words(client.get("/members/"))
    view = SavedView.objects.get()
    for step in ("rename", "delete"):
        assert client.post(f"{URL}views/{view.pk}/{step}/", {"name": "Stolen"}).status_code == 404
    assert SavedView.objects.get().name == "Germans"


def test_views_are_renamed_and_deleted(manager, acme):
    manager.post(f"{URL}views/save/", {"country": "DE", "name": "Germans"})
    view = SavedView.objects.get()
    assert "Germans" in words(manager.get(f"{URL}views/"))
    assert manager.post(f"{URL}views/{view.pk}/rename/", {"name": "all"}).status_code == 422
    manager.post(f"{URL}views/{view.pk}/rename/", {"name": "From Germany"})
    assert "From Germany" in words(manager.get(f"{URL}views/"))
    assert "No member is deleted." in words(manager.get(f"{URL}views/{view.pk}/delete/"))
    assert SavedView.objects.count() == 1
    manager.post(f"{URL}views/{view.pk}/delete/")
    assert SavedView.objects.count() == 0


def test_groups_with_counts_are_renamed_and_deleted_and_members_stay(manager, acme, rival):
    group = Group.objects.create(workspace=acme, name="Paris", key="paris")
    for _ in range(3):
        GroupMember.objects.create(workspace=acme, group=group, member=make.member(acme))
    with scope(workspace=rival):
        Group.objects.create(workspace=rival, name="Secret", key="secret")
    page = words(manager.get(f"{URL}groups/"))
    assert ("Paris 3 Rename Delete" in page, "Secret" in page) == (True, False)
    assert manager.post(f"{URL}groups/{group.pk}/", {"name": " "}).status_code == 422
    manager.post(f"{URL}groups/{group.pk}/", {"name": "Lyon"})
    assert "3 members are in it. No member is deleted: only the group is." in words(
        manager.get(f"{URL}groups/{group.pk}/delete/")
    )
    done = manager.post(f"{URL}groups/{group.pk}/delete/", follow=True)
    assert "The group Lyon is deleted. Its members are all still there." in words(done)
    assert (Group.objects.count(), Member.objects.count()) == (0, 3)


def test_marks_are_paged_by_name(manager, acme):
    Tag.objects.bulk_create(Tag(workspace=acme, name=f"T{n:03}", key=f"t{n:03}") for n in range(150))
    first = manager.get(f"{URL}tags/")
    assert [row.mark.name for row in first.context["page"].rows][::99] == ["T000", "T099"]
    second = manager.get(f"{URL}tags/", {"after": first.context["page"].next})
    assert [row.mark.name for row in second.context["page"].rows][::49] == ["T100", "T149"]
    assert second.context["page"].next == ""


# --- exports


def test_what_is_exported_is_imported_again_as_it_was(manager, acme, rival):
    nora = make.member(acme, "Nora", "O’Neil, Jr.", email="nora@x.example")
    wild = make.member(acme, "=1+1", "-Ann", email="", country="")
    for who, network, text in (
        (nora, "tiktok", "Glows"), (nora, "tiktok", "glows.too"), (nora, "x", "nora"), (wild, "other", "wild"),
    ):  # fmt: skip
        SocialHandle.objects.create(workspace=acme, member=who, network=network, handle=text, handle_key=text.lower())
    for n in ("VIP", "Micro"):
        tag = Tag.objects.create(workspace=acme, name=n, key=n.lower())
        MemberTag.objects.create(workspace=acme, member=nora, tag=tag)
    make.member(rival, "Foreign")
    file = b"".join(manager.get(f"{URL}members.csv").streaming_content)
    assert b"Foreign" not in file
    with scope(workspace=rival):
        Member.objects.all().delete()
        report = import_members(workspace_id=rival.pk, file=io.BytesIO(file), by=make.ANA, at=make.NOW)
        assert ([one.reason for one in report.rejected], report.added) == ([], 2)
        again = Member.objects.get(email="nora@x.example")
        assert (again.first_name, again.last_name, again.country) == ("Nora", "O’Neil, Jr.", "FR")
        assert sorted(again.handles.values_list("network", "handle")) == [
            ("tiktok", "Glows"), ("tiktok", "glows.too"), ("x", "nora"),
        ]  # fmt: skip
        assert sorted(again.tag_links.values_list("tag__name", flat=True)) == ["Micro", "VIP"]
        strange = Member.objects.get(email="")
        assert (strange.first_name, strange.last_name, strange.handles.get().handle) == ("=1+1", "-Ann", "wild")
    report = import_members(workspace_id=acme.pk, file=io.BytesIO(file), by=make.ANA, at=make.NOW)
    assert (report.added, report.updated, report.unchanged) == (0, 0, 2)


def test_the_selection_is_exported_page_by_page(manager, acme, monkeypatch):
    monkeypatch.setattr("offerwell.queries.member_export._AT_ONCE", 2)
    made = [make.member(acme, f"M{n}") for n in range(5)]
    chosen = manager.post(f"{URL}selection/export/", {"ids": [one.pk for one in made[:4]]})
    lines = csv_lines(manager.get(chosen.url))
    assert [line[0] for line in lines] == ["First name", "M0", "M1", "M2", "M3"]
    filtered = csv_lines(manager.get(f"{URL}members.csv", {"q": "m4"}))
    assert [line[0] for line in filtered[1:]] == ["M4"]
