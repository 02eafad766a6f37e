"""The core journey by plain pages and forms: list, offer, select, choose, confirm, progress, done, undo."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.core import signing
from django_scopes import scope

from offerwell.models import (
    BulkChange,
    BulkChangeItem,
    ChangeProgress,
    Event,
    ItemOutcome,
    PromoCode,
    SalesLink,
    StoreCode,
    StoredSelection,
)
from tests import make
from tests.web.page_words import words


@pytest.fixture
def world(acme, client):
    """A two-part offer: five active codes and one deactivated, in one store; Ana signed in as operator."""
    store = make.store(acme, "Glow")
    offer = make.offer(acme, "Summer Glow 20%", stores=[store])
    names = ("Nora", "Elena", "Zoe", "Hana", "Aisha", "Maya")
    places = [make.enrollment(offer, make.member(acme, first)) for first in names]
    for place, first in zip(places, names, strict=True):
        make.code(place, f"{first.upper()}20", stores=[store], is_active=first != "Hana")
        make.link(place, f"glow-{first.lower()}")
    client.force_login(make.user(acme, role="operator"))
    return offer, [place.member_id for place in places]


def at(offer, stored=None, step=""):
    base = f"/reporting/sales-tracking/{offer.pk}/"
    return f"{base}manage/{stored.pk}/{step}" if stored else base


def select(client, offer, **fields):
    """Post the selection form and give the stored selection."""
    response = client.post(at(offer) + "selection/", fields)
    assert response.status_code == 302, words(response)
    stored = StoredSelection.objects.latest("pk")
    assert response.url == at(offer, stored)
    return stored


def token_of(response):
    return unescape(re.search(r'name="plan" value="([^"]+)"', response.content.decode())[1])


def plan_for(client, offer, stored, part="codes", target="deactivated"):
    response = client.get(at(offer, stored, "confirm/"), {"part": part, "target": target})
    assert response.status_code == 200, words(response)
    return response


def confirm(client, offer, stored, token):
    return client.post(at(offer, stored, "confirm/"), {"plan": token})


def texts(*, is_active):
    return sorted(PromoCode.objects.filter(is_active=is_active).values_list("text", flat=True))


def nothing_happened(active=5):
    counted = (BulkChange.objects.count(), BulkChangeItem.objects.count(), Event.objects.count())
    assert counted == (0, 0, 0)
    assert PromoCode.objects.filter(is_active=True).count() == active


def store_follows(change):
    """What the sync does to rows of a change that the store confirmed."""
    for row in StoreCode.objects.filter(generation=change.pk):
        ItemOutcome.objects.create(
            workspace_id=row.workspace_id, change_id=change.pk, store_id=row.store_id, code_id=row.code_id,
            result="confirmed", at=make.NOW,
        )  # fmt: skip
    StoreCode.objects.filter(generation=change.pk).update(observed_generation=change.pk, due_at=None)
    done = ChangeProgress.objects.get(change=change)
    done.confirmed = done.items
    done.save()


def test_the_whole_journey_without_javascript(client, world):
    offer, members = world
    listed = client.get("/reporting/sales-tracking/")
    assert at(offer) in listed.content.decode()
    page = words(client.get(at(offer)))
    assert "NORA20" in page
    assert "1–6 of 6" in page

    stored = select(client, offer, ids=members)
    choose = words(client.get(at(offer, stored)))
    assert "Manage Offer for members" in choose
    assert "Summer Glow 20% · 6 members selected" in choose
    preview = words(client.get(at(offer, stored), {"part": "codes", "target": "deactivated"}))
    assert "5 codes will be deactivated. 1 already deactivated, skipped." in preview

    to_confirm = plan_for(client, offer, stored)
    asked = words(to_confirm)
    assert "Deactivate 5 codes?" in asked
    assert "Shoppers can’t use these codes at checkout until you activate them again." in asked
    nothing_happened()

    answer = confirm(client, offer, stored, token_of(to_confirm))
    change = BulkChange.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/reporting/activity/{change.pk}/")
    assert texts(is_active=True) == []
    running = words(client.get(answer.url))
    assert "Deactivating codes…" in running
    assert "1 of 6 checked" in running

    store_follows(change)
    done = words(client.get(answer.url))
    assert "5 codes deactivated" in done
    assert "6 of 6 checked" in done

    undo = client.post(f"{answer.url}undo/")
    undone = BulkChange.objects.get(undoes=change)
    assert (undo.status_code, undo.url) == (302, f"/reporting/activity/{undone.pk}/")
    assert texts(is_active=False) == ["HANA20"]
    assert f"/reporting/activity/{undone.pk}/" in client.get(answer.url).content.decode()


def test_links_are_done_at_once(client, world):
    offer, members = world
    stored = select(client, offer, ids=members[:1])
    answer = confirm(client, offer, stored, token_of(plan_for(client, offer, stored, part="links")))
    assert SalesLink.objects.filter(is_active=False).count() == 1
    assert "1 link deactivated" in words(client.get(answer.url))


def test_a_double_press_of_confirm_is_one_change(client, world):
    offer, members = world
    stored = select(client, offer, ids=members)
    token = token_of(plan_for(client, offer, stored))
    first, second = confirm(client, offer, stored, token), confirm(client, offer, stored, token)
    assert first.url == second.url
    assert (BulkChange.objects.count(), BulkChangeItem.objects.count()) == (1, 5)


def test_all_that_match_means_the_filter_and_nobody_who_joined_later(client, world):
    offer, members = world
    newest = offer.enrollments.order_by("-pk").first().pk
    make.code(make.enrollment(offer, make.member(offer.workspace, "Zoe")), "ZOELATER")
    stored = select(client, offer, all="1", q="zoe", up_to=newest, exclude="")
    assert "1 code will be deactivated." in words(
        client.get(at(offer, stored), {"part": "codes", "target": "deactivated"})
    )
    confirm(client, offer, stored, token_of(plan_for(client, offer, stored)))
    assert texts(is_active=False) == ["HANA20", "ZOE20"]
    everybody = select(client, offer, all="1", exclude=f"{members[0]},{members[1]}", up_to=newest)
    confirm(client, offer, everybody, token_of(plan_for(client, offer, everybody)))
    assert texts(is_active=True) == ["ELENA20", "NORA20", "ZOELATER"]


def test_an_empty_selection_is_told_where_it_was_made(client, world):
    offer, _ = world
    response = client.post(at(offer) + "selection/", {"view": "active"})
    assert response.status_code == 422
    assert "No members are selected. Select one or more members first." in words(response)
    assert "NORA20" in words(response)
    assert StoredSelection.objects.count() == 0


@pytest.mark.parametrize("ids", ["nine", "1,-2", "1;2", "9" * 40])
def test_a_selection_that_cannot_be_read_is_refused(client, world, ids):
    offer, _ = world
    response = client.post(at(offer) + "selection/", {"ids": ids})
    assert response.status_code == 422
    assert "The selection could not be read. Select the members again." in words(response)
    assert StoredSelection.objects.count() == 0


def test_more_than_20000_ids_are_told_to_use_select_all(client, world):
    offer, _ = world
    response = client.post(at(offer) + "selection/", {"ids": ",".join(map(str, range(1, 20_002)))})
    assert response.status_code == 422
    assert "20,001 members are ticked one by one; the most is 20,000." in words(response)
    assert "Use Select all" in words(response)
    assert StoredSelection.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "Choose what to change: codes or links."),
        ({"part": "codes"}, "Choose Activate or Deactivate."),
        ({"part": "codes", "target": "paused"}, "The offer status is Activate or Deactivate."),
        ({"part": "members", "target": "active"}, "Choose what to change: codes or links."),
    ],
)
def test_a_choice_that_is_missing_is_asked_for(client, world, fields, told):
    offer, members = world
    stored = select(client, offer, ids=members)
    response = client.get(at(offer, stored, "confirm/"), fields)
    assert response.status_code == 422
    assert told in words(response)
    nothing_happened()


def test_a_part_the_offer_has_not_is_disabled_with_the_reason_and_refused(client, world):
    offer = make.offer(world[0].workspace, type="promo_code")
    place = make.enrollment(offer)
    make.code(place)
    stored = select(client, offer, ids=[place.member_id])
    assert "This offer has no links" in words(client.get(at(offer, stored)))
    response = client.get(at(offer, stored, "confirm/"), {"part": "links", "target": "deactivated"})
    assert response.status_code == 422
    assert "This offer has no links. Choose codes." in words(response)
    nothing_happened(active=6)


def test_nothing_to_change_is_said_and_refused(client, world):
    offer, members = world
    stored = select(client, offer, ids=[members[3]])
    told = "Nothing to change: every selected code is already deactivated."
    choice = {"part": "codes", "target": "deactivated"}
    preview = client.get(at(offer, stored), choice)
    assert told in words(preview)
    assert re.search(r"<button[^>]*\bdisabled\b[^>]*>\s*Update Offer", preview.content.decode())
    refused = client.get(at(offer, stored, "confirm/"), choice)
    assert (refused.status_code, told in words(refused)) == (422, True)
    nothing_happened()


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ("", "A change is confirmed after its plan was shown."),
        ("forged", "This plan could not be read."),
        (lambda: signing.dumps({"digest": "x"}, salt="offerwell.plan"), "This plan could not be read."),
    ],
    ids=["none", "forged", "signed but not a plan"],
)
def test_a_confirm_without_its_plan_is_refused(client, world, token, told):
    offer, members = world
    stored = select(client, offer, ids=members)
    response = confirm(client, offer, stored, token() if callable(token) else token)
    assert response.status_code == 422
    assert told in words(response)
    nothing_happened()


def test_a_plan_older_than_an_hour_is_refused(client, world, monkeypatch):
    offer, members = world
    stored = select(client, offer, ids=members)
    token = token_of(plan_for(client, offer, stored))
    monkeypatch.setattr("offerwell.web.manage_offers.plan_token._MAX_AGE_SECONDS", -1)
    response = confirm(client, offer, stored, token)
    assert response.status_code == 422
    assert "This plan is more than an hour old." in words(response)
    nothing_happened()


def test_the_plan_of_another_selection_is_refused(client, world):
    offer, members = world
    few, many = select(client, offer, ids=members[:1]), select(client, offer, ids=members)
    response = confirm(client, offer, many, token_of(plan_for(client, offer, few)))
    assert response.status_code == 422
    assert "This plan belongs to another selection." in words(response)
    nothing_happened()


def test_a_plan_out_of_date_shows_what_differs_and_the_new_plan(client, world):
    offer, members = world
    stored = select(client, offer, ids=members)
    shown = plan_for(client, offer, stored)
    other = select(client, offer, ids=members[:2])
    confirm(client, offer, other, token_of(plan_for(client, offer, other)))
    response = confirm(client, offer, stored, token_of(shown))
    assert response.status_code == 409
    page = words(response)
    assert re.search(r"3 codes will be deactivated instead of 5; 2 were changed by Ana Lopez at \d\d:\d\d\.", page)
    assert "Deactivate 3 codes?" in page
    assert BulkChange.objects.count() == 1
    assert texts(is_active=True) == ["AISHA20", "MAYA20", "ZOE20"]
    assert confirm(client, offer, stored, token_of(response)).status_code == 302
    assert texts(is_active=True) == []


def test_a_key_used_for_something_else_is_refused(client, world):
    offer, members = world
    stored = select(client, offer, ids=members)
    token = token_of(plan_for(client, offer, stored))
    confirm(client, offer, stored, token)
    StoredSelection.objects.filter(pk=stored.pk).update(body={"ids": members[:1]})
    response = confirm(client, offer, stored, token)
    assert response.status_code == 409
    assert f"This key was used for another change (number {BulkChange.objects.get().pk})" in words(response)
    assert BulkChange.objects.count() == 1


def test_an_offer_and_a_selection_that_are_not_there_are_404(client, world):
    offer, members = world
    stored = select(client, offer, ids=members)
    other = make.offer(offer.workspace)
    for address in (at(offer) + "manage/999999/", at(other, stored), "/reporting/sales-tracking/999999/"):
        assert client.get(address).status_code == 404
    assert client.post("/reporting/sales-tracking/999999/selection/", {"ids": members}).status_code == 404


def test_another_persons_selection_is_404_even_in_the_same_workspace(client, world):
    offer, members = world
    stored = select(client, offer, ids=members)
    token = token_of(plan_for(client, offer, stored))
    client.force_login(make.user(offer.workspace, role="owner"))
    assert client.get(at(offer, stored)).status_code == 404
    assert confirm(client, offer, stored, token).status_code == 404
    nothing_happened()


def test_rivals_see_and_change_nothing(client, world, rival):
    offer, members = world
    stored = select(client, offer, ids=members)
    token = token_of(plan_for(client, offer, stored))
    client.force_login(make.user(rival))
    for address in (at(offer), at(offer, stored), at(offer) + "statuses/?ids=1", at(offer) + "members.csv"):
        assert client.get(address).status_code == 404
    assert client.post(at(offer) + "selection/", {"ids": members}).status_code == 404
    assert confirm(client, offer, stored, token).status_code == 404
    nothing_happened()


def test_ids_of_another_workspace_are_nobody(client, world, rival):
    offer, members = world
    theirs = make.enrollment(make.offer(rival))
    foreign = make.code(theirs)
    stored = select(client, offer, ids=[members[0], theirs.member_id])
    assert "1 member selected" in words(client.get(at(offer, stored)))
    confirm(client, offer, stored, token_of(plan_for(client, offer, stored)))
    with scope(workspace=rival):
        assert PromoCode.objects.get(pk=foreign.pk).is_active is True


def test_analysts_see_but_cannot_change(client, world):
    offer, members = world
    stored = select(client, offer, ids=members)
    token = token_of(plan_for(client, offer, stored))
    confirm(client, offer, stored, token)
    change = BulkChange.objects.get()
    client.force_login(make.user(offer.workspace, role="analyst"))
    page = client.get(at(offer))
    assert "NORA20" in words(page)
    assert not re.search(r'/selection/"|name="ids"|<button[^>]*>Manage Offer', page.content.decode())
    assert client.post(at(offer) + "selection/", {"ids": members}).status_code == 403
    assert client.get(at(offer, stored)).status_code == 403
    assert confirm(client, offer, stored, token).status_code == 403
    assert client.post(f"/reporting/activity/{change.pk}/undo/").status_code == 403
    assert client.post(f"/reporting/activity/{change.pk}/retry/").status_code == 403
    assert "Undo" not in words(client.get(f"/reporting/activity/{change.pk}/"))
    assert BulkChange.objects.count() == 1


def test_strangers_go_to_sign_in_and_fragments_say_401(client, world):
    offer, _ = world
    client.logout()
    response = client.get(at(offer))
    assert (response.status_code, response.url) == (302, f"/account/login/?next={at(offer)}")
    assert client.get(at(offer), headers={"HX-Request": "true"}).status_code == 401


def test_show_more_lists_the_rest_by_name(client, world):
    offer, _ = world
    for n in range(10):
        make.code(make.enrollment(offer, make.member(offer.workspace, f"Zz{n}")))
    stored = select(client, offer, all="1")
    first = client.get(at(offer, stored), {"part": "codes", "target": "deactivated"})
    more = unescape(re.search(r'href="([^"]*/manage/[^"]*/members/[^"]*)"', first.content.decode())[1])
    assert "Zz1 Dubois" in words(first)
    assert "Zz2 Dubois" not in words(first)
    rest = words(client.get(more, headers={"HX-Request": "true"}))
    assert re.findall(r"Zz\d", rest) == [f"Zz{n}" for n in range(2, 10)]


def test_a_code_that_differs_in_the_store_is_repaired_by_asking_again(client, world):
    offer, members = world
    StoreCode.objects.filter(code__text="NORA20").update(problem="drifted", last_error="The store shows expired.")
    stored = select(client, offer, ids=members[:2])
    preview = client.get(at(offer, stored), {"part": "codes", "target": "active"})
    assert "1 code differs in the store and will be activated there again." in words(preview)
    shown = plan_for(client, offer, stored, target="active")
    assert "Activate 1 code in the store again?" in words(shown)
    response = confirm(client, offer, stored, token_of(shown))
    assert response.status_code == 302
    rows = dict(StoreCode.objects.values_list("code__text", "observed_generation"))
    assert (rows["NORA20"], rows["ZOE20"]) == (-1, 0)
    assert "2 codes already activated, checked again" in words(client.get(response.url))
