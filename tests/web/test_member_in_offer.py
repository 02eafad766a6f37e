"""One member in an offer of two stores: each code in each store with its reason, and asking one store again."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from offerwell.models import CodeHistory, Enrollment, Event, PromoCode, StoreCode
from offerwell.queries.payouts import option_terms
from offerwell.rules.pay_rules import PayRule
from tests import make
from tests.web.page_words import words

REASON = "The code NORA20 belongs to another discount in the store."


@pytest.fixture
def stores(acme):
    return make.store(acme, "Glow US"), make.store(acme, "Glow EU")


@pytest.fixture
def place(acme, client, stores):
    """Nora's code: right in Glow US, refused by Glow EU. Elena's is refused there too."""
    offer = make.offer(acme, "Summer", stores=stores)
    nora = make.enrollment(offer, make.member(acme, "Nora"))
    elena = make.enrollment(offer, make.member(acme, "Elena"))
    codes = make.code(nora, "NORA20", stores=stores), make.code(elena, "ELENA20", stores=stores)
    make.link(nora, "nora-1")
    CodeHistory.objects.create(
        workspace=acme, code=codes[0], member_id=nora.member_id, text="OLDNORA", text_key="OLDNORA",
        from_at=make.NOW, until_at=make.NOW,
    )  # fmt: skip
    StoreCode.objects.filter(store=stores[1]).update(
        generation=7, problem="conflict", last_error=REASON, due_at=None, observed_status=""
    )
    client.force_login(make.user(acme, role="operator"))
    return nora


def at(place, step=""):
    return f"/reporting/sales-tracking/{place.offer_id}/members/{place.pk}/{step}"


def problems():
    rows = StoreCode.objects.order_by("code__text", "store__label")
    return list(rows.values_list("code__text", "store__label", "problem"))


def test_each_store_is_told_apart_with_its_reason(client, place):
    page = words(client.get(at(place)))
    assert "Glow US Active active" in page
    assert f"Glow EU Failed not seen there yet {REASON} Retry" in page
    assert "Before: OLDNORA until" in page
    assert "nora-1 Copy Active" in page
    assert "ELENA20" not in page


def test_former_texts_are_told_once_with_what_ended_them_and_a_text_that_came_back_is_none(client, acme, place):
    """A refresh to NORA30, its undo, and a refresh to NORA30 again."""
    code = PromoCode.objects.get(text="NORA20")
    CodeHistory.objects.all().delete()
    for text, opened_by, closed_by in (("NORA20", None, 4), ("NORA30", 4, 5), ("NORA20", 5, 6), ("NORA30", 6, None)):
        CodeHistory.objects.create(
            workspace=acme, code=code, member_id=place.member_id, text=text, text_key=text, from_at=make.NOW,
            until_at=make.NOW if closed_by else None, opened_by=opened_by, closed_by=closed_by,
        )  # fmt: skip
    PromoCode.objects.filter(pk=code.pk).update(text="NORA30", text_key="NORA30", text_change_id=6)
    response = client.get(at(place))
    page = words(response)
    assert "Before: NORA20 until" in page
    assert page.count(" until ") == 1
    assert f'href="{reverse("change", args=[6])}"' in response.content.decode()
    assert "Orders with it still belong to this member." in page


def test_what_the_member_earns_is_told(client, place):
    option = make.payout(place.offer, "Gold", "cpa_cps", 300, amount=500, currency="USD")
    Enrollment.objects.filter(pk=place.pk).update(payout_option=option)
    assert f"Payout: Gold, {option_terms(option)}" in words(client.get(at(place)))
    assert "other rates" not in words(client.get(at(place)))
    make.rules(option, PayRule(basis_points=500, buyer="new"))
    assert f"Payout: Gold, {option_terms(option)}; other rates by its rules" in words(client.get(at(place)))
    Enrollment.objects.filter(pk=place.pk).update(payout_option=None)
    assert "Payout" not in words(client.get(at(place)))


def test_the_offer_page_leads_there(client, place):
    assert f'href="{at(place)}"' in client.get(f"/reporting/sales-tracking/{place.offer_id}/").content.decode()


def test_retry_asks_that_store_for_that_member_alone(client, place, stores):
    page = words(client.post(at(place, "retry/"), {"store": stores[1].pk}, follow=True))
    assert "Glow EU is asked again." in page
    assert problems() == [
        ("ELENA20", "Glow EU", "conflict"), ("ELENA20", "Glow US", ""),
        ("NORA20", "Glow EU", ""), ("NORA20", "Glow US", ""),
    ]  # fmt: skip
    event = Event.objects.latest("pk")
    assert (event.kind, json.loads(event.body)) == ("codes_retried", {"codes": 1, "enrollment": place.pk})
    assert "Nothing to retry in Glow US" in words(
        client.post(at(place, "retry/"), {"store": stores[0].pk}, follow=True)
    )
    assert Event.objects.count() == 1


def test_a_whole_store_is_asked_again_from_its_page(client, place, stores):
    page = words(client.get(f"/settings/stores/{stores[1].pk}/"))
    assert "2 codes were not taken by this store." in page
    asked = words(client.post(f"/settings/stores/{stores[1].pk}/retry/", follow=True))
    assert "2 codes are tried again." in asked
    assert {problem for _, _, problem in problems()} == {""}
    assert "were not taken" not in words(client.get(f"/settings/stores/{stores[1].pk}/"))


def test_what_differs_by_someone_elses_edit_is_not_retried(client, place, stores):
    StoreCode.objects.filter(store=stores[1]).update(problem="drifted", generation=0)
    assert "Nothing to retry." in words(client.post(f"/settings/stores/{stores[1].pk}/retry/", follow=True))
    assert [problem for _, label, problem in problems() if label == "Glow EU"] == ["drifted", "drifted"]


def test_analysts_see_but_cannot_retry(client, acme, place, stores):
    client.force_login(make.user(acme, role="analyst"))
    assert "Retry" not in words(client.get(at(place)))
    assert client.post(at(place, "retry/"), {"store": stores[1].pk}).status_code == 403
    assert client.post(f"/settings/stores/{stores[1].pk}/retry/").status_code == 403
    assert [problem for _, label, problem in problems() if label == "Glow EU"] == ["conflict", "conflict"]


def test_rivals_see_and_ask_nothing(client, rival, place, stores):
    client.force_login(make.user(rival, role="owner"))
    assert client.get(at(place)).status_code == 404
    assert client.post(at(place, "retry/"), {"store": stores[1].pk}).status_code == 404
    assert client.post(f"/settings/stores/{stores[1].pk}/retry/").status_code == 404
    assert [problem for _, label, problem in problems() if label == "Glow EU"] == ["conflict", "conflict"]


def test_a_store_of_a_rival_is_nobody(client, rival, place):
    theirs = make.store(rival)
    assert client.post(at(place, "retry/"), {"store": theirs.pk}).status_code == 404
    assert client.post(at(place, "retry/"), {"store": "one"}).status_code == 404


def test_statements_do_not_grow_with_codes_and_stores(client, place, stores):
    def statements():
        with CaptureQueriesContext(connection) as queries:
            client.get(at(place))
        return len(queries)

    few = statements()
    for _ in range(5):
        make.code(place, stores=stores)
    assert statements() == few


def dates():
    return list(PromoCode.objects.order_by("text").values_list("text", "starts_at", "ends_at"))


@pytest.fixture
def manager(client, place):
    client.force_login(make.user(place.workspace, role="manager"))
    return client


def test_own_dates_are_this_members_alone_and_the_stores_follow(manager, place):
    StoreCode.objects.update(due_at=None, is_redated=False)
    response = manager.post(at(place, "dates/"), {"starts_at": "2026-12-01T00:00", "ends_at": "2026-12-24T18:00"})
    assert (response.status_code, response["Location"]) == (302, at(place))
    start, end = datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 24, 18, tzinfo=UTC)
    assert dates() == [("ELENA20", None, None), ("NORA20", start, end)]
    moved = StoreCode.objects.filter(is_redated=True).values_list("code__text", flat=True)
    assert sorted(moved) == ["NORA20", "NORA20"]
    page = manager.get(at(place)).content.decode()
    assert 'value="2026-12-24T18:00"' in page
    assert "Dates saved for 1 code. The stores follow." in page
    manager.post(at(place, "dates/"), {"starts_at": "", "ends_at": ""})
    assert dates() == [("ELENA20", None, None), ("NORA20", None, None)]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"starts_at": "2026-12-24T00:00", "ends_at": "2026-12-01T00:00"}, "NORA20 would end before it starts"),
        ({"starts_at": "tomorrow", "ends_at": ""}, "Enter a date and a time"),
    ],
)
def test_bad_dates_are_refused_where_they_were_typed(manager, place, typed, said):
    response = manager.post(at(place, "dates/"), typed)
    page = response.content.decode()
    assert (response.status_code, said in page, f'value="{typed["starts_at"]}"' in page) == (422, True, True)
    assert dates() == [("ELENA20", None, None), ("NORA20", None, None)]
    assert Event.objects.filter(kind="code_dates_set").count() == 0


def test_operators_neither_see_nor_set_own_dates(client, place):
    assert "Own dates" not in words(client.get(at(place)))
    assert client.post(at(place, "dates/"), {"ends_at": "2026-12-24T18:00"}).status_code == 403
    assert dates() == [("ELENA20", None, None), ("NORA20", None, None)]
