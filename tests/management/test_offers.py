"""`offers list|show|create|enroll|generate`."""

from __future__ import annotations

import pytest

from offerwell.models import Enrollment, Offer, PromoCode, SalesLink, StoreCode
from tests import make


@pytest.fixture
def store(acme):
    return make.store(acme, "Glow")


STANDARD = {
    "name": "Standard", "kind": "cps", "basis_points": 0, "amount": None, "currency": "", "is_default": True,
    "members": 0,
}  # fmt: skip


def created(told, *more):
    return told("offers", "create", "Summer Glow", "--type", "both", "--percent", "20", "--store", "glow",
                "--destination", "https://shop.example/", "--pattern", "GLOW{first_name}", *more)  # fmt: skip


def test_create_enroll_generate(told, acme, store):
    body, code = created(told, "--ends", "2027-01-31")
    offer = Offer.objects.get()
    assert body["payouts"][0].pop("id") == offer.payout_options.get().pk
    assert body.pop("discount") == {
        "minimum": None, "minimum_quantity": None, "usage_limit": None, "once_per_customer": False, "applies_to": "all",
        "items": [], "buy": None, "get": None, "uses_per_order": None, "combines_with": [], "purchase": "one_time",
        "title": "Summer Glow", "tags": [],
    }  # fmt: skip
    assert (body, code) == ({
        "id": offer.pk, "name": "Summer Glow", "type": "both", "status": "active", "discount_kind": "percent",
        "discount_value": "20", "terms": "20% off", "discount_links": None, "starts_at": None,
        "ends_at": "2027-01-31T00:00:00+00:00",
        "destination": "https://shop.example/", "stores": ["Glow"], "members": 0, "payouts": [STANDARD],
        "codes": {"active": 0, "deactivated": 0}, "links": {"active": 0, "deactivated": 0},
    }, 0)  # fmt: skip
    make.member(acme, "Nora", email="nora@example.com")
    make.member(acme, "Elena", email="elena@example.com", country="ES")
    make.member(acme, "Hana", email="hana@example.com", country="JP")
    assert told("offers", "enroll", "summer glow", "--member", "nora@example.com") == (
        {"offer": "Summer Glow", "added": 1, "already": 0}, 0,
    )  # fmt: skip
    assert told("offers", "enroll", "summer glow", "--all", "--where", "country=es") == (
        {"offer": "Summer Glow", "added": 1, "already": 0}, 0,
    )  # fmt: skip
    plan, _ = told("offers", "generate", "summer glow", "--plan")
    assert (plan["codes"], plan["links"], [p["code"] for p in plan["proposals"]]) == (2, 2, ["GLOWNORA", "GLOWELENA"])
    assert PromoCode.objects.count() == 0
    assert told("offers", "generate", "summer glow") == (
        {"offer": "Summer Glow", "codes": 2, "links": 2, "skipped": 0}, 0,
    )  # fmt: skip
    assert sorted(PromoCode.objects.values_list("text", flat=True)) == ["GLOWELENA", "GLOWNORA"]
    assert (SalesLink.objects.count(), StoreCode.objects.filter(store=store, ref="").count()) == (2, 2)
    assert told("verify")[1] == 0


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["X", "--type", "promo_code", "--percent", "120", "--store", "Glow"], "discount_value"),
        (["", "--type", "sales_link", "--destination", "https://shop.example/"], "name"),
    ],
)
def test_a_wrong_offer_is_refused_with_every_problem(told, store, arguments, field):
    body, code = told("offers", "create", *arguments)
    assert (list(body["problems"]), code) == ([field], 1)
    assert all(body["problems"].values())
    assert Offer.objects.count() == 0


def test_the_parts_and_the_only_store_need_not_be_named(told, store):
    body, code = told("offers", "create", "X", "--percent", "20")
    assert (body["type"], body["stores"], code) == ("promo_code", ["Glow"], 0)
    body, code = told("offers", "create", "Y", "--destination", "https://shop.example/")
    assert (body["type"], body["stores"], code) == ("sales_link", [], 0)


def test_with_two_stores_one_must_be_named(told, store, acme):
    make.store(acme, "Second")
    body, code = told("offers", "create", "X", "--percent", "20")
    assert (list(body["problems"]), code) == (["stores"], 1)
    assert Offer.objects.count() == 0


def test_unknown_store_and_odd_numbers(told, store):
    body, code = told("offers", "create", "X", "--type", "promo_code", "--percent", "20", "--store", "Nope")
    assert (body, code) == ({"error": "There is no store “Nope” in this workspace.", "next": "Use one of: Glow."}, 1)
    body, code = told("offers", "create", "X", "--type", "promo_code", "--percent", "much", "--store", "Glow")
    assert (body["error"], code) == ("“much” is not a number.", 1)
    _, code = created(told, "--amount", "5")
    assert (code, Offer.objects.count()) == (2, 0)


def test_a_second_offer_of_the_same_name_is_refused(told, store):
    created(told)
    body, code = created(told)
    assert (body["problems"], code) == (
        {"name": "There is an offer named Summer Glow already. Choose another name."},
        1,
    )
    assert Offer.objects.count() == 1


def test_an_unknown_member_joins_nothing(told, acme, store):
    created(told)
    make.member(acme, "Nora", email="nora@example.com")
    body, code = told(
        "offers", "enroll", "summer glow", "--member", "nora@example.com", "--member", "ghost@example.com"
    )
    assert (body["rows"][0]["reason"], code) == ("no member has this e-mail", 1)
    assert Enrollment.objects.count() == 0


def test_the_tables_for_a_person(command, told, store):
    created(told)
    result = command("offers", "list")
    number = Offer.objects.get().pk
    assert result.stdout.splitlines()[0].split() == [
        "ID",
        "Offer",
        "Type",
        "Status",
        "Members",
        "Codes",
        "active",
        "off",
        "Links",
        "active",
        "off",
    ]
    assert result.stdout.splitlines()[1].split() == [str(number), "Summer", "Glow", "both", "active", *"00000"]
    assert (
        command("offers", "show", number).stdout.splitlines()[0]
        == f"Summer Glow (number {number}): Sales Link + Promo Code, active"
    )


def test_every_term_has_an_option(told, store):
    body, code = told(
        "offers", "create", "Three for two", "--buy", "2", "--get", "1", "--buy-product", "11", "--collection", "22",
        "--uses-per-order", "1", "--combines-with", "shipping", "--tag", "vip", "--title", "3 for 2", "--usage-limit", "9",
        "--discount-links", "--redirect", "/new", "--utm-source", "{creator_handle}",
    )  # fmt: skip
    assert code == 0
    assert (body["discount_kind"], body["discount_value"]) == ("bxgy", "100")
    assert body["terms"] == "buy 2, get 1 free · 9 uses per code · 1 use per order · combines with shipping discounts"
    assert body["discount"] | {"usage_limit": 9} == {
        "minimum": None, "minimum_quantity": None, "usage_limit": 9, "once_per_customer": False,
        "applies_to": "collections", "items": ["22"], "buy": {"quantity": 2, "products": ["11"]}, "get": 1,
        "uses_per_order": 1, "combines_with": ["shipping"], "purchase": "one_time", "title": "3 for 2", "tags": ["vip"],
    }  # fmt: skip
    assert body["discount_links"] == {
        "redirect": "/new", "utm_source": "{creator_handle}", "utm_medium": "", "utm_campaign": "",
    }  # fmt: skip
    free, code = told(
        "offers", "create", "Shipping", "--free-shipping", "--minimum-quantity", "3", "--purchase", "both"
    )
    assert (free["terms"], code) == ("free shipping · from 3 items · also subscriptions", 0)


@pytest.mark.parametrize(
    "options",
    [
        ["--free-shipping", "--percent", "5"], ["--buy", "1", "--amount", "5"], ["--percent", "5", "--get", "1"],
        ["--percent", "5", "--product", "1", "--collection", "2"],
    ],
)  # fmt: skip
def test_options_that_do_not_go_together_are_refused(command, store, options):
    assert command("offers", "create", "X", *options).exit_code == 2
    assert Offer.objects.count() == 0


def test_own_dates_of_codes(told, command, acme, store):
    offer = make.offer(acme, "Summer", stores=[store])
    nora = make.code(make.enrollment(offer), stores=[store])
    assert told("codes", "dates", "summer", "--all", "--ends", "2027-01-31") == ({"offer": "Summer", "changed": 1}, 0)
    nora.refresh_from_db()
    assert nora.ends_at.isoformat() == "2027-01-31T00:00:00+00:00"
    assert command("codes", "dates", "summer", "--all").exit_code == 2
    assert told("codes", "dates", "summer", "--all", "--starts", "2028-01-01")[1] == 1
    assert told("codes", "dates", "summer", "--all", "--as-offer") == ({"offer": "Summer", "changed": 1}, 0)
    nora.refresh_from_db()
    assert nora.ends_at is None


def test_what_links_do_is_said_when_the_offer_is_created(told, store):
    links = ("offers", "create", "Links", "--destination", "https://shop.example/", "--utm-source", "{creator_handle}")
    more = ("--allow-domain", "Blog.example", "--deep-links", "--dead-link", "address", "--dead-link-to")
    body, code = told(*links, *more, "https://evil.example/")
    assert (list(body["problems"]), code, Offer.objects.count()) == (["dead_link_to"], 1, 0)
    body, code = told(*links, *more, "https://blog.example/ended")
    offer = Offer.objects.get()
    assert (code, offer.extra_domains, offer.deep_links, offer.dead_link, offer.dead_link_to, offer.utm_source) == (
        0, ["blog.example"], True, "address", "https://blog.example/ended", "{creator_handle}",
    )  # fmt: skip
