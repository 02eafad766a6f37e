"""Sales links on the brand's screens: their settings, their whole address, links to one page, and what offers say."""

from __future__ import annotations

from datetime import date

import pytest
from django_scopes import scope, scopes_disabled

from offerwell.models import ClickDay, Event, LinkHost, Offer, SalesLink, Workspace
from tests import make

pytestmark = pytest.mark.django_db
SETTINGS = "/settings/links/"


@pytest.fixture(autouse=True)
def _served(settings):
    settings.OFFERWELL_LINKS_URL = "https://links.example"


@pytest.fixture
def signed_in(acme, client):
    client.force_login(make.user(acme))
    return client


def stored(place):
    with scopes_disabled():
        place.refresh_from_db()
        hosts = list(LinkHost.objects.filter(workspace=place).order_by("pk").values_list("host", flat=True))
    return hosts, place.uses_click_cookie, place.unknown_link_to


def test_settings_are_saved_and_recorded(signed_in, acme):
    assert "https://links.example/" in signed_in.get(SETTINGS).content.decode()
    given = {"hosts": "Go.Acme.example\n\nold.acme.example", "uses_cookie": "on", "unknown_to": "https://acme.example/"}
    assert signed_in.post(SETTINGS, given).status_code == 302
    assert stored(acme) == (["go.acme.example", "old.acme.example"], True, "https://acme.example/")
    assert "https://go.acme.example/" in signed_in.get(SETTINGS).content.decode()
    assert [one.kind for one in Event.objects.all()] == ["link_settings_set"]
    assert signed_in.post(SETTINGS, {"hosts": "old.acme.example"}).status_code == 302
    assert stored(acme) == (["old.acme.example"], False, "")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"hosts": "go acme.example"}, "“go acme.example” is not a host name."),
        ({"hosts": "https://user@x.example"}, "is not a host name."),
        ({"hosts": "links.example"}, "links.example is the address of Offerwell itself."),
        ({"hosts": "taken.example"}, "taken.example is used by another workspace"),
        ({"unknown_to": "javascript:alert(1)"}, "Enter a whole web address"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_saved(signed_in, acme, rival, given, sentence):
    with scope(workspace=rival):
        LinkHost.objects.create(workspace=rival, host="taken.example", created_at=make.NOW)
    shown = signed_in.post(SETTINGS, {"hosts": "", "unknown_to": "", "uses_cookie": "on", **given})
    text = shown.content.decode()
    assert shown.status_code == 422
    assert sentence in text
    assert next(iter(given.values())) in text
    assert (stored(acme), stored(rival)[0]) == (([], False, ""), ["taken.example"])
    assert Event.objects.count() == 0


def test_only_owners_change_settings(acme, client):
    for role in ("manager", "operator", "analyst"):
        client.force_login(make.user(acme, role=role))
        assert client.get(SETTINGS).status_code == 403
        assert client.post(SETTINGS, {"hosts": "go.acme.example"}).status_code == 403
    assert stored(acme) == ([], False, "")


def test_the_offer_shows_whole_addresses_and_clicks(signed_in, acme, rival):
    offer = make.offer(acme)
    link = make.link(make.enrollment(offer), "nora-1")
    for workspace, one, clicks in ((acme, link, 12), (rival, make.link(make.enrollment(make.offer(rival))), 999)):
        with scope(workspace=workspace):
            ClickDay.objects.create(
                workspace=workspace, link=one, offer_id=one.offer_id, member_id=one.enrollment.member_id,
                day=date(2026, 11, 23), clicks=clicks, uniques=7, rescued=2,
            )  # fmt: skip
    page = signed_in.get(f"/reporting/sales-tracking/{offer.pk}/").content.decode()
    assert 'data-copy="https://links.example/nora-1"' in page
    assert '<td class="cell-num cell-wide" data-label="Clicks">12</td>' in page
    assert "999" not in page
    member = signed_in.get(f"/reporting/sales-tracking/{offer.pk}/members/{link.enrollment_id}/").content.decode()
    assert 'data-copy="https://links.example/nora-1"' in member
    assert "12 clicks · 7 unique · 2 while it was off" in member
    export = b"".join(signed_in.get(f"/reporting/sales-tracking/{offer.pk}/members.csv").streaming_content).decode()
    assert "https://links.example/nora-1" in export


def test_a_link_to_one_page_is_made_on_the_members_page(signed_in, acme, rival):
    offer = make.offer(acme)
    place_of = make.enrollment(offer)
    address = f"/reporting/sales-tracking/{offer.pk}/members/{place_of.pk}/links/"
    refused = signed_in.post(address, {"page": "https://evil.example/<x>"})
    assert refused.status_code == 422
    assert "Links of this offer lead only to" not in refused.content.decode() or SalesLink.objects.count() == 0
    assert 'value="https://evil.example/&lt;x&gt;"' in refused.content.decode()
    assert SalesLink.objects.count() == 0
    made = signed_in.post(address, {"page": "https://shop.example/red"}, follow=True).content.decode()
    assert 'Opens <span class="break-all">https://shop.example/red</span>' in made
    theirs = make.enrollment(make.offer(rival))
    foreign = f"/reporting/sales-tracking/{theirs.offer_id}/members/{theirs.pk}/links/"
    assert signed_in.post(foreign, {"page": "https://shop.example/red"}).status_code == 404
    assert SalesLink.objects.count() == 1


def test_an_offer_says_where_its_links_lead(signed_in, acme):
    given = {
        "type": "sales_link", "name": "Holiday", "status": "active", "destination": "https://shop.example/",
        "extra_domains": "Blog.example\nblog.example", "deep_links": "on", "dead_link": "address",
        "dead_link_to": "https://blog.example/ended", "utm_source": " {creator_name} ",
    }  # fmt: skip
    wrong = {**given, "extra_domains": "no domain", "dead_link_to": "https://elsewhere.example/", "utm_source": "{x}"}
    shown = signed_in.post("/reporting/sales-tracking/new/", wrong)
    text = shown.content.decode()
    assert (shown.status_code, Offer.objects.count()) == (422, 0)
    for sentence in ("“no domain” is not a domain.", "Links of this offer lead only to", "{x} is not a variable."):
        assert sentence in text
    assert signed_in.post("/reporting/sales-tracking/new/", given).status_code == 302
    offer = Offer.objects.get()
    assert (offer.extra_domains, offer.deep_links, offer.dead_link, offer.dead_link_to, offer.utm_source) == (
        ["blog.example"], True, "address", "https://blog.example/ended", "{creator_name}",
    )  # fmt: skip
    edit = signed_in.get(f"/reporting/sales-tracking/{offer.pk}/edit/").content.decode()
    assert "https://blog.example/ended" in edit
    assert Workspace.objects.filter(pk=acme.pk, uses_click_cookie=False).exists()
