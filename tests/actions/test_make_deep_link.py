"""Links to one page: only on the offer's domains, once for each page, and by members only where the offer lets them."""

from __future__ import annotations

import json

import pytest

from offerwell.actions import make_deep_link as module
from offerwell.actions.make_deep_link import DeepLinkRefused, make_deep_link
from offerwell.models import Event, OfferType, SalesLink
from tests import make

pytestmark = pytest.mark.django_db


def made(place_of, page="https://shop.example/red", **more):
    return make_deep_link(enrollment=place_of, page=page, by=make.ANA, at=make.NOW, **more)


def test_a_link_to_one_page_is_made_once(acme):
    place_of = make.enrollment(make.offer(acme))
    link = made(place_of, " HTTPS://Shop.example/red ")
    assert (link.destination, link.is_active, link.enrollment_id) == ("https://shop.example/red", True, place_of.pk)
    assert link.slug.startswith("noradubois-")
    assert made(place_of).pk == link.pk
    assert SalesLink.objects.count() == 1
    assert [(one.kind, json.loads(one.body)["page"]) for one in Event.objects.all()] == [
        ("deep_link_made", "https://shop.example/red")
    ]


def test_an_added_domain_is_allowed_and_no_other(acme):
    place_of = make.enrollment(make.offer(acme, extra_domains=["blog.example"]))
    assert made(place_of, "https://blog.example/red").destination == "https://blog.example/red"


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        (
            "https://evil.example/",
            "Links of this offer lead only to shop.example. Choose a page there, or add its domain.",
        ),
        ("https://shop.example@evil.example/", "Enter a whole web address that starts with https:// or http://."),
        ("//evil.example", "Enter a whole web address that starts with https:// or http://."),
        ("", "Enter the page that the links open, for example https://shop.example/."),
    ],
)
def test_a_page_elsewhere_is_refused(acme, page, sentence):
    place_of = make.enrollment(make.offer(acme))
    with pytest.raises(DeepLinkRefused) as refused:
        made(place_of, page)
    assert (str(refused.value), SalesLink.objects.count(), Event.objects.count()) == (sentence, 0, 0)


def test_members_make_links_only_where_the_offer_lets_them(acme, monkeypatch):
    closed, open_ = make.enrollment(make.offer(acme)), make.enrollment(make.offer(acme, deep_links=True))
    with pytest.raises(DeepLinkRefused, match="are off in this offer"):
        made(closed, by_member=True)
    assert made(open_, by_member=True).enrollment_id == open_.pk
    with pytest.raises(DeepLinkRefused, match="has no sales links"):
        made(make.enrollment(make.offer(acme, type=OfferType.PROMO_CODE)))
    monkeypatch.setattr(module, "MOST_LINKS", 1)
    with pytest.raises(DeepLinkRefused, match="1 links are the most"):
        made(open_, "https://shop.example/blue")
    assert SalesLink.objects.count() == 1
