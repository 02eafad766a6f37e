"""Codes from CSV: members are enrolled, discounts that exist are adopted as they are, the rest is created later."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from django_scopes import scope

from offerwell.actions.import_codes import import_codes
from offerwell.integrations.store import StoreCode as Found
from offerwell.integrations.store import StoreError, WindowStatus
from offerwell.models import CodeHistory, Enrollment, Event, PromoCode, StoreCode
from offerwell.rules.import_columns import ImportRefused
from tests import make


class Shop:
    """A store that only looks codes up, and counts how often it is asked."""

    batch_size = 250

    def __init__(self, **codes):
        self.codes = {code.upper(): found for code, found in codes.items()}
        self.asked = []
        self.trouble = None

    def find(self, codes):
        if self.trouble:
            raise self.trouble
        self.asked.append(len(codes))
        return {code: self.codes.get(code.upper()) for code in codes}


def discount(n, status="active", *, starts=-10, ends=None, codes_count=1):
    return Found(
        ref=f"gid://shopify/DiscountCodeNode/{n}", status=WindowStatus(status),
        starts_at=make.NOW + timedelta(days=starts), ends_at=None if ends is None else make.NOW + timedelta(days=ends),
        codes_count=codes_count,
    )  # fmt: skip


def load(workspace, offer, text, shops, **more):
    return import_codes(
        workspace_id=workspace.pk, offer=offer, file=io.BytesIO(text.encode()), connectors=shops, by=make.ANA,
        at=make.NOW, **more,
    )  # fmt: skip


def problems(report):
    return [(row.line, row.reason) for row in report.rejected]


@pytest.fixture
def world(acme):
    store = make.store(acme, "Glow")
    offer = make.offer(acme, "Summer", stores=[store])
    nora, elena = (
        make.member(acme, "Nora", email="nora@example.com"),
        make.member(acme, "Elena", email="elena@example.com"),
    )
    return store, offer, nora, elena


def test_codes_on_the_store_are_adopted_as_they_are(acme, world):
    store, offer, nora, elena = world
    make.enrollment(offer, nora)
    shop = Shop(NORA20=discount(1), ELENA20=discount(2, "expired", ends=-3))
    report = load(
        acme,
        offer,
        "Email,Code\nNora@Example.com,Nora20\nelena@example.com,ELENA20\nnora@example.com,NEW1\n",
        {store.pk: shop},
    )
    assert (report.rows, report.added, report.enrolled, report.adopted, report.to_create) == (3, 3, 1, 2, 1)
    assert problems(report) == []
    assert list(PromoCode.objects.order_by("pk").values_list("text", "text_key", "is_active", "enrollment__member_id")) == [
        ("Nora20", "NORA20", True, nora.pk), ("ELENA20", "ELENA20", False, elena.pk), ("NEW1", "NEW1", True, nora.pk),
    ]  # fmt: skip
    columns = ("ref", "generation", "observed_generation", "observed_status", "observed_at", "due_at")
    assert list(StoreCode.objects.order_by("pk").values_list(*columns)) == [
        ("gid://shopify/DiscountCodeNode/1", 0, 0, "active", make.NOW, None),
        ("gid://shopify/DiscountCodeNode/2", 0, 0, "expired", make.NOW, None),
        ("", 0, -1, "", None, make.NOW),
    ]  # fmt: skip
    assert list(CodeHistory.objects.order_by("pk").values_list("text", "member_id", "from_at", "until_at")) == [
        ("Nora20", nora.pk, make.NOW, None), ("ELENA20", elena.pk, make.NOW, None), ("NEW1", nora.pk, make.NOW, None),
    ]  # fmt: skip
    assert list(Enrollment.objects.order_by("pk").values_list("member_id", "search_text")) == [
        (nora.pk, f"{nora.search_text} nora20 new1"), (elena.pk, f"{elena.search_text} elena20"),
    ]  # fmt: skip
    assert Event.objects.get().kind == "codes_imported"


def test_a_second_import_asks_no_store_and_changes_nothing(acme, world):
    store, offer, _, _ = world
    text = "Email,Code\nnora@example.com,NORA20\nelena@example.com,ELENA20\n"
    load(acme, offer, text, {store.pk: Shop(NORA20=discount(1))})
    before = [list(model.objects.order_by("pk").values()) for model in (PromoCode, StoreCode, Enrollment, Event)]
    shop = Shop(NORA20=discount(1, "expired", ends=-1))
    again = load(acme, offer, text.replace("NORA20", "nora20"), {store.pk: shop})
    assert (again.rows, again.added, again.unchanged, again.rejected_count, shop.asked) == (2, 0, 2, 0, [])
    assert [
        list(model.objects.order_by("pk").values()) for model in (PromoCode, StoreCode, Enrollment, Event)
    ] == before


def test_each_bad_row_is_told_and_the_good_ones_go_in(acme, rival, world):
    store, offer, nora, _ = world
    other = make.offer(acme, "Winter")
    make.code(make.enrollment(other, nora), "TAKEN")
    make.member(rival, "Foreign", email="foreign@example.com")
    for first in ("Twin", "Twin"):
        handle(make.member(acme, first), "tiktok" if first == "Twin" and not _handles() else "instagram", "twin")
    shop = Shop(SHARED=discount(5, codes_count=3))
    report = load(acme, offer, "\n".join([
        "Who;Coupon code;Creator handle;E-mail",
        "a;GOOD;;nora@example.com",
        "b;;;nora@example.com",
        "c;TWO WORDS;;nora@example.com",
        f"d;{'X' * 256};;nora@example.com",
        "e;good;;elena@example.com",
        "f;F1;;nobody@example.com",
        "g;G1;@ghost;",
        "h;H1;twin;",
        "i;I1;;",
        "j;J1;;not an e-mail",
        "k;Taken;;nora@example.com",
        "l;SHARED;;nora@example.com",
        "m;M1;;foreign@example.com",
    ]), {store.pk: shop})  # fmt: skip
    assert problems(report) == [
        (3, "The code is blank."),
        (4, "The code “TWO WORDS” has a space in it. A code is one word."),
        (5, "The code is 256 characters long. 255 is the most."),
        (6, "The code good is on line 2 already."),
        (7, "No member has nobody@example.com. Import the member first."),
        (8, "No member has @ghost. Import the member first."),
        (9, "@twin is 2 members. Give the e-mail."),
        (10, "The row names no member: it has no e-mail and no handle."),
        (11, "“not an e-mail” is not an e-mail address."),
        (12, "The code Taken belongs to Nora Dubois in the offer “Winter”."),
        (13, ("SHARED is one of 3 codes of a single discount in Glow: switching it would switch all of them. "
             "Give the member a code of its own.")),
        (14, "No member has foreign@example.com. Import the member first."),
    ]  # fmt: skip
    assert (report.rows, report.added, report.rejected_count) == (13, 1, 12)
    assert list(PromoCode.objects.filter(offer=offer).values_list("text", flat=True)) == ["GOOD"]
    with scope(workspace=rival):
        assert PromoCode.objects.count() == 0


def _handles():
    from offerwell.models import SocialHandle

    return SocialHandle.objects.count()


def handle(member, network, text):
    from offerwell.models import SocialHandle

    SocialHandle.objects.create(
        workspace=member.workspace, member=member, network=network, handle=text, handle_key=text.lower()
    )


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (discount(1, "active"), (True, None, None)),
        (discount(1, "active", ends=90), (True, None, 90)),
        (discount(1, "active", ends=30), (True, None, None)),
        (discount(1, "scheduled", starts=5, ends=60), (True, 5, 60)),
        (discount(1, "expired", ends=-1), (False, None, None)),
        (discount(1, "expired", ends=0), (False, None, None)),
    ],
)
def test_the_window_in_force_is_kept_where_it_differs_from_the_offers(acme, world, seen, expected):
    store, offer, _, _ = world
    offer.ends_at = make.NOW + timedelta(days=30)
    offer.save()
    load(acme, offer, "Email,Code\nnora@example.com,C1\n", {store.pk: Shop(C1=seen)})
    code = PromoCode.objects.get()
    days = [None if when is None else (when - make.NOW).days for when in (code.starts_at, code.ends_at)]
    assert (code.is_active, *days) == expected


def test_a_discount_that_ended_as_the_offer_was_planned_to_is_still_wanted(acme, world):
    store, offer, _, _ = world
    offer.ends_at = make.NOW - timedelta(days=2)
    offer.save()
    load(acme, offer, "Email,Code\nnora@example.com,C1\n", {store.pk: Shop(C1=discount(1, "expired", ends=-2))})
    assert PromoCode.objects.values_list("is_active", "ends_at").get() == (True, None)


def test_stores_that_disagree_are_for_a_person(acme, world):
    store, offer, _, _ = world
    second = make.store(acme, "Glow EU")
    offer.store_links.create(workspace=acme, store=second)
    shops = {store.pk: Shop(C1=discount(1)), second.pk: Shop(C1=discount(2, "expired", ends=-2))}
    report = load(acme, offer, "Email,Code\nnora@example.com,C1\nnora@example.com,C2\n", shops)
    assert problems(report) == [
        (2, "C1: the discount is active in Glow and not in Glow EU. Make the stores agree, then import it."),
    ]  # fmt: skip
    assert (report.added, report.to_create) == (1, 2)
    assert list(StoreCode.objects.order_by("store_id").values_list("store_id", "code__text", "due_at")) == [
        (store.pk, "C2", make.NOW), (second.pk, "C2", make.NOW),
    ]  # fmt: skip


def test_a_discount_of_another_of_our_codes_is_not_adopted_twice(acme, world):
    store, offer, _, _ = world
    load(acme, offer, "Email,Code\nnora@example.com,OLD\n", {store.pk: Shop(OLD=discount(1))})
    report = load(acme, offer, "Email,Code\nnora@example.com,NEW\n", {store.pk: Shop(NEW=discount(1))})
    assert problems(report) == [(2, "The discount of NEW in Glow belongs to the code OLD here.")]
    assert PromoCode.objects.count() == 1


def test_a_store_that_does_not_answer_leaves_everything_as_it_was(acme, world):
    store, offer, _, _ = world
    shop = Shop(NORA20=discount(1))
    shop.trouble = StoreError("The store did not answer.")
    with pytest.raises(ImportRefused) as refused:
        load(acme, offer, "Email,Code\nnora@example.com,NORA20\n", {store.pk: shop})
    assert str(refused.value) == (
        "Glow: The store did not answer. Nothing was imported: import the file again when the store answers."
    )
    assert (PromoCode.objects.count(), Enrollment.objects.count(), Event.objects.count()) == (0, 0, 0)


def test_a_dry_run_tells_the_same_and_writes_nothing(acme, world):
    store, offer, _, _ = world
    text = "Email,Code\nnora@example.com,NORA20\nelena@example.com,ELENA20\nx@example.com,X\n"
    dry = load(acme, offer, text, {store.pk: Shop(NORA20=discount(1))}, dry_run=True)
    assert (PromoCode.objects.count(), Enrollment.objects.count(), Event.objects.count(), make.wake_ups) == (
        0,
        0,
        0,
        [],
    )
    wet = load(acme, offer, text, {store.pk: Shop(NORA20=discount(1))})
    assert {**dry.to_json(), "dry_run": False} == wet.to_json()
    assert (wet.enrolled, wet.adopted, wet.to_create, wet.rejected_count) == (2, 1, 1, 1)


def test_a_sales_link_offer_has_no_codes_to_import(acme):
    with pytest.raises(ImportRefused, match="Sales Link offer"):
        load(acme, make.offer(acme, "Links", type="sales_link"), "Email,Code\na@example.com,A\n", {})


def test_an_offer_whose_store_is_not_connected_is_refused(acme, world):
    store, offer, _, _ = world
    with pytest.raises(ImportRefused) as refused:
        load(acme, offer, "Email,Code\nnora@example.com,A\n", {})
    assert str(refused.value) == "Glow is not connected. Connect it in Settings › Stores, then import again."
    assert store.label == "Glow"


def test_stores_are_asked_for_many_codes_at_once_and_progress_is_told(acme, world):
    store, offer, _, _ = world
    rows = "".join(f"nora@example.com,N{n}\n" for n in range(2_000))
    shop, told = Shop(), []
    report = load(acme, offer, f"Email,Code\n{rows}", {store.pk: shop}, on_progress=lambda *at: told.append(at))
    assert (shop.asked, told) == ([900, 900, 200], [(900, 2_000), (1_800, 2_000), (2_000, 2_000)])
    assert (report.added, StoreCode.objects.filter(due_at=make.NOW).count()) == (2_000, 2_000)


def test_the_store_is_woken_once_after_the_commit(acme, world, django_capture_on_commit_callbacks):
    store, offer, _, _ = world
    with django_capture_on_commit_callbacks(execute=True):
        load(
            acme,
            offer,
            "Email,Code\nnora@example.com,A\nelena@example.com,B\n",
            {store.pk: Shop(B=discount(1))},
        )
    assert make.wake_ups == [("sync_store", store.pk)]


def test_a_code_without_an_end_in_an_offer_that_ends_is_warned_of_once(acme, world):
    store, offer, _, _ = world
    offer.ends_at = make.NOW + timedelta(days=30)
    offer.save()
    shop = Shop(A=discount(1), B=discount(2), C=discount(3, ends=30))
    report = load(
        acme, offer, "Email,Code\nnora@example.com,A\nnora@example.com,B\nnora@example.com,C\n", {store.pk: shop}
    )
    assert report.warnings == [
        (
            "Some codes have no end in the store, the offer has one. They stay as they are; when they are activated again "
            "they get the offer's end."
        )
    ]
    assert report.adopted == 3


def test_a_discount_the_store_says_to_leave_alone_is_not_taken(acme, world):
    store, offer = world[0], world[1]
    shop = Shop(TWICE=replace(discount(7), refusal="More than one promotion in the store has the code TWICE."))
    report = load(acme, offer, "email,code\nnora@example.com,TWICE", {store.pk: shop})
    assert problems(report) == [(2, "TWICE in Glow: More than one promotion in the store has the code TWICE.")]
    assert (PromoCode.objects.count(), StoreCode.objects.count()) == (0, 0)
