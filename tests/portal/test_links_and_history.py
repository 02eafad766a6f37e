"""Links to single pages that creators make themselves, and what a brand did with their codes and links."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django_scopes import scope
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offerwell.actions.schedule_change import schedule_change
from offerwell.actions.undo_bulk_change import undo_bulk_change
from offerwell.models import (
    BulkChange,
    BulkChangeItem,
    CodeHistory,
    Event,
    Offer,
    OfferPart,
    PromoCode,
    SalesLink,
    Workspace,
)
from offerwell.queries.creator_history import own_history
from offerwell.queries.creator_offers import own_offer
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.queries.project_members import newest_move
from offerwell.rules.schedule import ScheduleTimes, moment_of, typed_time
from offerwell.rules.selection import Crowd, MemberFilter, MemberSelection, Within
from tests import make
from tests.portal.conftest import now, portal_of, words
from tests.portal.test_offers import page, switch, world  # noqa: F401  the same world

LINKS = "/portal/offers/{}/links/"


@pytest.fixture
def shop(world):  # noqa: F811
    Offer.objects.update(deep_links=True, extra_domains=["blog.example"])
    return world[1]


def made(portal, place, address):
    return portal.post(LINKS.format(place.pk), {"page": address}, follow=True)


def test_a_creator_makes_a_link_to_one_page_and_finds_it_again(portal, shop, settings):
    settings.OFFERWELL_LINKS_URL = "https://go.example"
    assert "Make a link" in words(page(portal, shop))
    answer = made(portal, shop, " https://shop.example/serum?size=2 ")
    link = SalesLink.objects.get(destination="https://shop.example/serum?size=2")
    said = words(answer)
    assert (answer.status_code, link.enrollment_id) == (200, shop.pk)
    assert "Your link is there." in said
    assert "Your link to https://shop.example/serum?size=2" in said
    assert f'data-share="https://go.example/{link.slug}"' in answer.content.decode()
    assert portal.get(f"/portal/offers/{shop.pk}/qr/links-{link.pk}-0.svg").status_code == 200
    event = Event.objects.get(kind="deep_link_made")
    assert (event.actor_name, event.door) == ("Stella Adeyemi", "portal")
    made(portal, shop, "https://shop.example/serum?size=2")
    assert SalesLink.objects.filter(enrollment=shop).count() == 2
    assert "You have 1 link to single pages." in words(page(portal, shop))


@pytest.mark.parametrize(
    "address", ["", "https://evil.example/", "javascript:alert(1)", "https://shop.example.evil.io/"]
)
def test_a_page_elsewhere_is_refused_where_it_was_typed(portal, shop, address):
    answer = made(portal, shop, address)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert (SalesLink.objects.count(), Event.objects.filter(kind="deep_link_made").count()) == (1, 0)


def test_no_form_where_the_offer_does_not_let_them(portal, shop):
    Offer.objects.update(deep_links=False)
    assert "single pages" not in words(page(portal, shop))
    for answer in (portal.get(LINKS.format(shop.pk)), made(portal, shop, "https://shop.example/serum")):
        assert answer.status_code == 404
    Offer.objects.update(deep_links=True, status="paused")
    assert "single pages" not in words(page(portal, shop))
    SalesLink.objects.update(destination="https://shop.example/old")
    assert "Make a link" not in words(portal.get(LINKS.format(shop.pk)))
    answer = made(portal, shop, "https://shop.example/serum")
    assert answer.status_code == 422
    assert SalesLink.objects.count() == 1


def test_with_the_most_links_there_is_no_form(portal, shop, monkeypatch):
    monkeypatch.setattr("offerwell.portal.link_views.MOST_LINKS", 1)
    monkeypatch.setattr("offerwell.actions.make_deep_link.MOST_LINKS", 1)
    assert "that is the most" in words(portal.get(LINKS.format(shop.pk)))
    assert made(portal, shop, "https://shop.example/serum").status_code == 422
    assert SalesLink.objects.count() == 1


def told(stella, place):
    own = own_offer([stella], place.pk, at=now())
    return [(one.did, one.text, one.before, one.reason) for one in own_history(own)]


def test_the_history_says_what_happened_and_why_while_reasons_are_told(portal, world, stella):  # noqa: F811
    offer, mine = world
    other = offer.enrollments.exclude(pk=mine.pk).get().member_id
    switch(offer, to_active=False, reason="Until Monday.")
    switch(offer, to_active=True, members=(other,), reason="Only Nora.")
    second = switch(offer, to_active=True, members=(mine.member_id,))
    assert told(stella, mine) == [("activated", "STELLA20", "", ""), ("deactivated", "STELLA20", "", "")]
    Workspace.objects.update(tells_reasons=True)
    assert [entry[3] for entry in told(stella, mine)] == ["", "Until Monday."]
    said = words(page(portal, mine))
    assert "STELLA20 activated" in said
    assert "Ana Lopez" not in said
    assert "Only Nora." not in said
    undo_bulk_change(workspace_id=offer.workspace_id, change=second, by=make.ANA, at=now())
    assert [entry[0] for entry in told(stella, mine)] == ["deactivated", "activated", "deactivated"]


def test_a_new_text_is_told_with_the_old_one_and_nobody_elses(world, stella):  # noqa: F811
    offer, mine = world
    code = PromoCode.objects.get(text="STELLA20")
    change = BulkChange.objects.create(
        workspace=offer.workspace, offer=offer, kind="refresh", part="codes", to_active=True, at=now(), actor_name="Ana",
        door="web", key="k", body_hash="", selection={}, selected=1, changed=1, already_so=0, excluded=0,
        members_changed=1, digest="",
    )  # fmt: skip
    BulkChangeItem.objects.create(
        workspace=offer.workspace, change_id=change.pk, target_id=code.pk, enrollment_id=mine.pk,
        member_id=mine.member_id, was_active=True,
    )  # fmt: skip
    entry = make.history(code)
    CodeHistory.objects.filter(pk=entry.pk).update(text="OLD20", text_key="OLD20", closed_by=change.pk)
    new = make.history(code)
    CodeHistory.objects.filter(pk=new.pk).update(opened_by=change.pk)
    assert told(stella, mine) == [("renamed", "STELLA20", "OLD20", "")]
    CodeHistory.objects.filter(pk=entry.pk).update(member_id=offer.enrollments.exclude(pk=mine.pk).get().member_id)
    assert told(stella, mine) == []


@given(steps=st.lists(st.tuples(st.booleans(), st.booleans()), max_size=6))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_history_is_every_change_of_the_own_intent_and_nothing_else(acme, rival, steps):
    stella, nora = make.member(acme, "Stella"), make.member(acme, "Nora")
    offer = make.offer(acme)
    mine, hers = make.enrollment(offer, stella), make.enrollment(offer, nora)
    make.code(mine, f"MINE{offer.pk}"), make.code(hers, f"HERS{offer.pk}")
    with scope(workspace=rival):
        make.code(make.enrollment(make.offer(rival)))
    expected, is_active = [], {stella.pk: True, nora.pk: True}
    for is_mine, to_active in steps:
        who = stella.pk if is_mine else nora.pk
        if is_active[who] == to_active:
            continue
        switch(offer, to_active=to_active, members=(who,))
        is_active[who] = to_active
        expected += [("activated" if to_active else "deactivated", f"MINE{offer.pk}", "", "")] if is_mine else []
    assert told(stella, mine) == expected[::-1]


def test_a_change_planned_for_a_stage_is_announced_to_who_is_in_it(portal, world, stella, acme):  # noqa: F811
    offer, mine = world
    Workspace.objects.update(notice_hours=24, tells_reasons=True)
    here, there = make.project(acme).stages.order_by("position")[:2]
    place = make.placement(here, stella)
    crowd = MemberSelection(filter=MemberFilter(), within=Within(Crowd.STAGE, here.pk, newest_move()), up_to=10**9)
    wish = Wish(offer, OfferPart.CODES, to_active=False, selection=crowd)
    start = moment_of(typed_time(f"{now() + timedelta(days=2):%Y-%m-%d} 10:00"), ZoneInfo("Europe/Paris"))
    schedule_change(
        workspace_id=acme.pk, wish=wish, times=ScheduleTimes(start, None), digest=plan_change(wish, at=now()).digest,
        key="k", by=make.ANA, at=now(), creator_reason="The sale is over.",
    )  # fmt: skip
    said = words(page(portal, mine))
    assert "Will be deactivated on" in said
    assert "“The sale is over.”" in said
    nora = offer.enrollments.exclude(pk=mine.pk).get()
    assert "Will be deactivated" not in words(portal_of(nora.member.email).get(f"/portal/offers/{nora.pk}/"))
    type(place).objects.filter(pk=place.pk).update(stage=there)
    assert "Will be deactivated" not in words(page(portal, mine))
