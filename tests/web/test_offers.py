"""Create and edit an offer, add members, generate codes and links: by form alone, without JavaScript."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from offerwell.models import Enrollment, Event, Offer, OfferStore, PromoCode, SalesLink, StoreCode
from tests import make

BASE = "/reporting/sales-tracking/"


@pytest.fixture
def signed_in(client, acme):
    client.force_login(make.user(acme, role="manager"))
    return client


@pytest.fixture
def glow(acme):
    return make.store(acme, "Glow", currency="EUR")


def filled(*stores, **fields):
    given = {
        "name": "Summer", "type": "both", "status": "active", "discount_kind": "percent", "discount_value": "20",
        "pattern": "{first_name}{discount}", "prefix": "glow", "suffix": "", "own_pattern": "",
        "destination": "https://shop.example/", "stores": [store.pk for store in stores], "minimum": "",
        "usage_limit": "", "starts_at": "", "ends_at": "",
    }  # fmt: skip
    return {**given, **fields}


def text_of(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def test_a_filled_form_makes_the_offer_in_the_workspaces_time(signed_in, acme, glow):
    acme.timezone = "Europe/Paris"
    acme.save()
    answer = signed_in.post(f"{BASE}new/", filled(glow, starts_at="2026-12-01T09:30", once_per_customer="on"))
    offer = Offer.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"{BASE}{offer.pk}/")
    assert (offer.name, offer.discount_value, offer.code_pattern, offer.once_per_customer) == (
        "Summer", Decimal(20), "glow{first_name}{discount}", True,
    )  # fmt: skip
    assert offer.starts_at == datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
    assert list(OfferStore.objects.values_list("store_id", flat=True)) == [glow.pk]
    edit = text_of(signed_in.get(f"{BASE}{offer.pk}/edit/"))
    assert f'name="stores" value="{glow.pk}" checked> <span>Glow ' in edit
    assert 'value="2026-12-01T09:30"' in edit
    assert 'name="prefix" value="glow"' in edit


def test_a_wrong_form_says_everything_at_its_field_and_loses_nothing(signed_in, acme, glow):
    answer = signed_in.post(
        f"{BASE}new/", filled(name="", discount_value="20 %", ends_at="soon", destination="shop", prefix="gl-ow")
    )
    assert answer.status_code == 422
    assert {field: list(sentences) for field, sentences in answer.context["form"].errors.items()} == {
        "discount_value": ["Enter the discount as a number, for example 20."],
        "ends_at": ["Enter a date and a time, for example 2026-12-24 09:00."],
        "name": ["Give the offer a name."],
        "pattern": ["“gl-ow” has other signs than letters A–Z and digits. Leave them out."],
        "stores": ["Choose at least one store for the codes."],
        "destination": ["Enter a whole web address that starts with https:// or http://."],
    }
    page = text_of(answer)
    assert all(f'value="{typed}"' in page for typed in ("20 %", "shop", "gl-ow"))
    assert 'aria-describedby="id_name-hint id_name-error"' in page
    assert (Offer.objects.count(), Event.objects.count()) == (0, 0)


def test_what_only_the_database_knows_is_told_at_its_field_too(signed_in, acme, rival, glow):
    make.offer(acme, "Summer")
    answer = signed_in.post(f"{BASE}new/", filled(glow, name="SUMMER"))
    assert answer.status_code == 422
    assert answer.context["form"].errors["name"] == ["There is an offer named Summer already. Choose another name."]
    theirs = make.store(rival)
    answer = signed_in.post(f"{BASE}new/", filled(theirs, name="Other"))
    assert answer.context["form"].errors["stores"] == [
        "A chosen store is not connected any more. Choose the stores again."
    ]
    assert Offer.objects.count() == 1


def test_an_offer_is_edited_and_a_refusal_changes_nothing(signed_in, acme, glow):
    offer = make.offer(acme, "Summer", stores=[glow], code_pattern="{first_name}")
    answer = signed_in.post(f"{BASE}{offer.pk}/edit/", filled(glow, name="Summer sale"))
    assert answer.status_code == 302
    make.code(make.enrollment(offer), stores=[glow])
    answer = signed_in.post(f"{BASE}{offer.pk}/edit/", filled(glow, name="Other", discount_value="30"))
    assert answer.status_code == 422
    assert "Codes with this discount are in a store, so it stays." in text_of(answer)
    offer.refresh_from_db()
    assert (offer.name, offer.discount_value) == ("Summer sale", Decimal(20))


def test_only_roles_that_may_edit_offers_reach_these_screens_and_rival_finds_nothing(client, acme, rival, glow):
    offer = make.offer(acme, "Summer", stores=[glow])
    paths = ("new/", f"{offer.pk}/edit/", f"{offer.pk}/add-members/", f"{offer.pk}/generate/")
    for role in ("analyst", "operator"):
        client.force_login(make.user(acme, role=role))
        assert [client.get(BASE + path).status_code for path in paths] == [403] * 4
        assert client.post(f"{BASE}new/", filled(glow, name="Mine")).status_code == 403
    client.force_login(make.user(rival))
    assert [client.get(BASE + path).status_code for path in paths] == [200, 404, 404, 404]
    assert client.post(f"{BASE}{offer.pk}/edit/", filled(glow, name="Mine")).status_code == 404
    assert [client.post(BASE + path, {"ids": "1"}).status_code for path in paths[2:]] == [404, 404]
    assert list(Offer.objects.values_list("name", flat=True)) == ["Summer"]


def test_ticked_members_are_counted_first_and_then_added(signed_in, acme, rival):
    offer, nora, elena = make.offer(acme), make.member(acme, "Nora"), make.member(acme, "Elena")
    make.enrollment(offer, elena)
    foreign = make.member(rival)
    url = f"{BASE}{offer.pk}/add-members/"
    page = text_of(signed_in.get(url))
    assert f'value="{nora.pk}"' in page
    assert f'value="{elena.pk}" autocomplete' not in page
    preview = signed_in.post(url, {"ids": [nora.pk, elena.pk, foreign.pk]})
    assert preview.context["joining"].will_join == 1
    assert Enrollment.objects.filter(offer=offer).count() == 1
    assert f'name="ids" value="{nora.pk},{elena.pk},{foreign.pk}"' in text_of(preview)
    answer = signed_in.post(url, {"step": "add", "ids": preview.context["ids"]})
    assert (answer.status_code, answer["Location"]) == (302, f"{BASE}{offer.pk}/generate/")
    added = set(Enrollment.objects.filter(offer=offer).values_list("member_id", flat=True))
    assert added == {nora.pk, elena.pk}


def test_all_that_match_are_added_but_the_unticked_up_to_what_was_seen(signed_in, acme):
    offer, nora = make.offer(acme), make.member(acme, "Nora")
    make.member(acme, "Elena", country="DE")
    unticked = [make.member(acme, "Hana"), make.member(acme, "Zoe")]
    url = f"{BASE}{offer.pk}/add-members/"
    exclude = ",".join(str(member.pk) for member in unticked)
    preview = signed_in.post(url, {"all": ["", "1"], "country": "FR", "up_to": "", "exclude": exclude})
    assert preview.context["joining"].will_join == 1
    late = make.member(acme, "Late")
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text_of(preview)))
    assert (fields["all"], fields["country"]) == ("1", "FR")
    assert signed_in.post(url, fields).status_code == 302
    assert list(Enrollment.objects.values_list("member_id", flat=True)) == [nora.pk]
    assert late.pk > int(fields["up_to"])


def test_a_pasted_list_says_who_is_left_out_and_keeps_what_was_pasted(signed_in, acme):
    offer, nora = make.offer(acme), make.member(acme, "Nora", email="nora@x.example")
    url = f"{BASE}{offer.pk}/add-members/"
    preview = signed_in.post(url, {"pasted": "nora@x.example\nwho@x.example"})
    assert (preview.context["joining"].will_join, preview.context["ids"]) == (1, str(nora.pk))
    assert "No member has this e-mail." in text_of(preview)
    for pasted, said in (
        ("who@x.example", "No line names a member."), (" \n", "Paste one e-mail or handle per line."),
        ("a\n" * 5001, "That is 5,001 lines. Paste at most 5,000 at a time."),
    ):  # fmt: skip
        refused = signed_in.post(url, {"pasted": pasted})
        assert (refused.status_code, said in text_of(refused)) == (422, True)
        assert refused.context["pasted"] == pasted
    assert Enrollment.objects.count() == 0


def test_an_empty_or_broken_selection_is_refused_in_place(signed_in, acme):
    url = f"{BASE}{make.offer(acme).pk}/add-members/"
    for fields, said in (({}, "No members are selected."), ({"ids": "x"}, "The selection could not be read.")):
        answer = signed_in.post(url, fields)
        assert (answer.status_code, said in text_of(answer)) == (422, True)


def test_proposed_names_are_edited_and_generated(signed_in, acme, glow):
    offer = make.offer(acme, "Summer", stores=[glow])
    places = [make.enrollment(offer, make.member(acme, name)) for name in ("Nora", "Elena")]
    url = f"{BASE}{offer.pk}/generate/"
    proposed = signed_in.get(url, {"pattern": "{first_name}", "prefix": "G", "suffix": "", "own_pattern": ""})
    assert [row.text for row in proposed.context["rows"]] == ["GNORA", "GELENA"]
    fields = {"pattern": "{first_name}", "prefix": "G", "scope": "shown", f"text-{places[0].pk}": "glownora",
              f"text-{places[1].pk}": "GELENA"}  # fmt: skip
    answer = signed_in.post(url, fields)
    assert (answer.status_code, answer["Location"]) == (302, f"{BASE}{offer.pk}/")
    assert list(PromoCode.objects.order_by("pk").values_list("text", flat=True)) == ["GLOWNORA", "GELENA"]
    assert (SalesLink.objects.count(), StoreCode.objects.filter(store=glow).count()) == (2, 2)
    assert "Nothing to generate" in text_of(signed_in.get(url))


def test_clashes_are_marked_at_their_rows_and_edits_are_kept(signed_in, acme, glow):
    offer = make.offer(acme, "Summer", stores=[glow])
    places = [make.enrollment(offer, make.member(acme, name)) for name in ("Nora", "Elena", "Hana")]
    make.code(make.enrollment(make.offer(acme, "Winter"), make.member(acme, "Zoe", "Garcia")), "TAKEN")
    texts = dict(zip(places, ("taken", "free", "Free"), strict=True))
    answer = signed_in.post(
        f"{BASE}{offer.pk}/generate/",
        {"pattern": "{first_name}", "scope": "all"} | {f"text-{place.pk}": text for place, text in texts.items()},
    )
    assert answer.status_code == 422
    assert [(row.text, row.problem) for row in answer.context["rows"]] == [
        ("taken", "TAKEN is already the code of Zoe Garcia in Winter. Choose another one."), ("free", ""),
        ("Free", "FREE is also typed for Elena Dubois. Choose another one."),
    ]  # fmt: skip
    assert text_of(answer).count('aria-invalid="true"') == 2
    assert (PromoCode.objects.count(), SalesLink.objects.count()) == (1, 0)


def test_more_members_than_a_page_are_named_by_the_pattern(signed_in, acme, glow, monkeypatch):
    monkeypatch.setattr("offerwell.web.offers.generate_views.SHOWN", 1)
    offer = make.offer(acme, "Summer", stores=[glow], type="promo_code")
    places = [make.enrollment(offer, make.member(acme, name)) for name in ("Nora", "Elena", "Hana")]
    url = f"{BASE}{offer.pk}/generate/"
    assert signed_in.get(url).context["beyond"] == 2
    signed_in.post(url, {"pattern": "{first_name}", "scope": "shown", f"text-{places[0].pk}": "A1"})
    assert list(PromoCode.objects.values_list("text", flat=True)) == ["A1"]
    signed_in.post(url, {"pattern": "{first_name}", "scope": "all", f"text-{places[1].pk}": "B2"})
    assert list(PromoCode.objects.order_by("pk").values_list("text", flat=True)) == ["A1", "B2", "HANA"]


def test_a_pattern_or_an_offer_that_is_not_ready_is_told(signed_in, acme):
    offer = make.offer(acme, "Summer")
    place = make.enrollment(offer)
    url = f"{BASE}{offer.pk}/generate/"
    assert "has no store for its codes" in text_of(signed_in.get(url))
    answer = signed_in.get(url, {"pattern": "own", "own_pattern": "{surname}"})
    assert (answer.status_code, "{surname} is not a field." in text_of(answer)) == (422, True)
    answer = signed_in.post(url, {"pattern": "{first_name}", f"text-{place.pk}": "NORA"})
    assert (answer.status_code, "Choose one in the offer first." in text_of(answer)) == (422, True)
    assert 'value="NORA"' in text_of(answer)
    assert PromoCode.objects.count() == 0


@pytest.mark.parametrize("path", ["edit", "add-members", "generate"])
def test_the_number_of_queries_does_not_grow(signed_in, acme, path):
    counts = []
    for size in (1, 9):
        offer = make.offer(acme, stores=[make.store(acme)])
        for n in range(size):
            make.enrollment(offer, make.member(acme, f"A{size}{n}"))
        with CaptureQueriesContext(connection) as queries:
            assert signed_in.get(f"{BASE}{offer.pk}/{path}/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 15


def test_names_are_shown_as_text_never_as_markup(signed_in, acme, glow):
    offer = make.offer(acme, "<b>Offer</b>", stores=[glow])
    make.enrollment(offer, make.member(acme, "<script>x</script>"))
    for path in ("edit", "add-members", "generate"):
        page = signed_in.get(f"{BASE}{offer.pk}/{path}/").content.decode()
        assert "<script>x" not in page
        assert "<b>Offer" not in page
    with scope(workspace=acme):
        assert Offer.objects.count() == 1


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("new/", {"starts_at": "0001-01-01T00:00"}, 422), ("new/", {"ends_at": "9999-12-31T23:59"}, 422),
        ("new/", {"usage_limit": "9" * 5000}, 422), ("new/", {"discount_value": "1e400"}, 422),
        ("new/", {"discount_value": "nan"}, 422), ("new/", {"name": "a\x00b"}, 422), ("new/", {"stores": ["x"]}, 422),
        ("1/add-members/", {"pasted": "\x00"}, 422), ("1/add-members/", {"all": "1", "q": "\x00ab"}, 200),
        ("1/generate/", {"text-\u0663": "A"}, 302), ("1/generate/", {"pattern": "{x"}, 422),
    ],
)  # fmt: skip
def test_odd_input_is_answered_and_stores_nothing(signed_in, glow, path, fields, status):
    offer = make.offer(glow.workspace, "Old", stores=[glow])
    path = path.replace("1/", f"{offer.pk}/")
    body = filled(glow) | fields if path == "new/" else fields
    assert signed_in.post(BASE + path, body).status_code == status
    assert (Offer.objects.count(), Enrollment.objects.count(), PromoCode.objects.count()) == (1, 0, 0)


# -- every kind of discount -----------------------------------------------------------------------------------

BXGY = {
    "type": "promo_code", "discount_kind": "bxgy", "discount_value": "50", "buys_quantity": "2", "buys_from": "products",
    "buys_ids": "11\r\nhttps://admin.shopify.com/store/glow/products/12", "applies_to": "collections", "item_ids": "22",
    "gets_quantity": "1", "tags": "vip\r\nsummer", "title": "Two and a half",
}  # fmt: skip


def test_a_form_makes_every_kind_and_shows_it_again(signed_in, acme, glow):
    answer = signed_in.post(f"{BASE}new/", filled(glow, **BXGY))
    offer = Offer.objects.get()
    assert answer.status_code == 302
    assert (offer.buys_ids, offer.item_ids, offer.tags, offer.discount_value) == (
        ["11", "12"], ["22"], ["vip", "summer"], 50,
    )  # fmt: skip
    edit = signed_in.get(f"{BASE}{offer.pk}/edit/").content.decode()
    assert 'id="kind-bxgy" value="bxgy" checked' in edit
    assert ">11\n12</textarea>" in edit
    assert ">vip\nsummer</textarea>" in edit
    assert "Buy 2 items of 2 products and get 1 item from 1 collection at 50% off." in edit
    page = text_of(signed_in.get(f"{BASE}{offer.pk}/"))
    assert "buy 2, get 1 at 50% off" in page
    free = filled(glow, name="Free", discount_kind="free_shipping", discount_value="", minimum="1250")
    assert signed_in.post(f"{BASE}new/", free).status_code == 302
    assert "free shipping · from 1,250 EUR" in text_of(signed_in.get(BASE))


def test_fields_of_another_kind_mean_nothing(signed_in, glow):
    """Without styles all fields are there, and somebody may have filled them before choosing another kind."""
    assert (
        signed_in.post(
            f"{BASE}new/", filled(glow, **{**BXGY, "discount_kind": "percent", "applies_to": "all"})
        ).status_code
        == 302
    )
    offer = Offer.objects.get()
    assert (offer.buys_ids, offer.buys_quantity, offer.gets_quantity, offer.item_ids) == ([], None, None, [])


def test_what_is_wrong_with_a_term_stands_at_its_field(signed_in, glow):
    wrong = {**BXGY, "buys_ids": "shoes", "gets_quantity": "none", "tags": "a\nb\nc\nd\ne", "applies_to": "all"}
    answer = signed_in.post(f"{BASE}new/", filled(glow, **wrong))
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"buys_ids", "gets_quantity", "tags", "applies_to"}
    page = text_of(answer)
    assert 'id="id_buys_ids-error"' in page
    assert "“shoes” names none of the products." in page
    assert "Fill in the discount" in page
    assert Offer.objects.count() == 0


def test_the_sentence_follows_the_form(signed_in, glow):
    given = filled(glow, name="", discount_kind="amount", discount_value="10", minimum_quantity="3")
    told = text_of(signed_in.post(f"{BASE}summary/", given))
    assert "10 EUR off your order when you buy 3 items or more." in told
    assert "Fill in the discount" in text_of(signed_in.post(f"{BASE}summary/", filled(glow, discount_value="x")))
    assert (Offer.objects.count(), signed_in.get(f"{BASE}summary/").status_code) == (0, 405)


def test_an_analyst_reads_no_summary(client, acme):
    client.force_login(make.user(acme, role="analyst"))
    assert client.post(f"{BASE}summary/", filled()).status_code in {403, 404}


def test_members_get_discount_links_for_each_store(signed_in, acme, rival):
    stores = [make.store(acme, label) for label in ("EU", "US")]
    for store in stores:
        type(store).objects.filter(pk=store.pk).update(address=f"glow-{store.label.lower()}.myshopify.com")
    bloom = make.store(acme, "Bloom")  # a Vendure has no address that applies a code
    type(bloom).objects.filter(pk=bloom.pk).update(kind="vendure", address="https://bloom.example.com/admin-api")
    offer = make.offer(
        acme, "Summer", type="promo_code", stores=[*stores, bloom], discount_links=True, redirect="/new?a=1",
        utm_source="{code}",
    )  # fmt: skip
    nora = make.enrollment(offer, make.member(acme, "Nora"))
    make.code(nora, "NORA20", stores=stores)
    make.code(nora, "OLD", is_active=False, stores=stores)
    links = [
        f"https://glow-{label}.myshopify.com/discount/NORA20?redirect=/new%3Fa%3D1&utm_source=NORA20"
        for label in ("eu", "us")
    ]
    page = signed_in.get(f"{BASE}{offer.pk}/").content.decode()
    for link in links:
        shown = link.replace("&", "&amp;")
        assert f'href="{shown}"' in page
        assert f'data-copy="{shown}"' in page
    assert ("/discount/OLD" in page, "bloom.example.com" in page) == (False, False)
    poll = signed_in.get(f"{BASE}{offer.pk}/statuses/", {"ids": str(nora.pk)}).content.decode()
    assert links[0].replace("&", "&amp;") in poll
    rows = b"".join(signed_in.get(f"{BASE}{offer.pk}/members.csv").streaming_content).decode("utf-8-sig").splitlines()
    assert rows[0].endswith("Discount link (EU),Discount link (US)")
    assert any(row.endswith(",".join(links)) for row in rows)
    Offer.objects.update(discount_links=False)
    assert "/discount/" not in signed_in.get(f"{BASE}{offer.pk}/").content.decode()


def test_saving_without_a_new_date_pushes_no_dates(signed_in, acme, glow):
    """The inputs show minutes; a start with seconds must not move by being shown."""
    begun = datetime(2026, 10, 27, 8, 30, 12, 345, tzinfo=UTC)
    offer = make.offer(acme, "Summer", stores=[glow], starts_at=begun)
    make.code(make.enrollment(offer), stores=[glow])
    shown = signed_in.get(f"{BASE}{offer.pk}/edit/").context["form"]
    moved = filled(glow, discount_links="on", starts_at=shown["starts_at"].value())
    assert moved["starts_at"] == "2026-10-27T08:30"
    assert signed_in.post(f"{BASE}{offer.pk}/edit/", moved).status_code == 302
    offer.refresh_from_db()
    assert (offer.starts_at, offer.discount_links) == (begun, True)
    assert StoreCode.objects.get().is_redated is False
    signed_in.post(f"{BASE}{offer.pk}/edit/", {**moved, "starts_at": "2026-10-27T08:31"})
    assert StoreCode.objects.get().is_redated is True
