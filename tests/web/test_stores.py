"""Settings › Stores: list, connect, check, switch, new credentials; secrets never come back."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from offerwell.actions import connect_store as module
from offerwell.integrations.store import AccessRefused, StoreIdentity
from offerwell.models import Event, Store
from tests import make

URL = "/settings/stores/"
GLOW = StoreIdentity(
    "glow.myshopify.com", "Glow", "EUR", "Europe/Paris", frozenset({"read_discounts", "write_discounts"})
)
CREDENTIALS = {"client_id": "the-id", "client_secret": "the-secret", "static_token": ""}
FILLED = {"label": "Glow", "kind": "shopify", "address": "glow.myshopify.com", **CREDENTIALS}


class Shop:
    """A shop that answers, or raises, what it is told to."""

    def __init__(self, answer):
        self.answer = answer

    def __call__(self, access):
        return self

    def identify(self):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def shop(monkeypatch):
    made = Shop(GLOW)
    monkeypatch.setattr(module, "connector_of", made)
    return made


@pytest.fixture
def signed_in(client, acme):
    client.force_login(make.user(acme, role="owner"))
    return client


def text_of(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def test_a_store_is_connected_and_its_secret_never_shown_again(signed_in, acme, shop):
    answer = signed_in.post(f"{URL}connect/", FILLED)
    store = Store.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"{URL}{store.pk}/")
    for path in ("", f"{store.pk}/", f"{store.pk}/credentials/"):
        page = text_of(signed_in.get(URL + path))
        assert "Glow" in page
        assert "the-secret" not in page
    assert "the-id" in text_of(signed_in.get(f"{URL}{store.pk}/"))


def test_refused_credentials_keep_everything_but_the_secret(signed_in, acme, shop):
    shop.answer = AccessRefused("The store refuses the client ID and secret.", permanent=True)
    answer = signed_in.post(f"{URL}connect/", FILLED)
    page = text_of(answer)
    assert answer.status_code == 422
    assert "The store refuses the client ID and secret." in page
    assert all(f'value="{kept}"' in page for kept in ("Glow", "glow.myshopify.com", "the-id"))
    assert "the-secret" not in page
    assert (Store.objects.count(), Event.objects.count()) == (0, 0)


def test_a_wrong_field_is_told_at_the_field(signed_in, acme, shop):
    answer = signed_in.post(f"{URL}connect/", {**FILLED, "address": "glow.example", "label": ""})
    assert {field: list(sentences) for field, sentences in answer.context["form"].errors.items()} == {
        "label": ["Name the store, as your team calls it."],
        "address": ["glow.example is not a Shopify store address. Enter it as NAME.myshopify.com."],
    }
    assert Store.objects.count() == 0


def test_the_page_of_a_store_says_how_it_is(signed_in, acme):
    store = make.store(acme, "Glow", trouble="The token was revoked.", scopes="read_discounts", last_answer_at=make.NOW)
    offer = make.offer(acme, "Summer", stores=[store])
    make.code(make.enrollment(offer), stores=[store], settled=False)
    settled = make.code(make.enrollment(offer))
    make.store_code(settled, store, problem="conflict")
    answer = signed_in.get(f"{URL}{store.pk}/")
    seen = answer.context["seen"]
    assert (seen.health, seen.waiting, seen.attention, seen.offers) == ("trouble", 1, 1, 1)
    page = text_of(answer)
    assert all(said in page for said in ("The token was revoked.", "A scope is missing:", "write_discounts", "Summer"))


def test_a_store_is_checked_now(signed_in, acme, shop):
    store = make.store(acme, "Glow", static_token="t")
    Store.objects.update(trouble="Away.", address="http://127.0.0.1:9")
    assert signed_in.post(f"{URL}{store.pk}/check/").status_code == 302
    assert (Store.objects.get().trouble, Store.objects.get().scopes) == ("", "read_discounts write_discounts")
    shop.answer = AccessRefused("Revoked. Connect again.", permanent=True)
    answer = signed_in.post(f"{URL}{store.pk}/check/")
    assert (answer.status_code, text_of(answer).count("Revoked. Connect again.")) == (422, 1)
    assert Store.objects.get().trouble == "Revoked. Connect again."
    shop.answer = GLOW
    assert signed_in.post(f"{URL}{store.pk}/check/").status_code == 302
    assert (Store.objects.get().trouble, Store.objects.get().paused_until) == ("", None)


def test_a_store_is_switched_off_and_on(signed_in, acme):
    store = make.store(acme, "Glow")
    for on, state in (("0", False), ("0", False), ("1", True)):
        assert signed_in.post(f"{URL}{store.pk}/switch/", {"on": on}).status_code == 302
        assert Store.objects.get().is_on is state
    assert Event.objects.count() == 2
    assert signed_in.get(f"{URL}{store.pk}/switch/").status_code == 405


def test_credentials_are_replaced_only_by_ones_that_work(signed_in, acme, shop):
    signed_in.post(f"{URL}connect/", FILLED)
    store = Store.objects.get()
    shop.answer = AccessRefused("Refused.", permanent=True)
    answer = signed_in.post(f"{URL}{store.pk}/credentials/", {"client_id": "new", "client_secret": "bad"})
    assert (answer.status_code, "Refused." in text_of(answer)) == (422, True)
    assert Store.objects.get().client_secret == "the-secret"
    shop.answer = GLOW
    answer = signed_in.post(f"{URL}{store.pk}/credentials/", {"client_id": "new", "client_secret": "good"})
    assert answer.status_code == 302
    assert (Store.objects.get().client_id, Store.objects.get().client_secret) == ("new", "good")


def test_who_may_not_edit_settings_sees_and_changes_nothing(client, acme, rival, shop):
    store = make.store(acme, "Glow")
    client.force_login(make.user(acme, role="manager"))
    assert client.get(URL).status_code == 200
    page = text_of(client.get(f"{URL}{store.pk}/"))
    assert ("Glow" in page, "Switch off" in page, "Replace credentials" in page) == (True, False, False)
    posts = (("connect/", FILLED), (f"{store.pk}/switch/", {"on": "0"}), (f"{store.pk}/check/", {}),
             (f"{store.pk}/credentials/", CREDENTIALS))  # fmt: skip
    assert [client.post(URL + path, fields).status_code for path, fields in posts] == [403] * 4
    client.force_login(make.user(rival))
    assert "Glow" not in text_of(client.get(URL))
    assert client.get(f"{URL}{store.pk}/").status_code == 404
    assert [client.post(URL + path, fields).status_code for path, fields in posts[1:]] == [404] * 3
    with scope(workspace=acme):
        assert (Store.objects.get().is_on, Store.objects.get().client_id, Event.objects.count()) == (True, "", 0)


def test_the_number_of_queries_does_not_grow(signed_in, acme):
    counts = []
    for size in (1, 5):
        for _ in range(size):
            make.offer(acme, stores=[make.store(acme)])
        with CaptureQueriesContext(connection) as queries:
            assert signed_in.get(URL).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 15
