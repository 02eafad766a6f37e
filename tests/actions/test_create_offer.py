"""Creating and editing an offer: everything that is wrong is said at once, and nothing is stored then."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django_scopes import scope

from offerwell.actions.create_offer import create_offer
from offerwell.actions.edit_offer import edit_offer
from offerwell.models import Event, Offer, OfferStore, StoreCode
from offerwell.rules.offer_draft import OfferDraft, OfferRefused
from tests import make


@pytest.fixture
def glow(acme):
    return make.store(acme, "Glow")


def draft_of(*stores, **fields):
    given = {
        "name": "Summer Glow 20%", "type": "both", "discount_value": Decimal(20),
        "destination": "https://shop.example/summer", "store_ids": tuple(store.pk for store in stores),
    }  # fmt: skip
    return OfferDraft(**{**given, **fields})


def create(workspace, draft):
    return create_offer(workspace_id=workspace.pk, draft=draft, by=make.ANA, at=make.NOW)


def edit(workspace, offer, draft):
    return edit_offer(workspace_id=workspace.pk, offer=offer, draft=draft, by=make.ANA, at=make.NOW)


def test_an_offer_is_stored_with_its_stores_and_an_event(acme, glow):
    offer = create(acme, draft_of(glow, name="  Summer   Glow 20% ", minimum=Decimal("50.5"), usage_limit=3))
    found = Offer.objects.get()
    assert (found.pk, found.name, found.name_key) == (offer.pk, "Summer Glow 20%", "summer glow 20%")
    assert (found.discount_kind, found.discount_value, found.minimum_purchase, found.usage_limit) == (
        "percent", Decimal(20), Decimal("50.50"), 3,
    )  # fmt: skip
    assert list(OfferStore.objects.values_list("offer_id", "store_id")) == [(offer.pk, glow.pk)]
    assert list(Event.objects.values_list("kind", "subject")) == [("offer_created", f"offer:{offer.pk}")]


def test_a_sales_link_keeps_nothing_of_a_discount(acme, glow):
    offer = create(acme, draft_of(glow, type="sales_link"))
    assert (offer.discount_kind, offer.discount_value, offer.code_pattern) == ("", None, "")
    assert OfferStore.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({"name": " "}, {"name": "Give the offer a name."}),
        ({"name": "n" * 121}, {"name": "The name is 121 characters long. Use at most 120."}),
        ({"type": "coupon"}, {"type": "Choose Promo Code, Sales Link or both."}),
        ({"discount_value": None}, {"discount_value": "Enter the discount as a number above 0."}),
        ({"discount_value": Decimal("NaN")}, {"discount_value": "Enter the discount as a number above 0."}),
        ({"discount_value": Decimal(101)}, {"discount_value": "A percentage goes up to 100."}),
        ({"discount_value": Decimal("1e30"), "discount_kind": "amount"},
         {"discount_value": "Use at most 9,999,999,999.99."}),
        ({"discount_value": Decimal("9.999")}, {"discount_value": "Use at most two decimals."}),
        ({"usage_limit": 0}, {"usage_limit": "Enter a whole number above 0, or leave it empty for no limit."}),
        ({"usage_limit": 2**31}, {"usage_limit": "Enter a whole number above 0, or leave it empty for no limit."}),
        ({"minimum": Decimal(-1)},
         {"minimum": "Enter the minimum purchase as a number above 0, or leave it empty."}),
        ({"starts_at": make.NOW, "ends_at": make.NOW}, {"ends_at": "The offer ends before it starts. Choose a later end."}),
        ({"destination": ""},
         {"destination": "Enter the page that the links open, for example https://shop.example/."}),
        ({"destination": "javascript:alert(1)"},
         {"destination": "Enter a whole web address that starts with https:// or http://."}),
        ({"destination": "https://[::1"},
         {"destination": "Enter a whole web address that starts with https:// or http://."}),
        ({"store_ids": ()}, {"stores": "Choose at least one store for the codes."}),
        ({"store_ids": (10**9,)}, {"stores": "A chosen store is not connected any more. Choose the stores again."}),
        ({"code_pattern": "GLOW"},
         {"code_pattern": "The pattern gives every member the same code. Add one of {first_name}, {last_name},"
          " {first_initial}, {last_initial}, {handle}."}),
    ],
)  # fmt: skip
def test_a_wrong_draft_is_refused_at_its_field_and_nothing_is_stored(acme, glow, fields, problems):
    with pytest.raises(OfferRefused) as refused:
        create(acme, draft_of(glow, **fields))
    assert refused.value.problems == problems
    assert str(refused.value) == " ".join(problems.values())
    assert (Offer.objects.count(), OfferStore.objects.count(), Event.objects.count()) == (0, 0, 0)


def test_all_problems_are_said_at_once(acme):
    with pytest.raises(OfferRefused) as refused:
        create(acme, OfferDraft(name="", type="both"))
    assert list(refused.value.problems) == ["name", "discount_value", "stores", "destination"]


def test_a_name_is_free_once_per_workspace_whatever_its_case(acme, rival, glow):
    create(acme, draft_of(glow, name="Summer"))
    with pytest.raises(OfferRefused) as refused:
        create(acme, draft_of(glow, name="SUMMER"))
    assert refused.value.problems == {"name": "There is an offer named Summer already. Choose another name."}
    assert Offer.objects.count() == 1
    with scope(workspace=rival):
        create(rival, draft_of(make.store(rival), name="Summer"))
        assert Offer.objects.count() == 1


def test_a_store_of_another_brand_cannot_be_chosen(acme, rival):
    theirs = make.store(rival, "Theirs")
    with pytest.raises(OfferRefused) as refused:
        create(acme, draft_of(theirs))
    assert list(refused.value.problems) == ["stores"]
    assert (Offer.objects.count(), OfferStore.objects.count()) == (0, 0)


def test_an_added_store_gets_the_codes_there_are(acme, glow):
    draft = draft_of(glow)
    offer = create(acme, draft)
    codes = [make.code(make.enrollment(offer), stores=[glow]) for _ in range(2)]
    other = make.code(make.enrollment(make.offer(acme, stores=[glow])), stores=[glow])
    second = make.store(acme, "Second")
    edit(acme, offer, replace(draft, store_ids=(glow.pk, second.pk)))
    waiting = StoreCode.objects.filter(store=second).order_by("code_id")
    assert list(waiting.values_list("code_id", "ref", "generation", "observed_generation", "due_at", "problem")) == [
        (code.pk, "", 0, -1, make.NOW, "") for code in codes
    ]
    assert StoreCode.objects.filter(store=glow).count() == 3
    assert not StoreCode.objects.filter(store=second, code=other).exists()


def test_a_store_with_codes_stays_and_one_without_goes(acme, glow):
    second = make.store(acme, "Second")
    draft = draft_of(glow, second)
    offer = create(acme, draft)
    make.code(make.enrollment(offer), stores=[glow])
    with pytest.raises(OfferRefused) as refused:
        edit(acme, offer, replace(draft, store_ids=(second.pk,)))
    assert refused.value.problems == {
        "stores": "Codes of this offer are in Glow. Keep the store and deactivate the codes instead."
    }
    assert OfferStore.objects.count() == 2
    edit(acme, offer, replace(draft, store_ids=(glow.pk,)))
    assert list(OfferStore.objects.values_list("store_id", flat=True)) == [glow.pk]


def test_terms_and_parts_that_members_hold_do_not_change(acme, glow):
    draft = draft_of(glow)
    offer = create(acme, draft)
    place = make.enrollment(offer)
    make.code(place, stores=[glow])
    make.link(place)
    for fields, field in (
        ({"discount_value": Decimal(30)}, "discount_value"), ({"type": "sales_link"}, "type"), ({"type": "promo_code"}, "type"),
    ):  # fmt: skip
        with pytest.raises(OfferRefused) as refused:
            edit(acme, offer, replace(draft, **fields))
        assert list(refused.value.problems) == [field]
    kept = Offer.objects.get()
    assert (kept.type, kept.discount_value) == ("both", Decimal(20))
    assert Event.objects.count() == 1


def test_a_new_window_makes_the_stores_look_again(acme, glow):
    draft = draft_of(glow)
    offer = create(acme, draft)
    make.code(make.enrollment(offer), stores=[glow])
    edited = edit(acme, offer, replace(draft, name="summer glow 20%", ends_at=make.NOW + timedelta(days=9)))
    assert (edited.name, edited.ends_at) == ("summer glow 20%", make.NOW + timedelta(days=9))
    assert list(StoreCode.objects.values_list("check_at", "due_at")) == [(make.NOW, make.NOW)]
    assert list(Event.objects.order_by("seq").values_list("kind", flat=True)) == [
        "offer_created",
        "offer_edited",
    ]
