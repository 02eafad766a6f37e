"""A member's profile: details, codes and links with their status, what happened; editing; the data kept of one."""

from __future__ import annotations

import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from offerwell.models import (
    Event,
    Group,
    GroupMember,
    Member,
    MemberTag,
    OfferStatus,
    SocialHandle,
    StoreCode,
    StoredSelection,
    Tag,
)
from tests import make
from tests.web.page_words import words


@pytest.fixture
def manager(client, acme):
    client.force_login(make.user(acme, role="manager"))
    return client


@pytest.fixture
def nora(acme):
    return make.member(acme, "Nora", "Dubois", email="nora@x.example")


def profile(member):
    return f"/members/{member.pk}/"


def form(page):
    """What the form of the page would send."""
    text = page.content.decode()
    fields = {name: [] for name in ("network", "handle")}
    for tag in re.findall(r"<input[^>]*>", text):
        name, value = re.search(r'name="(\w+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and name[1] in {"first_name", "last_name", "email", "country", "seen"}:
            fields[name[1]] = value[1]
        elif name and name[1] == "handle":
            fields["handle"].append(value[1])
    fields["network"] = re.findall(r'<option value="(\w+)" selected>', text)
    return fields


def test_details_offers_and_what_happened(manager, acme, rival, nora):
    store = make.store(acme, "Main")
    summer = make.offer(acme, "Summer", stores=[store])
    paused = make.offer(acme, "Winter", status=OfferStatus.PAUSED)
    place = make.enrollment(summer, nora)
    made = make.code(place, "NORA20", stores=[store])
    make.code(place, "NORAVIP", is_active=False, stores=[store])
    make.link(place, "nora-1")
    make.code(make.enrollment(paused, nora), "NORAWINTER")
    make.code(make.enrollment(summer, make.member(acme, "Elena")), "ELENA20")
    StoreCode.objects.filter(code=made).update(
        problem="refused", last_error="The store refused it.", observed_generation=-1
    )
    SocialHandle.objects.create(workspace=acme, member=nora, network="tiktok", handle="Glows", handle_key="glows")
    group = Group.objects.create(workspace=acme, name="Paris", key="paris")
    GroupMember.objects.create(workspace=acme, group=group, member=nora)
    tag = Tag.objects.create(workspace=acme, name="VIP", key="vip")
    MemberTag.objects.create(workspace=acme, member=nora, tag=tag)
    make.placement(make.project(acme, "Launch").stages.order_by("position").first(), nora)
    text = words(manager.get(profile(nora)))
    for expected in (
        "E-mail nora@x.example TikTok @Glows Country FR Groups Paris Tags VIP Projects Launch in Welcome",
        "Sales Tracking Manage Offers",
        "Summer Sales, Last 30 days: – NORA20 Code: Updating Activating in Main. The store refused it. NORAVIP Code: Deactivated",
        "nora-1 Link: Active",
        "Winter Paused Sales, Last 30 days: – NORAWINTER Code: Paused The offer is not active.",
        "Joined Winter",
    ):  # fmt: skip
        assert expected in text
    assert "ELENA20" not in text
    page = manager.get(profile(nora)).content.decode()
    assert f'href="/reporting/sales-tracking/{summer.pk}/members/{place.pk}/"' in page


def test_manage_offers_needs_an_active_offer_and_the_role(manager, client, acme, nora):
    ended = make.offer(acme, "Ended", ends_at=make.NOW)
    make.enrollment(ended, nora)
    assert "Manage Offers" not in words(manager.get(profile(nora)))
    make.enrollment(make.offer(acme, "Runs"), nora)
    assert "Manage Offers" in words(manager.get(profile(nora)))
    client.force_login(make.user(acme, role="analyst"))
    seen = words(client.get(profile(nora)))
    assert [word in seen for word in ("Manage Offers", "Edit member", "Add tag", "Export data")] == [False] * 3 + [True]


def test_the_number_of_queries_does_not_grow(manager, acme):
    counts = []
    for size in (1, 5):
        who = make.member(acme)
        for n in range(size):
            place = make.enrollment(make.offer(acme, stores=[make.store(acme)]), who)
            make.history(make.code(place, stores=[make.store(acme)]))
            make.link(place)
            make.placement(make.project(acme).stages.first(), who)
            SocialHandle.objects.create(
                workspace=acme, member=who, network="x", handle=f"h{who.pk}{n}", handle_key=f"h{who.pk}{n}"
            )
        with CaptureQueriesContext(connection) as queries:
            assert manager.get(profile(who)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 30


def test_nobody_of_another_workspace_is_there(client, acme, rival, nora):
    client.force_login(make.user(rival, role="owner"))
    for address in ("", "edit/", "member.json"):
        assert client.get(profile(nora) + address).status_code == 404
    answer = client.post(profile(nora) + "edit/", {"first_name": "Stolen", "email": "a@b.example"})
    assert (answer.status_code, Member.objects.get(pk=nora.pk).first_name) == (404, "Nora")


def test_a_mangled_place_in_the_activity_is_the_start(manager, nora):
    for place in ("x", "2026-11-23T09:00:00_1_2", "2026-11-23T09:00:00+00:00_1_" + "9" * 30, "\0"):
        page = manager.get(profile(nora), {"before": place})
        assert (page.status_code, "Added to your members" in words(page)) == (200, True)


def test_editing_a_member_all_the_way(manager, acme, nora):
    SocialHandle.objects.create(workspace=acme, member=nora, network="tiktok", handle="Glows", handle_key="glows")
    fields = form(manager.get(profile(nora) + "edit/"))
    assert (fields["first_name"], fields["handle"]) == ("Nora", ["Glows", "", ""])
    fields |= {"last_name": "Martin", "country": "germany"}
    fields["handle"][1] = "https://www.instagram.com/nora.m/"
    done = manager.post(profile(nora) + "edit/", fields, follow=True)
    assert "Nora Martin" in words(done)
    assert "Last name, country and handles edited by Ana Lopez" in words(done)
    again = Member.objects.get(pk=nora.pk)
    assert (again.name, again.country) == ("Nora Martin", "DE")
    assert list(again.handles.order_by("pk").values_list("network", "handle")) == [
        ("tiktok", "Glows"),
        ("instagram", "nora.m"),
    ]


def test_what_is_refused_names_the_other_member_and_keeps_what_was_typed(manager, acme, nora):
    elena = make.member(acme, "Elena", "Rossi", email="elena@x.example")
    fields = form(manager.get(profile(nora) + "edit/"))
    refused = manager.post(profile(nora) + "edit/", fields | {"first_name": "Nina", "email": "Elena@X.example"})
    assert refused.status_code == 422
    text = words(refused)
    assert "Elena Rossi has this e-mail already. Two members can’t share one. Open that member" in text
    assert f'href="/members/{elena.pk}/"' in refused.content.decode()
    assert (form(refused)["first_name"], form(refused)["email"]) == ("Nina", "Elena@X.example")
    assert (Member.objects.get(pk=nora.pk).first_name, Event.objects.count()) == ("Nora", 0)


def test_two_people_edit_at_once(manager, nora):
    early, late = form(manager.get(profile(nora) + "edit/")), form(manager.get(profile(nora) + "edit/"))
    manager.post(profile(nora) + "edit/", early | {"country": "DE"})
    told = manager.post(profile(nora) + "edit/", late | {"first_name": "Nina"})
    assert told.status_code == 409
    assert "Somebody changed this member since you opened the form. Nothing was saved. It is now: Nora Dubois" in words(
        told
    )
    assert form(told)["first_name"] == "Nina"
    assert Member.objects.get(pk=nora.pk).first_name == "Nora"
    manager.post(profile(nora) + "edit/", form(told))
    assert Member.objects.get(pk=nora.pk).name == "Nina Dubois"


def test_the_data_kept_of_one_member_and_of_nobody_else(manager, acme, rival, nora):
    summer = make.offer(acme, "Summer")
    make.history(make.code(make.enrollment(summer, nora), "NORA20"))
    make.history(make.code(make.enrollment(summer, make.member(acme, "Elena")), "ELENA20"))
    with scope(workspace=rival):
        make.code(make.enrollment(make.offer(rival, "Theirs")), "RITA20")
    answer = manager.get(profile(nora) + "member.json")
    assert answer["Content-Disposition"] == 'attachment; filename="nora-dubois.json"'
    body = json.loads(answer.content)
    assert set(body) == {
        "member",
        "offers",
        "codes",
        "links",
        "projects",
        "moves",
        "messages",
        "changes",
        "events",
        "statements",
        "payout_email",
    }
    assert (body["member"]["email"], body["offers"][0]["offer"], body["codes"][0]["text"]) == (
        "nora@x.example", "Summer", "NORA20",
    )  # fmt: skip
    assert ("ELENA20" in answer.content.decode(), "RITA20" in answer.content.decode()) == (False, False)


def test_a_tag_from_the_profile_leads_back_to_it(manager, acme, nora):
    chosen = manager.post("/members/selection/add-tag/", {"ids": nora.pk, "profile": nora.pk})
    assert StoredSelection.objects.get().origin == profile(nora)
    done = manager.post(chosen.url, {"name": "VIP"}, follow=True)
    assert done.redirect_chain == [(profile(nora), 302)]
    assert "Tags VIP" in words(done)
