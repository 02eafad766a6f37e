"""Generating codes and links: what is missing is made, with everything that must follow; or nothing is."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from offerwell.actions import generate_codes as module
from offerwell.actions.generate_codes import CannotGenerate, CodesRefused, Generated, generate_codes
from offerwell.models import (
    CodeHistory,
    Enrollment,
    Event,
    OfferType,
    PromoCode,
    SalesLink,
    SocialHandle,
    StoreCode,
)
from offerwell.queries.code_proposals import Lacking, lacking, propose_codes
from offerwell.rules.code_names import InvalidPattern
from tests import make


def generate(workspace, offer, texts=None, **options):
    return generate_codes(workspace_id=workspace.pk, offer=offer, texts=texts, by=make.ANA, at=make.NOW, **options)


def nothing_is_made():
    counts = [model.objects.count() for model in (PromoCode, SalesLink, CodeHistory, StoreCode, Event)]
    return counts == [0, 0, 0, 0, 0]


@pytest.fixture
def world(acme):
    """A two-part offer in two stores with three members: two Noras and one without letters."""
    stores = [make.store(acme, "Glow"), make.store(acme, "Second")]
    offer = make.offer(acme, "Summer", stores=stores)
    places = [make.enrollment(offer, make.member(acme, *name)) for name in (("Nora",), ("Nora",), ("Søren", "Å"))]
    return offer, places, stores


def test_everybody_gets_a_code_and_a_link_with_all_that_follows(acme, world, django_capture_on_commit_callbacks):
    offer, places, stores = world
    assert lacking(offer) == Lacking(members=3, codes=3, links=3)
    with django_capture_on_commit_callbacks(execute=True):
        assert generate(acme, offer) == Generated(codes=3, links=3, skipped=0)
    codes = PromoCode.objects.order_by("pk")
    assert list(codes.values_list("enrollment_id", "text", "text_key", "is_active", "created_at", "offer_id")) == [
        (place.pk, text, text, True, make.NOW, offer.pk)
        for place, text in zip(places, ("NORA20", "NORA202", "SOREN20"), strict=True)
    ]
    assert list(CodeHistory.objects.order_by("pk").values_list("code_id", "member_id", "text_key", "until_at")) == [
        (code.pk, place.member_id, code.text_key, None) for code, place in zip(codes, places, strict=True)
    ]
    rows = StoreCode.objects.order_by("store_id", "code_id")
    assert list(rows.values_list("store_id", "code_id", "ref", "generation", "observed_generation", "due_at")) == [
        (store.pk, code.pk, "", 0, -1, make.NOW) for store in stores for code in codes
    ]
    slugs = list(SalesLink.objects.order_by("pk").values_list("slug", flat=True))
    assert [re.sub("[a-z0-9]{8}$", "*", slug) for slug in slugs] == [
        "noradubois-*",
        "noradubois-*",
        "sorena-*",
    ]
    assert len(set(slugs)) == 3
    assert Enrollment.objects.get(pk=places[0].pk).search_text == places[0].search_text + " nora20"
    assert Event.objects.get().body == '{"codes": 3, "links": 3, "members": 3}'
    assert make.wake_ups == [("sync_store", store.pk) for store in stores]


def test_a_repeat_makes_nothing(acme, world):
    offer, _, _ = world
    generate(acme, offer)
    assert generate(acme, offer) == Generated(codes=0, links=0, skipped=3)
    assert (PromoCode.objects.count(), SalesLink.objects.count(), Event.objects.count()) == (3, 3, 1)


def test_only_what_is_missing_is_made(acme, world):
    offer, places, stores = world
    make.code(places[0], "MINE", stores=[stores[0]])
    make.link(places[0])
    make.code(places[1], "ALSO")
    assert lacking(offer) == Lacking(members=2, codes=1, links=2)
    assert generate(acme, offer) == Generated(codes=1, links=2, skipped=1)
    assert lacking(offer) == Lacking(members=0, codes=0, links=0)
    assert list(PromoCode.objects.order_by("pk").values_list("text", flat=True)) == [
        "MINE",
        "ALSO",
        "SOREN20",
    ]
    assert StoreCode.objects.exclude(ref="").count() == 1
    assert StoreCode.objects.filter(ref="").values("code").distinct().count() == 1


def test_typed_texts_are_made_and_the_others_left_alone(acme, world):
    offer, places, _ = world
    assert generate(acme, offer, {places[0].pk: " glownora "}) == Generated(codes=1, links=1, skipped=0)
    assert list(PromoCode.objects.values_list("enrollment_id", "text")) == [(places[0].pk, "GLOWNORA")]


def test_typed_texts_and_everybody_else_by_the_pattern(acme, world):
    offer, places, _ = world
    made = generate(acme, offer, {places[1].pk: "NORA"}, also_the_rest=True, pattern="{first_name}")
    assert made == Generated(codes=3, links=3, skipped=0)
    texts = PromoCode.objects.order_by("enrollment_id").values_list("text", flat=True)
    assert list(texts) == ["NORA2", "NORA", "SOREN"]


def test_a_code_that_somebody_has_is_refused_by_name_and_nothing_is_made(acme, rival, world):
    offer, places, _ = world
    winter = make.offer(acme, "Winter")
    make.code(make.enrollment(winter, make.member(acme, "Elena", "Rossi")), "Glow")
    with pytest.raises(CodesRefused) as refused:
        generate(acme, offer, {places[0].pk: "glow", places[1].pk: "FREE", places[2].pk: "free"})
    assert refused.value.problems == {
        places[0].pk: "GLOW is already the code of Elena Rossi in Winter. Choose another one.",
        places[2].pk: "FREE is also typed for Nora Dubois. Choose another one.",
    }
    assert PromoCode.objects.count() == 1
    assert (SalesLink.objects.count(), CodeHistory.objects.count(), Event.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize("text", ["", "NO RA", "Ñ", "A" * 41])
def test_a_code_that_cannot_be_typed_is_refused(acme, world, text):
    offer, places, _ = world
    with pytest.raises(CodesRefused) as refused:
        generate(acme, offer, {places[0].pk: text})
    assert list(refused.value.problems) == [places[0].pk]
    assert str(refused.value).startswith("Nora Dubois: ")
    assert nothing_is_made()


def test_the_codes_of_another_brand_do_not_clash_and_its_members_get_none(acme, rival, world):
    offer, places, _ = world
    with scope(workspace=rival):
        theirs = make.enrollment(make.offer(rival, "Summer"), make.member(rival))
    make.code(theirs, "NORA20")
    assert generate(acme, offer, {theirs.pk: "STOLEN"}) == Generated(codes=0, links=0, skipped=0)
    assert nothing_is_made()
    generate(acme, offer)
    assert PromoCode.objects.order_by("pk").first().text == "NORA20"
    with scope(workspace=rival):
        assert list(PromoCode.objects.values_list("text", flat=True)) == ["NORA20"]
    assert places


def test_batches_number_on(acme, world, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 1)
    offer, _, _ = world
    make.enrollment(offer, make.member(acme, "Nora"))
    generate(acme, offer)
    texts = PromoCode.objects.order_by("pk").values_list("text", flat=True)
    assert list(texts) == ["NORA20", "NORA202", "SOREN20", "NORA203"]


def test_who_lacks_something_is_counted_once(acme, world):
    offer, places, _ = world
    make.code(places[0])
    make.link(places[1])
    assert lacking(offer) == Lacking(members=3, codes=2, links=2)
    make.link(places[0])
    assert lacking(offer) == Lacking(members=2, codes=2, links=1)


def test_a_bound_makes_that_many_and_counts_the_others_as_lacking(acme, world):
    offer, _, _ = world
    assert generate(acme, offer, at_most=2) == Generated(codes=2, links=2, skipped=0)
    assert generate(acme, offer, at_most=2) == Generated(codes=1, links=1, skipped=2)


def test_a_link_offer_needs_no_store_and_no_text(acme):
    offer = make.offer(acme, type=OfferType.SALES_LINK)
    make.enrollment(offer, make.member(acme, "李", "小龙"))
    assert generate(acme, offer) == Generated(codes=0, links=1, skipped=0)
    assert re.fullmatch("[a-z0-9]{14}", SalesLink.objects.get().slug)


def test_an_offer_without_a_store_or_archived_is_refused(acme):
    bare = make.offer(acme, "Bare")
    old = make.offer(acme, "Old", stores=[make.store(acme)], status="archived")
    for offer in (bare, old):
        make.enrollment(offer)
        with pytest.raises(CannotGenerate):
            generate(acme, offer)
    with pytest.raises(InvalidPattern):
        generate(acme, old, pattern="SAME")
    assert nothing_is_made()


def test_proposals_are_what_generating_makes(acme, world):
    offer, places, _ = world
    SocialHandle.objects.create(
        workspace=acme, member=places[0].member, network="tiktok", handle="NoraGlows", handle_key="noraglows"
    )
    for pattern in ("{first_name}", "{handle}"):
        texts = [proposal.text for proposal in propose_codes(offer, pattern=pattern, limit=2)]
        assert texts == (["NORA", "NORA2"] if pattern == "{first_name}" else ["NORAGLOWS", "NORADUBOIS"])
    generate(acme, offer, pattern="{handle}")
    made = PromoCode.objects.order_by("pk").values_list("text", flat=True)
    assert list(made) == ["NORAGLOWS", "NORADUBOIS", "SORENA"]


def test_the_number_of_queries_does_not_grow(acme):
    counts = []
    for size in (1, 40):
        offer = make.offer(acme, stores=[make.store(acme)])
        for n in range(size):
            make.enrollment(offer, make.member(acme, f"Anna{'x' * n}{size}"))
        with CaptureQueriesContext(connection) as queries:
            assert generate(acme, offer).codes == size
        counts.append(len(queries))
    assert counts[0] == counts[1]
