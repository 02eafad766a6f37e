"""Settings › Stores: list, connect, check, switch, new credentials; secrets never come back."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_scopes import scope

from offerwell.actions import connect_store as module
from offerwell.integrations.store import AccessRefused, StoreIdentity
from offerwell.models import BulkChange, Event, PendingInstall, Store, StoreCode, StorePace, StoreWebhooks
from tests import make
from tests.web.page_words import words

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
    make.sign_in(client, make.user(acme, role="owner"))
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
    assert all(
        said in page
        for said in (
            "The token was revoked.",
            "A scope is missing.",
            "The app lacks the scope write_discounts.",
            "Summer",
        )
    )


def test_a_vendure_is_connected_and_spoken_of_in_its_own_words(signed_in, acme, shop):
    page = text_of(signed_in.get(f"{URL}connect/"))
    words = (
        "Vendure",
        "UpdatePromotion",
        ">Client ID</span>",
        ">User name</span>",
        ">Password</span>",
        ">API key</span>",
    )
    assert all(said in page for said in words)
    shop.answer = replace(GLOW, scopes=frozenset({"ReadPromotion", "CreatePromotion", "UpdatePromotion"}))
    fields = {
        "label": "Bloom",
        "kind": "vendure",
        "address": "shop.example.com#eu",
        "client_id": "ana",
        "client_secret": "pw",
    }
    answer = signed_in.post(f"{URL}connect/", fields)
    store = Store.objects.get()
    assert (answer.status_code, store.address) == (302, "https://shop.example.com/admin-api#eu")
    page = text_of(signed_in.get(f"{URL}{store.pk}/"))
    assert all(
        said in page
        for said in ("Vendure · https://shop.example.com/admin-api#eu", "Permissions", "User name", "password kept")
    )
    assert ("Scopes" in page, "Install again" in page) == (False, False)
    assert ("sends Offerwell no webhooks. The daily audit" in page, "Last received" in page) == (True, False)
    assert StoreWebhooks.objects.count() == 0
    assert "pw" not in re.findall(r'value="([^"]*)"', page)
    page = text_of(signed_in.get(f"{URL}{store.pk}/credentials/"))
    assert ("Use an API key instead" in page, "shpat_" in page) == (True, False)
    answer = signed_in.post(f"{URL}{store.pk}/credentials/", {"static_token": "a-key"}, follow=True)
    assert ("The old ones are gone." in text_of(answer), Store.objects.get().static_token) == (True, "a-key")
    assert ("API key, kept encrypted" in text_of(answer), "Client secret of the app" in text_of(answer)) == (
        True,
        False,
    )
    answer = signed_in.post(f"{URL}{store.pk}/webhook-secret/", {"secret": "s"})
    assert (answer.status_code, StoreWebhooks.objects.count()) == (422, 0)
    answer = signed_in.post(f"{URL}{store.pk}/check/", follow=True)
    assert "Glow answered. The credentials work and carry every permission." in text_of(answer)
    Store.objects.update(scopes="ReadPromotion CreatePromotion")
    page = text_of(signed_in.get(f"{URL}{store.pk}/"))
    assert "A permission is missing." in page
    assert "The login lacks the permission UpdatePromotion. Add it to the role" in page
    shop.answer = replace(GLOW, scopes=frozenset({"ReadPromotion", "CreatePromotion"}))
    answer = signed_in.post(f"{URL}{store.pk}/check/")
    assert (answer.status_code, text_of(answer).count("The login lacks the permission UpdatePromotion.")) == (422, 1)


@pytest.mark.parametrize("way_in", ["grant", "install", ""])
def test_a_vendure_is_connected_whichever_hidden_card_of_access_is_checked(signed_in, acme, shop, way_in):
    shop.answer = replace(GLOW, scopes=frozenset({"ReadPromotion", "CreatePromotion", "UpdatePromotion"}))
    fields = {"label": "Bloom", "kind": "vendure", "address": "shop.example.com", "client_id": "ana", "way_in": way_in}
    answer = signed_in.post(f"{URL}connect/", fields | {"client_secret": "pw"})
    assert (answer.status_code, Store.objects.get().kind, PendingInstall.objects.count()) == (302, "vendure", 0)
    answer = signed_in.post(f"{URL}{Store.objects.get().pk}/install/")
    assert answer.status_code == 422
    assert "Nothing is installed in a Vendure store. Connect it by its credentials." in text_of(answer)
    assert PendingInstall.objects.count() == 0


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
    make.sign_in(client, make.user(acme, role="manager"))
    assert client.get(URL).status_code == 200
    page = text_of(client.get(f"{URL}{store.pk}/"))
    assert ("Glow" in page, "Switch off" in page, "Replace credentials" in page) == (True, False, False)
    posts = (("connect/", FILLED), (f"{store.pk}/switch/", {"on": "0"}), (f"{store.pk}/check/", {}),
             (f"{store.pk}/credentials/", CREDENTIALS))  # fmt: skip
    assert [client.post(URL + path, fields).status_code for path, fields in posts] == [403] * 4
    make.sign_in(client, make.user(rival))
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


def test_a_store_tells_how_long_codes_wait_and_what_it_still_takes(signed_in, acme):
    store = make.store(acme, "Glow", access_expires_at=timezone.now() + timedelta(minutes=50))
    now = timezone.now()
    StorePace.objects.create(
        workspace=acme, store=store, available=500.0, maximum=2000.0, restore_rate=100.0,
        measured_at=now.timestamp() - 3600,
    )  # fmt: skip
    offer = make.offer(acme, stores=[store])
    make.code(make.enrollment(offer), stores=[store])
    page = words(signed_in.get(f"{URL}{store.pk}/"))
    assert ("Codes waiting 0 Need" in page, "2,000 of 2,000 points free, 100 come back a second" in page) == (
        True,
        True,
    )
    assert re.search(r"Access token Good until .*, then renewed by itself", page)
    old, new = (
        make.code(make.enrollment(offer), stores=[store]), make.code(make.enrollment(offer), stores=[store], settled=False)
    )  # fmt: skip
    change = BulkChange.objects.create(
        workspace=acme, offer=offer, part="codes", to_active=False, at=now - timedelta(hours=3), actor_name="Ana",
        door="web", key="k", body_hash="", selection={}, selected=1, changed=1, already_so=0, excluded=0,
        members_changed=1, digest="",
    )  # fmt: skip
    type(new).objects.filter(pk=new.pk).update(created_at=now - timedelta(hours=1))
    rows = StoreCode.objects.filter(code=old)
    rows.update(generation=change.pk, due_at=now)
    assert "Codes waiting 2 the oldest asked 1h ago" in words(signed_in.get(f"{URL}{store.pk}/"))
    StoreCode.objects.filter(code=new).update(observed_generation=0, due_at=None)
    assert "Codes waiting 1 the oldest asked 3h ago" in words(signed_in.get(f"{URL}{store.pk}/"))
