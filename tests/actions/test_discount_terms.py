"""Offers of every kind: what is stored, what is refused, what the database itself refuses; and own dates of codes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django_scopes import scope

from offerwell.actions.generate_codes import CannotGenerate, generate_codes
from offerwell.actions.set_code_dates import DatesRefused, OwnDates, set_code_dates
from offerwell.models import Event, Offer, PromoCode, Store, StoreCode, StoreKind
from offerwell.rules.discount_terms import DiscountKind, ItemKind, Items
from offerwell.rules.offer_draft import OfferRefused
from offerwell.rules.selection import MemberFilter, MemberSelection
from tests import make
from tests.actions.test_create_offer import create, draft_of, edit
from tests.actions.test_import_codes import Shop, discount, load, problems

END = make.NOW + timedelta(days=30)
BXGY = {
    "discount_kind": "bxgy", "discount_value": Decimal(100), "buys_from": "products", "buys_quantity": 2,
    "buys_ids": ("https://admin.shopify.com/store/glow/products/11",), "applies_to": "collections",
    "item_ids": ("gid://shopify/Collection/22", "22"), "gets_quantity": 1,
}  # fmt: skip


@pytest.fixture
def glow(acme):
    return make.store(acme, "Glow", currency="EUR")


def refusal(workspace, draft):
    with pytest.raises(OfferRefused) as caught:
        create(workspace, draft)
    assert Offer.objects.count() == Event.objects.count() == 0
    return caught.value.problems


def test_buy_x_get_y_is_stored_by_the_stores_own_numbers(acme, glow):
    terms = create(acme, draft_of(glow, **BXGY, minimum=Decimal(5), purchase="both", tags=(" vip ", "vip", ""))).terms
    assert (terms.kind, terms.value, terms.buys, terms.buys_quantity, terms.items, terms.gets_quantity) == (
        DiscountKind.BUY_X_GET_Y, 100, Items(ItemKind.PRODUCTS, ("11",)), 2, Items(ItemKind.COLLECTIONS, ("22",)), 1,
    )  # fmt: skip
    kept = Offer.objects.get()
    assert (kept.minimum_purchase, kept.purchase, kept.tags, kept.terms) == (None, "one_time", ["vip"], terms)


def test_free_shipping_keeps_no_number_and_combines_with_no_other_shipping(acme, glow):
    given = {"discount_kind": "free_shipping", "combines_shipping": True, "combines_order": True}
    offer = create(acme, draft_of(glow, **given, minimum_quantity=3))
    assert (offer.discount_value, offer.combines_shipping, offer.combines_order, offer.minimum_quantity) == (
        None, False, True, 3,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"discount_kind": "gift"}, "discount_kind"), ({"minimum": Decimal(5), "minimum_quantity": 2}, "minimum"),
        ({"minimum_quantity": 0}, "minimum_quantity"), ({"purchase": "rent"}, "purchase"), ({"applies_to": "x"}, "applies_to"),
        ({"applies_to": "products"}, "item_ids"), ({"applies_to": "products", "item_ids": ("shoe",)}, "item_ids"),
        ({"tags": ("a", "b", "c", "d", "e")}, "tags"), ({"tags": ("a,b",)}, "tags"), ({"tags": ("x" * 256,)}, "tags"),
        ({"title": "x" * 256}, "title"), ({"discount_links": True, "redirect": "//evil.example"}, "redirect"),
        ({"discount_links": True, "utm_source": "{nobody}"}, "utm_source"),
        ({**BXGY, "buys_quantity": None}, "buys_quantity"), ({**BXGY, "gets_quantity": 0}, "gets_quantity"),
        ({**BXGY, "applies_to": "all"}, "applies_to"), ({**BXGY, "buys_ids": ()}, "buys_ids"),
        ({**BXGY, "discount_value": Decimal(101)}, "discount_value"), ({**BXGY, "uses_per_order": 0}, "uses_per_order"),
    ],
)  # fmt: skip
def test_a_wrong_term_is_said_at_its_field(acme, glow, fields, field):
    assert list(refusal(acme, draft_of(glow, **fields))) == [field]


def test_a_sum_goes_to_stores_of_one_currency(acme, glow):
    usd, eur = make.store(acme, "US", currency="USD"), make.store(acme, "EU", currency="EUR")
    assert "different currencies (EUR, USD)" in refusal(acme, draft_of(glow, usd, discount_kind="amount"))["stores"]
    assert "different currencies" in refusal(acme, draft_of(glow, usd, minimum=Decimal(50)))["stores"]
    create(acme, draft_of(glow, eur, discount_kind="amount", name="One currency"))
    create(acme, draft_of(glow, usd, name="A percentage goes everywhere"))


def test_products_belong_to_one_store(acme, glow):
    other = make.store(acme, "EU", currency="EUR")
    wanted = {"applies_to": "products", "item_ids": ("1",)}
    assert "belong to one store" in refusal(acme, draft_of(glow, other, **wanted))["stores"]
    create(acme, draft_of(glow, **wanted))


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"discount_kind": "free_shipping", "discount_value": None}, "free shipping"),
        ({"applies_to": "products", "item_ids": ("1",)}, "some products"),
        ({"minimum_quantity": 2}, "a minimum number of items"),
        ({"purchase": "subscription"}, "subscriptions alone"),
    ],
)
def test_a_store_with_plain_discounts_refuses_the_others_in_the_form(acme, fields, word):
    """Not first at the store, code by code."""
    kitchen = make.store(acme, "Kitchen")
    Store.objects.filter(pk=kitchen.pk).update(kind=StoreKind.VENDURE)
    said = refusal(acme, draft_of(kitchen, **fields))
    assert list(said) == ["stores"]
    assert said["stores"].startswith("Kitchen can give a percentage or an amount off the whole order, not ")
    assert word in said["stores"]
    assert Offer.objects.count() == 0
    create(acme, draft_of(kitchen))


def test_terms_of_codes_in_a_store_stay_and_links_do_not(acme, glow):
    offer = create(acme, draft_of(glow))
    make.code(make.enrollment(offer), stores=[glow])
    for fields, field in (
        ({"combines_order": True}, "combines"), ({"tags": ("vip",)}, "tags"), ({"minimum_quantity": 2}, "minimum_quantity"),
        ({"discount_kind": "free_shipping"}, "discount_kind"),
    ):  # fmt: skip
        with pytest.raises(OfferRefused) as caught:
            edit(acme, offer, draft_of(glow, **fields))
        assert list(caught.value.problems) == [field]
    assert Offer.objects.get().terms == offer.terms
    edited = edit(acme, offer, draft_of(glow, discount_links=True, redirect="/new", name="Autumn"))
    assert (edited.redirect, edited.name) == ("/new", "Autumn")


@pytest.mark.parametrize(
    "fields",
    [
        {"discount_kind": "gift"}, {"discount_value": None}, {"discount_value": 101}, {"discount_value": 0},
        {"discount_kind": "free_shipping"}, {"discount_kind": "bxgy"}, {"discount_kind": "bxgy", "buys_quantity": 1},
        {"minimum_purchase": 1, "minimum_quantity": 1}, {"applies_to": "x"}, {"purchase": "x"},
    ],
)  # fmt: skip
def test_the_database_holds_no_discount_that_is_none(acme, fields):
    offer = make.offer(acme)
    with pytest.raises(IntegrityError), transaction.atomic():
        Offer.objects.filter(pk=offer.pk).update(**fields)
    assert Offer.objects.get().terms.value == 20


# -- own dates ------------------------------------------------------------------------------------------------


def everybody(offer):
    newest = offer.enrollments.order_by("-pk").values_list("pk", flat=True)[0]
    return MemberSelection(filter=MemberFilter(), up_to=newest)


def set_dates(workspace, offer, selection, dates):
    return set_code_dates(
        workspace_id=workspace.pk, offer=offer, selection=selection, dates=dates, by=make.ANA, at=make.NOW
    )  # fmt: skip


@pytest.fixture
def summer(acme, glow):
    return make.offer(acme, "Summer", stores=[glow])


def test_selected_codes_get_own_dates_and_their_stores_follow(acme, glow, summer):
    first, second = (make.code(make.enrollment(summer), stores=[glow]) for _ in range(2))
    only = MemberSelection(ids=(first.enrollment.member_id,))
    assert set_dates(acme, summer, only, OwnDates(ends_at=END, sets_start=False)) == 1
    assert list(PromoCode.objects.order_by("pk").values_list("ends_at", flat=True)) == [END, None]
    assert list(StoreCode.objects.order_by("pk").values_list("is_redated", "due_at")) == [
        (True, make.NOW),
        (False, None),
    ]
    assert make.wake_ups == [] or ("sync_store", glow.pk) in make.wake_ups
    assert Event.objects.get().kind == "code_dates_set"
    assert set_dates(acme, summer, only, OwnDates(ends_at=END, sets_start=False)) == 0
    assert Event.objects.count() == 1
    assert set_dates(acme, summer, everybody(summer), OwnDates()) == 1
    assert set(PromoCode.objects.values_list("ends_at", flat=True)) == {None}
    assert second.ends_at is None


def test_dates_that_end_before_they_start_change_nothing(acme, glow, summer):
    Offer.objects.update(starts_at=make.NOW)
    make.code(make.enrollment(summer), "NORA", stores=[glow])
    with pytest.raises(DatesRefused, match="NORA would end before it starts"):
        set_dates(acme, summer, everybody(summer), OwnDates(ends_at=make.NOW - timedelta(days=1), sets_start=False))
    assert (PromoCode.objects.get().ends_at, StoreCode.objects.get().is_redated, Event.objects.count()) == (
        None,
        False,
        0,
    )


def test_a_rivals_codes_are_never_meant(acme, rival, glow, summer):
    with scope(workspace=rival):
        theirs = make.code(make.enrollment(make.offer(rival)))
    make.code(make.enrollment(summer), stores=[glow])
    assert set_dates(acme, summer, MemberSelection(ids=(theirs.enrollment.member_id,)), OwnDates(ends_at=END)) == 0
    with scope(workspace=rival):
        assert PromoCode.objects.get().ends_at is None


def generate(workspace, offer, **own):
    return generate_codes(workspace_id=workspace.pk, offer=offer, texts=None, by=make.ANA, at=make.NOW, **own)


def test_codes_are_generated_with_own_dates(acme, glow, summer):
    make.enrollment(summer)
    with pytest.raises(CannotGenerate, match="end before they start"):
        generate(acme, summer, starts_at=END, ends_at=make.NOW)
    assert PromoCode.objects.count() == 0
    generate(acme, summer, ends_at=END)
    assert list(PromoCode.objects.values_list("starts_at", "ends_at")) == [(None, END)]


def test_a_name_holds_no_number_where_none_is_read(acme, glow):
    offer = create(acme, draft_of(glow, **BXGY))
    make.enrollment(offer, make.member(acme, "Nora"))
    generate(acme, offer)
    assert PromoCode.objects.get().text == "NORA"


def test_imported_codes_carry_own_dates_in_the_workspaces_time(acme, glow, summer):
    acme.timezone = "Europe/Paris"
    acme.save()
    summer.refresh_from_db()
    for name in ("nora", "elena", "hana", "ida"):
        make.member(acme, name.title(), email=f"{name}@example.com")
    rows = (
        "Email,Code,Start date,Ends at\nnora@example.com,NORA,2026-12-01,2026-12-24\nelena@example.com,ELENA,,2026-12-24T18:00Z\n"
        "hana@example.com,HANA,soon,\nida@example.com,IDA,2026-12-24,2026-12-01\n"
    )
    report = load(acme, summer, rows, {glow.pk: Shop(NORA=discount(1))})
    assert [line for line, _ in problems(report)] == [4, 5]
    assert "“soon” is not a date" in problems(report)[0][1]
    assert list(PromoCode.objects.order_by("pk").values_list("text", "starts_at", "ends_at")) == [
        ("NORA", datetime(2026, 11, 30, 23, tzinfo=UTC), datetime(2026, 12, 24, 22, 59, 59, tzinfo=UTC)),
        ("ELENA", None, datetime(2026, 12, 24, 18, tzinfo=UTC)),
    ]
    assert list(StoreCode.objects.order_by("pk").values_list("ref", "is_redated", "due_at")) == [
        ("gid://shopify/DiscountCodeNode/1", True, make.NOW), ("", False, make.NOW),
    ]  # fmt: skip
