"""What a creator sees of codes and links: what a shopper would get, by whom it was changed, and why."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django_scopes import scope

from offerwell.actions.change_offer_status import change_offer_status
from offerwell.actions.schedule_change import schedule_change
from offerwell.actions.undo_bulk_change import undo_bulk_change
from offerwell.models import (
    BulkChange,
    CodeHistory,
    LinkHost,
    Offer,
    OfferPart,
    PromoCode,
    SalesLink,
    StoreCode,
    Workspace,
)
from offerwell.queries.creator_offers import own_offers
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.rules.schedule import ScheduleTimes, moment_of, typed_time
from offerwell.rules.selection import MemberFilter, MemberSelection
from tests import make
from tests.portal.conftest import STELLA, now, portal_of, words


@pytest.fixture
def world(acme, stella):
    """Stella and Nora in an offer with a code and a link each, in one store that agrees."""
    store = make.store(acme, "Secret store label")
    offer = make.offer(acme, "Summer Glow", stores=[store])
    make.payout(offer, basis_points=1200, is_default=True)
    mine = make.enrollment(offer, stella)
    make.code(mine, "STELLA20", stores=[store])
    make.link(mine, "glow-stella")
    make.code(make.enrollment(offer, make.member(acme, "Nora")), "NORA20", stores=[store])
    return offer, mine


def switch(offer, *, to_active, members=None, reason="", part=OfferPart.CODES):
    chosen = MemberSelection(filter=MemberFilter(), up_to=10**9) if members is None else MemberSelection(ids=members)
    wish = Wish(offer, part, to_active, chosen)
    at = now()
    return change_offer_status(
        workspace_id=offer.workspace_id, wish=wish, digest=plan_change(wish, at=at).digest, key=f"key-{at.timestamp()}",
        by=make.ANA, at=at, creator_reason=reason,
    ).change  # fmt: skip


def store_agrees():
    for row in StoreCode.objects.all():
        StoreCode.objects.filter(pk=row.pk).update(observed_generation=row.generation, due_at=None)


def page(portal, place):
    return portal.get(f"/portal/offers/{place.pk}/")


def has_copy(answer, text):
    return f'data-copy="{text}"' in answer.content.decode()


def test_home_and_offers_show_the_code_to_copy(portal, world):
    for address in ("/portal/", "/portal/offers/", f"/portal/offers/{world[1].pk}/"):
        answer = portal.get(address)
        said = words(answer)
        assert answer.status_code == 200
        assert has_copy(answer, "STELLA20")
        assert "Summer Glow" in said
        assert "20% off" in said
        assert "you earn 12% of each sale" in said
        assert not re.search(r"NORA20|Nora|Secret store label", said)


def test_a_deactivation_shows_at_once_though_the_store_is_behind(portal, world):
    offer, mine = world
    switch(offer, to_active=False, reason="This code leaked to a coupon site.")
    answer = page(portal, mine)
    assert not has_copy(answer, "STELLA20")
    assert '<span class="mono struck">STELLA20</span>' in answer.content.decode()
    said = words(answer)
    today = f"{now():%b %Y}"
    assert re.search(rf"Deactivated on \d+ {today} by Acme\. Orders placed until then count\.", said)
    assert "leaked" not in said  # the brand does not tell reasons
    Workspace.objects.update(tells_reasons=True)
    assert "This code leaked to a coupon site." in words(page(portal, mine))
    assert "Past offers" not in words(portal.get("/portal/offers/"))  # its link still waits


def test_an_activation_is_coming_on_until_the_store_has_confirmed(portal, world):
    offer, mine = world
    switch(offer, to_active=False)
    store_agrees()
    switch(offer, to_active=True)
    said = words(page(portal, mine))
    assert "Coming on" in said
    assert "It works as soon as the shop confirms it." in said
    assert not has_copy(page(portal, mine), "STELLA20")
    store_agrees()
    assert has_copy(page(portal, mine), "STELLA20")


@pytest.mark.parametrize(
    ("stored", "badge"),
    [
        ({"problem": "failed", "last_error": "internal reason"}, "On hold"),
        ({"problem": "conflict", "last_error": "internal reason"}, "On hold"),
        ({"problem": "drifted", "last_error": "internal reason"}, "On hold"),
        ({"suspect_until": now() + timedelta(days=1)}, "Coming on"),
        ({"is_redated": True}, "Active"),
    ],
)
def test_what_a_store_says_is_told_without_its_reasons(portal, world, stored, badge):
    StoreCode.objects.filter(code__text="STELLA20").update(**stored)
    answer = page(portal, world[1])
    assert badge in words(answer)
    assert "internal reason" not in answer.content.decode()
    assert has_copy(answer, "STELLA20") == (badge == "Active")


@pytest.mark.parametrize(
    ("fields", "badge", "sentence"),
    [
        ({"status": "paused"}, "Paused", "Acme paused this offer. Orders placed before count."),
        ({"status": "archived"}, "Ended", "Acme ended this offer. Orders placed while it ran count."),
        ({"ends_at": make.NOW}, "Ended", "Ended on 23 Nov 2026. Orders placed until then count."),
        ({"starts_at": make.NOW + timedelta(days=400)}, "Starts later", "Works from 28 Dec 2027, 09:00 UTC on."),
    ],
)
def test_the_offer_decides_too(portal, world, fields, badge, sentence):
    offer, mine = world
    Offer.objects.filter(pk=offer.pk).update(**fields)
    answer = page(portal, mine)
    said = words(answer)
    assert badge in said
    assert sentence in said
    assert not has_copy(answer, "STELLA20")
    is_past = "Past offers" in words(portal.get("/portal/offers/"))
    assert is_past == (badge == "Ended")


def test_a_draft_is_not_told_of(portal, world):
    Offer.objects.update(status="draft")
    assert page(portal, world[1]).status_code == 404
    assert "No offers yet" in words(portal.get("/portal/offers/"))


def test_a_link_without_an_address_promises_none(portal, world):
    answer = page(portal, world[1])
    assert "Your link gets its address as soon as Acme has one for links." in words(answer)
    assert "data-share" not in answer.content.decode()
    link = SalesLink.objects.get()
    assert portal.get(f"/portal/offers/{world[1].pk}/qr/links-{link.pk}-0.svg").status_code == 404


def test_a_link_is_shared_with_the_address_shoppers_use(portal, world, acme, rival, settings):
    settings.OFFERWELL_LINKS_URL = "https://go.example"
    link = SalesLink.objects.get()
    answer = page(portal, world[1])
    assert 'data-share="https://go.example/glow-stella"' in answer.content.decode()
    qr = f"/portal/offers/{world[1].pk}/qr/links-{link.pk}-0.svg"
    assert portal.get(qr).status_code == 200
    with scope(workspace=rival):
        LinkHost.objects.create(workspace=rival, host="go.rival.example", created_at=make.NOW)
    for host in ("go.acme.example", "two.acme.example"):
        LinkHost.objects.create(workspace=acme, host=host, created_at=make.NOW)
    SalesLink.objects.update(destination="https://shop.example/serum")
    links = f"/portal/offers/{world[1].pk}/links/"
    answer = portal.get(links)
    assert 'data-share="https://go.acme.example/glow-stella"' in answer.content.decode()
    assert "Your link to https://shop.example/serum" in words(answer)
    switch(world[0], to_active=False, part=OfferPart.LINKS)
    assert "data-share" not in portal.get(links).content.decode()
    assert portal.get(qr).status_code == 404


def test_discount_links_can_be_shared_and_are_drawn_as_qr(portal, world):
    offer, mine = world
    Offer.objects.update(discount_links=True, redirect="/collections/new")
    code = PromoCode.objects.get(text="STELLA20")
    answer = page(portal, mine)
    assert re.search(r'data-share="http://127.0.0.1:1/\d+/discount/STELLA20\?redirect=/collections/new"',
                     answer.content.decode())  # fmt: skip
    qr = portal.get(f"/portal/offers/{mine.pk}/qr/codes-{code.pk}-0.svg")
    assert (qr.status_code, qr["Content-Type"]) == (200, "image/svg+xml")
    assert qr.content.startswith(b"<?xml") or b"<svg" in qr.content
    assert b"script" not in qr.content
    other = PromoCode.objects.get(text="NORA20")
    for path in (f"codes-{other.pk}-0", f"codes-{code.pk}-1", f"links-{code.pk}-0", f"x-{code.pk}-0"):
        assert portal.get(f"/portal/offers/{mine.pk}/qr/{path}.svg").status_code == 404
    switch(offer, to_active=False)
    assert portal.get(f"/portal/offers/{mine.pk}/qr/codes-{code.pk}-0.svg").status_code == 404


def test_earlier_texts_stay_hers_and_only_hers(portal, world, acme):
    code = PromoCode.objects.get(text="STELLA20")
    make.history(code)
    other = make.history(PromoCode.objects.get(text="NORA20"))
    until = make.NOW + timedelta(days=2)
    CodeHistory.objects.filter(code=code).update(text="OLD20", text_key="OLD20", until_at=until)
    CodeHistory.objects.filter(pk=other.pk).update(code=code, text="HERS20", text_key="HERS20", until_at=until)
    said = words(page(portal, world[1]))
    assert "OLD20 23 Nov 2026 – 25 Nov 2026" in said
    assert "HERS20" not in said


def test_announced_only_by_brands_that_give_notice_and_only_to_those_meant(portal, world, acme):
    offer, mine = world
    zone = ZoneInfo("Europe/Paris")
    start = moment_of(typed_time(f"{now() + timedelta(days=2):%Y-%m-%d} 10:00"), zone)
    back = moment_of(typed_time(f"{now() + timedelta(days=3):%Y-%m-%d} 10:00"), zone)
    wish = Wish(offer, OfferPart.CODES, to_active=False, selection=MemberSelection(ids=(mine.member_id,)))
    schedule_change(
        workspace_id=acme.pk, wish=wish, times=ScheduleTimes(start, back), digest=plan_change(wish, at=now()).digest,
        key="k", by=make.ANA, at=now(), creator_reason="The sale is over.",
    )  # fmt: skip
    assert "Will be deactivated" not in words(page(portal, mine))
    Workspace.objects.update(notice_hours=24)
    said = words(page(portal, mine))
    assert "Will be deactivated on" in said
    assert ", until " in said
    assert "The sale is over." not in said
    Workspace.objects.update(tells_reasons=True)
    assert "“The sale is over.”" in words(page(portal, mine))
    assert has_copy(page(portal, mine), "STELLA20")
    nora = Offer.objects.get().enrollments.exclude(pk=mine.pk).get().member
    assert "Will be deactivated" not in words(portal_of(nora.email).get("/portal/"))


def test_an_undo_has_no_reason_of_its_own(portal, world):
    Workspace.objects.update(tells_reasons=True)
    change = switch(world[0], to_active=False, reason="Leaked.")
    undo_bulk_change(workspace_id=change.workspace_id, change=change, by=make.ANA, at=now())
    assert "Leaked." not in words(page(portal, world[1]))
    assert list(BulkChange.objects.order_by("pk").values_list("creator_reason", flat=True)) == ["Leaked.", ""]


def test_two_brands_stand_side_by_side(portal, world, rival):
    twin = make.member(rival, "Stella", "Adeyemi", STELLA)
    with scope(workspace=rival):
        make.code(make.enrollment(make.offer(rival, "Rival offer"), twin), "RIVALSTELLA")
        make.code(make.enrollment(make.offer(rival, "Other offer"), make.member(rival, "Zoe")), "ZOE1")
    said = words(portal.get("/portal/offers/"))
    assert said.index("Acme") < said.index("Summer Glow") < said.index("Rival offer")
    assert "RIVALSTELLA" in said
    assert "ZOE1" not in said


def test_without_orders_no_figure_is_made_up(portal, world):
    assert "No earnings yet" in words(portal.get("/portal/earnings/"))
    assert "No orders yet this month." in words(portal.get("/portal/"))
    assert not re.search(r"[$€£]\s?\d", words(portal.get("/portal/")))


def test_a_person_of_no_brand_sees_an_empty_portal(db):
    empty = portal_of("gone@example.com")
    assert "No offers yet When a brand adds you to one, your code or link shows up here." in words(
        empty.get("/portal/")
    )
    assert empty.get("/portal/settings/").status_code == 200


@pytest.mark.parametrize("many", [1, 5])
def test_every_page_costs_the_same_whatever_one_has(portal, world, acme, many, django_assert_max_num_queries):
    Workspace.objects.update(notice_hours=24, tells_reasons=True)
    Offer.objects.update(discount_links=True)
    store = world[0].store_links.get().store
    for number in range(many - 1):
        offer = make.offer(acme, f"Offer number {number}", stores=[store], discount_links=True)
        for _ in range(2):
            make.code(make.enrollment(offer, world[1].member) if _ == 0 else offer.enrollments.get(), stores=[store])
    for address, most in (
        ("/portal/", 17), ("/portal/offers/", 13), (f"/portal/offers/{world[1].pk}/", 17), ("/portal/earnings/", 13),
        ("/portal/inbox/", 4), ("/portal/settings/", 7), ("/portal/settings/export.json", 17),
    ):  # fmt: skip
        with django_assert_max_num_queries(most):
            assert portal.get(address).status_code == 200


def test_reading_changes_nothing(portal, world, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for address in (
        "/portal/",
        "/portal/offers/",
        f"/portal/offers/{world[1].pk}/",
        "/portal/inbox/",
        "/portal/settings/",
    ):
        with CaptureQueriesContext(connection) as seen:
            portal.get(address)
        assert [one["sql"] for one in seen if not one["sql"].lstrip().upper().startswith("SELECT")] == []


def test_own_offers_asks_for_own_members_only(world, rival):
    assert own_offers((), at=now()) == ()
