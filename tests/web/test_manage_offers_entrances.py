"""Manage Offers from a project and from a profile: choose an offer, then the same dialog, and back again."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone
from django_scopes import scope

from offerwell.models import BulkChange, Event, Placement, ProjectOffer, PromoCode, Stage, StoredSelection
from tests import make
from tests.web.page_words import words


@pytest.fixture
def world(acme, client):
    """Nora, Liam and Mia in a Promo Code stage; Nora and Liam in Summer, all in Links; Ana is an operator."""
    project = make.project(acme, "Autumn")
    stage = project.stages.get(kind="promo_code")
    summer = make.offer(acme, "Summer", type="promo_code", stores=[make.store(acme, "Glow")])
    links = make.offer(acme, "Links", type="sales_link")
    for name in ("Nora", "Liam", "Mia"):
        member = make.placement(stage, make.member(acme, name)).member
        make.link(make.enrollment(links, member))
        if name != "Mia":
            make.code(make.enrollment(summer, member), f"{name.upper()}20", stores=[summer.store_links.get().store])
    for offer in (summer, links):
        make.connected(project, offer)
    client.force_login(make.user(acme, role="operator"))
    return project, stage, summer


def offers_of(client, project, stage, **fields):
    """Select and press Manage Offers; gives the address of the offers to choose from."""
    fields = fields or {"all": "1"}
    response = client.post(f"/projects/{project.pk}/stages/{stage.pk}/selection/", {"do": "offers", **fields})
    assert response.status_code == 302, words(response)
    return response.url


def choose(client, address, offer):
    response = client.post(address, {"offer": offer.pk})
    assert response.status_code == 302, words(response)
    return response.url


def token_of(response):
    return unescape(re.search(r'name="plan" value="([^"]+)"', response.content.decode())[1])


def nothing_happened():
    assert (BulkChange.objects.count(), Event.objects.count()) == (0, 0)
    assert PromoCode.objects.filter(is_active=False).count() == 0


def test_from_a_project_step_by_step(client, world):
    project, stage, summer = world
    address = offers_of(client, project, stage)
    listed = words(client.get(address))
    assert "Manage Offers Autumn · 3 members selected Choose an offer" in listed
    assert "Links Sales Link · 3 of 3 belong" in listed
    assert "Summer Promo Code · 2 of 3 belong · others excluded" in listed

    dialog = choose(client, address, summer)
    page = client.get(dialog, {"part": "codes", "target": "deactivated"})
    told = words(page)
    assert "Summer · 3 members selected" in told
    assert "2 codes will be deactivated." in told
    assert "1 member is not in this offer, excluded." in told
    assert "Not in this offer MD Mia Dubois Excluded" in told
    assert f'href="{address}"' in page.content.decode()
    assert f'href="/projects/{project.pk}/stages/{stage.pk}/" data-close' in page.content.decode()

    to_confirm = client.get(f"{dialog}confirm/", {"part": "codes", "target": "deactivated"})
    assert "Deactivate 2 codes?" in words(to_confirm)
    nothing_happened()
    done = client.post(f"{dialog}confirm/", {"plan": token_of(to_confirm)})
    change = BulkChange.objects.get()
    stored = StoredSelection.objects.get(offer=summer)
    assert done.url == f"/reporting/activity/{change.pk}/?sel={stored.pk}"
    assert f'href="/projects/{project.pk}/stages/{stage.pk}/">Back to project' in client.get(done.url).content.decode()
    step = client.get(done.url, headers={"HX-Request": "true"}).content.decode()
    assert f'href="/projects/{project.pk}/stages/{stage.pk}/" data-close' in step
    assert f"sel={stored.pk}" in step
    assert sorted(PromoCode.objects.filter(is_active=False).values_list("text", flat=True)) == ["LIAM20", "NORA20"]


def test_who_joins_the_offer_later_is_not_swept_in(acme, client, world):
    project, stage, summer = world
    dialog = choose(client, offers_of(client, project, stage), summer)
    mia = Placement.objects.get(member__first_name="Mia").member
    make.code(make.enrollment(summer, mia), "MIA20")
    page = words(client.get(dialog, {"part": "codes", "target": "deactivated"}))
    assert "2 codes will be deactivated." in page
    assert "1 member is not in this offer, excluded." in page


def test_an_offer_that_was_disconnected_meanwhile_is_refused_with_the_list_of_now(client, world):
    project, stage, summer = world
    address = offers_of(client, project, stage)
    ProjectOffer.objects.filter(offer=summer).update(disconnected_at=make.NOW)
    refused = client.post(address, {"offer": summer.pk})
    assert refused.status_code == 409
    assert "This offer is not in the list any more. Choose one of these." in words(refused)
    assert "Summer" not in words(refused)
    assert StoredSelection.objects.exclude(offer=None).count() == 0


@pytest.mark.parametrize("wanted", ["", "0", "x", "9" * 30])
def test_an_offer_that_is_none_is_refused(client, world, wanted):
    project, stage, _summer = world
    address = offers_of(client, project, stage)
    assert client.post(address, {"offer": wanted}).status_code == 409
    assert StoredSelection.objects.exclude(offer=None).count() == 0


@pytest.mark.parametrize("missing", ["offer", "stage"])
def test_without_its_condition_the_entry_is_absent_and_the_address_refuses(client, world, missing):
    project, stage, summer = world
    page = f"/projects/{project.pk}/stages/{stage.pk}/"
    assert "Manage Offers" in words(client.get(page))
    address = offers_of(client, project, stage)
    if missing == "offer":
        ProjectOffer.objects.filter(project=project).update(disconnected_at=make.NOW)
    else:
        Stage.objects.filter(project=project).update(kind="content")
    assert "Manage Offers" not in words(client.get(page))
    assert "Manage Offers" not in words(client.get(f"/projects/{project.pk}/"))
    for refused in (client.get(address), client.post(address, {"offer": summer.pk})):
        assert refused.status_code == 409
        assert "Manage Offers needs a sales tracking stage in the workflow" in words(refused)
        assert "Choose an offer" not in words(refused)
    assert StoredSelection.objects.exclude(offer=None).count() == 0
    nothing_happened()


def test_members_in_none_of_the_offers(acme, client, world):
    project, stage, _summer = world
    lone = make.placement(stage, make.member(acme, "Lone")).member
    address = offers_of(client, project, stage, ids=[lone.pk])
    assert "None of the selected members belongs to an offer that is connected" in words(client.get(address))


def test_a_selection_of_another_person_project_or_screen_is_not_there(acme, rival, client, world):
    project, stage, summer = world
    address = offers_of(client, project, stage)
    other = make.project(acme, "Spring")
    pk = StoredSelection.objects.get().pk
    with scope(workspace=rival):
        theirs = make.project(rival, "Secret")
    assert client.get(f"/projects/{other.pk}/selected/{pk}/offers/").status_code == 404
    assert client.get(f"/projects/{theirs.pk}/selected/{pk}/offers/").status_code == 404
    StoredSelection.objects.filter(pk=pk).update(origin="/members/")
    assert client.get(address).status_code == 404
    StoredSelection.objects.filter(pk=pk).update(origin=f"/projects/{project.pk}/", offer=summer)
    assert client.get(address).status_code == 404
    StoredSelection.objects.filter(pk=pk).update(offer=None)
    assert client.get(address).status_code == 200
    client.force_login(make.user(acme, role="owner"))
    assert client.get(address).status_code == 404
    client.force_login(make.user(acme, role="analyst"))
    assert client.get(address).status_code == 403


def test_from_a_profile_only_active_offers_and_the_same_dialog(acme, rival, client, world):
    _project, _stage, summer = world
    nora = Placement.objects.get(member__first_name="Nora").member
    make.enrollment(make.offer(acme, "Paused one", status="paused"), nora)
    make.enrollment(make.offer(acme, "Ended one", ends_at=timezone.now() - timedelta(days=1)), nora)
    make.offer(acme, "Of others")
    address = f"/members/{nora.pk}/manage-offers/"
    listed = words(client.get(address))
    assert "Manage Offers Nora Dubois · 1 member selected Choose an offer" in listed
    assert "Summer Promo Code · 1 of 1 belongs" in listed
    assert [name for name in ("Paused one", "Ended one", "Of others") if name in listed] == []
    page = client.get(choose(client, address, summer), {"part": "codes", "target": "deactivated"})
    assert "Summer · 1 member selected" in words(page)
    assert '<details class="disclosure" id="current-status" open>' in page.content.decode()
    assert "NORA20" in words(page)
    paused = summer.__class__.objects.get(name="Paused one")
    assert client.post(address, {"offer": paused.pk}).status_code == 409
    theirs = make.member(rival, "Rita")
    assert client.get(f"/members/{theirs.pk}/manage-offers/").status_code == 404


def test_a_profile_without_an_active_offer_says_so(acme, client, world):
    lone = make.member(acme, "Lone")
    assert "This member belongs to no active offer." in words(client.get(f"/members/{lone.pk}/manage-offers/"))


def test_a_result_is_not_led_back_by_a_selection_of_somebody_else(acme, client, world):
    project, stage, summer = world
    dialog = choose(client, offers_of(client, project, stage), summer)
    done = client.post(
        f"{dialog}confirm/",
        {"plan": token_of(client.get(f"{dialog}confirm/", {"part": "codes", "target": "deactivated"}))},
    )
    client.force_login(make.user(acme, role="owner"))
    assert "Back to project" not in words(client.get(done.url))
