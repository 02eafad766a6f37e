"""Settings › Stores, section Webhooks: how it stands and what to do; the secret; the file for a shopper who asked."""

from __future__ import annotations

import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_scopes import scope

from offerwell.actions.process_webhooks import process_webhooks
from offerwell.models import Event, Store, StoreWebhooks
from tests import make
from tests.actions.test_process_webhooks import SHOPPER, order, put
from tests.webhooks.deliveries import shopify_store


@pytest.fixture
def glow(acme, settings):
    settings.OFFERWELL_PUBLIC_URL = "https://offers.brand.com"
    return shopify_store(acme, base="https://offers.brand.com", checked_at=timezone.now(), topics=["discounts/update"])


@pytest.fixture
def signed_in(client, acme):
    make.sign_in(client, make.user(acme, role="owner"))
    return client


def section(client, store):
    page = client.get(f"/settings/stores/{store.pk}/").content.decode()
    found = re.search(r'<section[^>]*id="webhooks">.*?</section>', page, re.DOTALL)[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found)).strip()


def test_a_store_that_is_heard(signed_in, glow):
    put(glow, "discounts/update", {})
    said = section(signed_in, glow)
    assert "Webhooks Receiving The store tells Offerwell of changes within seconds. Last received just now" in said
    assert "discounts/update" in said
    assert "https://offers.brand.com/webhooks/shopify/" in said


def test_what_keeps_webhooks_away_is_said_with_the_next_step(signed_in, glow, settings):
    StoreWebhooks.objects.update(refused_at=timezone.now(), refused_why="signature")
    assert "the client secret kept here is not that of the app" in section(signed_in, glow)
    StoreWebhooks.objects.update(refused_at=None, refusals={"orders/create": "No access to orders."})
    assert "Partly" in (said := section(signed_in, glow))
    assert "Refused: orders/create No access to orders." in said
    StoreWebhooks.objects.update(problem="The store is away.")
    assert "could not be asked for webhooks: The store is away." in section(signed_in, glow)
    Store.objects.update(uninstalled_at=timezone.now(), trouble="Gone.")
    assert "The app is not installed in the shop" in section(signed_in, glow)
    Store.objects.update(uninstalled_at=None, trouble="")
    settings.OFFERWELL_PUBLIC_URL = "http://127.0.0.1:8000"
    assert "Shopify delivers webhooks only by https" in section(signed_in, glow)
    settings.OFFERWELL_PUBLIC_URL = ""
    assert "Off Offerwell does not know the address" in section(signed_in, glow)


def test_the_inbox_is_counted_by_what_became_of_it(signed_in, glow):
    put(glow, "orders/create", order(1))
    put(glow, "discounts/update", None, body=b"{")
    process_webhooks(store_id=glow.pk)
    put(glow, "discounts/update", {})
    said = section(signed_in, glow)
    assert "Waiting to be read 1 " in said
    assert "Could not be read 1." in said
    assert "Order webhooks kept 1, without names or addresses. Orders themselves are read from the store." in said


def test_a_store_by_token_is_given_the_apps_secret_which_never_comes_back(signed_in, glow):
    Store.objects.update(static_token="shpat_1", client_id="", client_secret="")
    assert "cannot be verified" in section(signed_in, glow)
    where = f"/settings/stores/{glow.pk}/webhook-secret/"
    answer = signed_in.post(where, {"secret": ""})
    assert (answer.status_code, "Enter the client secret of your app." in answer.content.decode()) == (422, True)
    assert (StoreWebhooks.objects.get().secret, Event.objects.count()) == ("", 0)
    assert signed_in.post(where, {"secret": "shpss_secret"}).status_code == 302
    assert StoreWebhooks.objects.get().secret == "shpss_secret"
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret, previous_secret FROM offerwell_storewebhooks")
        assert "shpss_secret" not in "".join(cursor.fetchone())
    assert "shpss_secret" not in signed_in.get(f"/settings/stores/{glow.pk}/").content.decode()
    assert signed_in.get(where).status_code == 405


def test_a_shoppers_request_is_answered_with_a_file(signed_in, glow):
    put(glow, "orders/create", order(450))
    put(glow, "customers/data_request", {"customer": SHOPPER, "orders_requested": [450], "data_request": {"id": 5}})
    process_webhooks(store_id=glow.pk)
    page = signed_in.get(f"/settings/stores/{glow.pk}/").content.decode()
    link = re.search(r'href="(/settings/stores/\d+/shoppers/\d+\.json)"', page)[1]
    answer = signed_in.get(link)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert answer["Content-Disposition"].startswith("attachment;")
    assert [one["body"]["id"] for one in json.loads(answer.content)["held"]] == [450]
    assert signed_in.get(f"/settings/stores/{glow.pk}/shoppers/999999.json").status_code == 404


def test_who_may_not_edit_settings_changes_and_downloads_nothing(client, acme, rival, glow):
    put(glow, "customers/data_request", {"customer": SHOPPER, "orders_requested": [], "data_request": {"id": 5}})
    process_webhooks(store_id=glow.pk)
    Store.objects.update(static_token="shpat_1")
    secret = f"/settings/stores/{glow.pk}/webhook-secret/"
    file = client_file(client, acme, glow)
    for place, role, status in ((acme, "manager", 403), (rival, "owner", 404)):
        make.sign_in(client, make.user(place, role=role))
        assert client.post(secret, {"secret": "shpss_evil"}).status_code == status
        assert client.get(file).status_code == status
    with scope(workspace=acme):
        assert (StoreWebhooks.objects.get().secret, Event.objects.filter(kind="webhook_secret_replaced").count()) == (
            "",
            0,
        )
    make.sign_in(client, make.user(acme, role="manager"))
    page = client.get(f"/settings/stores/{glow.pk}/").content.decode()
    assert ("Save secret" in page, ".json" in page, "webhooks/shopify" in page) == (False, False, False)


def client_file(client, acme, glow):
    make.sign_in(client, make.user(acme, role="owner"))
    return re.search(r'href="([^"]+\.json)"', client.get(f"/settings/stores/{glow.pk}/").content.decode())[1]


def test_the_number_of_queries_does_not_grow_with_the_inbox(signed_in, glow):
    counts = []
    for _size in range(2):
        for number in range(5):
            put(glow, "orders/create", order(number))
            put(glow, "customers/data_request", {"customer": SHOPPER, "orders_requested": [1], "data_request": {}})
        process_webhooks(store_id=glow.pk)
        with CaptureQueriesContext(connection) as queries:
            section(signed_in, glow)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 25
