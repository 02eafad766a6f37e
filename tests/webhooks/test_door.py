"""The door for webhooks: only what the store's secret signed comes in, once, as it came; everything else changes nothing."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_scopes import scopes_disabled
from shopify_app import ShopifyApp

from offerwell.actions import take_in_webhook as taking
from offerwell.integrations.shopify.webhook_delivery import Delivery, is_signed
from offerwell.models import Store, StoreWebhooks, Webhook, insert_once
from offerwell.models.encrypted_text import UnreadableSecret
from offerwell.webhooks.first import webhooks_first
from offerwell.webhooks.views import LARGEST_BODY
from tests import make
from tests.webhooks.deliveries import SECRET, SHOP, address, post, shopify_store, signed

JUST_PAGES = [b"a page"]
GID = "gid://shopify/DiscountCodeNode/7"


@pytest.fixture(autouse=True)
def _fresh_throttle():
    taking._woken.clear()


@pytest.fixture
def glow(acme):
    return shopify_store(acme)


def stored():
    with scopes_disabled():
        return list(Webhook.objects.order_by("pk"))


def test_a_signed_webhook_is_stored_as_it_came_then_acknowledged(
    client, acme, glow, django_capture_on_commit_callbacks
):
    body = b'{"admin_graphql_api_id": "gid://shopify/DiscountCodeNode/7",  "title": "Caf\xc3\xa9"}'
    with django_capture_on_commit_callbacks(execute=True):
        answer = post(client, address(glow), body=body, event="event-a")
    assert (answer.status_code, answer.content) == (200, b"")
    [row] = stored()
    assert (bytes(row.body), row.topic, row.event_id, row.store_id, row.workspace_id, row.state) == (
        body, "discounts/update", "event-a", glow.pk, acme.pk, "waiting",
    )  # fmt: skip
    assert (row.triggered_at, row.due_at == row.received_at) == ("2026-11-23T09:00:00Z", True)
    assert make.wake_ups == [("process_webhooks", glow.pk)]


def test_both_generations_of_headers_are_read(client, acme, glow):
    assert post(client, address(glow), prefix="Shopify-", event="event-b").status_code == 200
    assert [(row.topic, row.event_id) for row in stored()] == [("discounts/update", "event-b")]


def test_the_same_again_answers_200_and_changes_nothing(client, acme, glow):
    for _copy in range(3):
        assert post(client, address(glow), payload={"a": 1}, event="same").status_code == 200
    assert len(stored()) == 1


def test_one_event_of_a_merchant_may_be_many_webhooks(client, acme, glow):
    """A bulk edit in the admin is one event about many discounts: dropping by the event's id alone would lose them."""
    for number in range(3):
        post(client, address(glow), payload={"admin_graphql_api_id": f"{GID}{number}"}, event="one-edit")
    post(client, address(glow), "discounts/delete", {"admin_graphql_api_id": f"{GID}0"}, event="one-edit")
    assert len(stored()) == 4


@pytest.mark.parametrize(
    "forged",
    [
        {"hmac": signed(b"{}", "another-secret")},
        {"hmac": signed(b"something else")},
        {"hmac": ""},
        {"hmac": None},
        {"hmac": "ü" * 44},
        {"hmac": signed(b"{}").rstrip("=")},
        {"hmac": signed(b"{}") + "A"},
        {"shop": "rival.myshopify.com"},
        {"shop": ""},
        {"shop": None},
        {"shop": f"{SHOP}.evil.example"},
    ],
    ids=str,
)
def test_what_the_shop_did_not_sign_is_refused_without_telling_why(client, acme, glow, forged):
    answer = post(client, address(glow), body=b"{}", **forged)
    assert (answer.status_code, answer.content) == (401, b"The signature, the shop or the address is wrong.\n")
    assert (stored(), make.wake_ups) == ([], [])


def test_strangers_get_the_answer_of_forgers(client, acme, glow):
    for where in ("/webhooks/shopify/no-such-key/", "/webhooks/shopify/"):
        answer = post(client, where, body=b"{}", shop="unknown.myshopify.com")
        assert (answer.status_code, answer.content) == (401, b"The signature, the shop or the address is wrong.\n")
    assert stored() == []


def test_a_shop_cannot_write_to_the_store_of_a_rival(client, acme, rival, glow):
    """Rival's own app signs well, for its own shop; Glow's address and Glow's name are of no use to it."""
    other = shopify_store(rival, shop="rival.myshopify.com", secret="rivals-secret")
    for where, shop in ((address(glow), SHOP), (address(glow), "rival.myshopify.com"), ("/webhooks/shopify/", SHOP)):
        assert post(client, where, secret="rivals-secret", shop=shop).status_code == 401
    assert stored() == []
    assert post(client, address(other), secret="rivals-secret", shop="rival.myshopify.com").status_code == 200
    assert [row.workspace_id for row in stored()] == [rival.pk]


def test_two_brands_with_the_same_shop_each_hear_by_their_own_secret(client, acme, rival, glow):
    """The address of an app's configuration: the shop's name finds the stores, and each must have signed."""
    other_app = shopify_store(rival, secret="other-app")
    assert post(client, "/webhooks/shopify/", "customers/redact").status_code == 200
    assert [row.store_id for row in stored()] == [glow.pk]
    assert post(client, "/webhooks/shopify/", "customers/redact", secret="other-app").status_code == 200
    assert [row.store_id for row in stored()] == [glow.pk, other_app.pk]
    same_app = shopify_store(make.workspace("Third"))
    assert post(client, "/webhooks/shopify/", "customers/redact").status_code == 200
    assert [row.store_id for row in stored()] == [glow.pk, other_app.pk, glow.pk, same_app.pk]


def test_the_old_secret_is_good_until_its_time(client, acme, glow):
    now = timezone.now()
    StoreWebhooks.objects.update(previous_secret="old", previous_secret_until=now + timedelta(hours=1))
    assert post(client, address(glow), secret="old").status_code == 200
    assert post(client, address(glow)).status_code == 200
    StoreWebhooks.objects.update(previous_secret_until=now - timedelta(seconds=1))
    assert post(client, address(glow), secret="old").status_code == 401
    assert len(stored()) == 2


def test_a_replaced_secret_counts_at_the_next_delivery(client, acme, glow):
    """What a ciphertext says is remembered; which one a store has is asked each time."""
    where = address(glow)
    assert (post(client, where).status_code, len(stored())) == (200, 1)
    changed = Store.objects.get(pk=glow.pk)
    changed.client_secret = "the-new-one"
    changed.save()
    assert (post(client, where).status_code, len(stored())) == (401, 1)
    assert (post(client, where, secret="the-new-one").status_code, len(stored())) == (200, 2)


def test_a_store_that_is_disconnected_takes_nothing_from_then_on(client, acme, glow):
    where = address(glow)
    assert (post(client, where).status_code, len(stored())) == (200, 1)
    StoreWebhooks.objects.all().delete()
    for at in (where, "/webhooks/shopify/"):
        assert (post(client, at).status_code, len(stored())) == (401, 1)


def test_a_store_without_a_secret_takes_nothing_and_says_so(client, acme, glow):
    Store.objects.filter(pk=glow.pk).update(client_secret="", client_id="", static_token="shpat_1")
    assert post(client, address(glow), secret="").status_code == 401
    assert (stored(), StoreWebhooks.objects.get().refused_why) == ([], "no_secret")
    StoreWebhooks.objects.update(secret="the-apps-own")
    assert post(client, address(glow), secret="the-apps-own").status_code == 200


def test_a_wrong_signature_at_the_right_address_is_noted_for_a_person_and_not_for_every_copy(client, acme, glow):
    where = address(glow)
    post(client, where, secret="wrong")
    first = StoreWebhooks.objects.get()
    assert (first.refused_why, first.refused_at is not None) == ("signature", True)
    with CaptureQueriesContext(connection) as queries:
        post(client, where, secret="wrong")
    assert (StoreWebhooks.objects.get().refused_at, len(queries)) == (first.refused_at, 2)
    StoreWebhooks.objects.update(refused_at=None)
    post(client, address(glow), shop="rival.myshopify.com")
    assert StoreWebhooks.objects.get().refused_why == "shop"


def test_truncated_json_with_a_right_signature_is_stored(client, acme, glow):
    assert post(client, address(glow), body=b'{"admin_graphql_api_id": "gid://sho').status_code == 200
    assert post(client, address(glow), body=b"\xff\xfe\x00not json").status_code == 200
    assert [bytes(row.body)[:2] for row in stored()] == [b'{"', b"\xff\xfe"]


def test_a_huge_body_is_refused_by_its_length_alone(client, acme, glow):
    class Unread:
        def read(self, *_size):
            raise AssertionError("the body was read")

        readline = read

    answer = client.generic(
        "POST", address(glow), b"", content_type="application/json", CONTENT_LENGTH=str(10 * 1024 * 1024),
        **{"wsgi.input": Unread()},
    )  # fmt: skip
    assert (answer.status_code, stored()) == (413, [])
    body = b'{"a": "' + b"x" * (LARGEST_BODY - 9) + b'"}'
    assert (len(body), post(client, address(glow), body=body).status_code) == (LARGEST_BODY, 200)


def test_a_body_without_a_length_or_cut_short_is_refused(client, acme, glow):
    for length, status in (("", 411), ("-1", 411), ("²", 411), ("5000", 400)):
        sent = {"CONTENT_LENGTH": length, "wsgi.input": io.BytesIO(b"{}")}
        assert client.generic("POST", address(glow), b"", **sent).status_code == status
    assert stored() == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_only_post_is_answered(client, acme, glow, method):
    answer = client.generic(method, address(glow))
    assert (answer.status_code, answer["Allow"], stored()) == (405, "POST", [])


def test_a_database_that_does_not_take_it_is_told_as_503_so_that_it_comes_again(client, acme, glow, monkeypatch):
    def full(*_args, **_named):
        raise DatabaseError("disk full")

    monkeypatch.setattr(insert_once, "insert_new", full)
    assert (post(client, address(glow)).status_code, make.wake_ups) == (503, [])


def test_it_costs_two_statements_and_touches_no_session(client, acme, glow):
    where = address(glow)
    make.user(acme)
    with CaptureQueriesContext(connection) as queries:
        answer = post(client, where)
    assert (answer.status_code, len(queries), answer.cookies) == (200, 2, {})


def test_waiting_deliveries_share_the_look_up_and_the_insert_and_are_judged_each_by_itself(client, acme, rival, glow):
    """Three stores, a stranger and a forger in one batch; a secret that cannot be opened hurts nobody else."""
    other = shopify_store(rival, shop="rival.myshopify.com", secret="rivals-secret")
    lost = shopify_store(make.workspace("Third"), shop="third.myshopify.com")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE offerwell_store SET client_secret = 'not ours' WHERE id = %s", [lost.pk])
    now = timezone.now()

    def call(where, secret, shop, event="e"):
        headers = Delivery(shop, "orders/updated", event, "", signed(b"{}", secret))
        return taking._Call(where.split("/")[3], headers, b"{}", now)

    calls = [
        call(address(glow), SECRET, SHOP), call(address(other), "rivals-secret", "rival.myshopify.com"),
        call(address(glow), "forged", SHOP), call("/webhooks/shopify/nobody/", SECRET, SHOP),
        call(address(lost), SECRET, "third.myshopify.com"), call(address(glow), SECRET, SHOP),
        call("/webhooks/shopify//", SECRET, SHOP, "other"),
    ]  # fmt: skip
    with CaptureQueriesContext(connection) as queries:
        told = taking._take_in(calls)
    assert [type(one) if isinstance(one, Exception) else one.new_at for one in told] == [
        [glow.pk], [other.pk], [], [], UnreadableSecret, [], [glow.pk],
    ]  # fmt: skip
    assert [(row.store_id, row.event_id) for row in stored()] == [(glow.pk, "e"), (other.pk, "e"), (glow.pk, "other")]
    assert len(queries) == 3  # stores by key, stores of a shop, the rows


@pytest.mark.parametrize(
    ("path", "is_ours"),
    [
        ("/webhooks/shopify/", True), ("/webhooks/shopify/nobody/", True), ("/webhooks/shopify/nobody", False),
        ("/webhooks/shopify//", False), ("/webhooks/shopify/a/b/", False), ("/webhooks/shopify", False),
        ("/webhooks/mail/brevo/", False), ("/", False), ("/x/webhooks/shopify/nobody/", False),
    ],
)  # fmt: skip
def test_only_addresses_of_stores_are_answered_before_django(acme, path, is_ours):
    said = []
    answer = webhooks_first(lambda _environ, _start: JUST_PAGES)
    environ = {"PATH_INFO": path, "REQUEST_METHOD": "POST", "CONTENT_LENGTH": "2", "wsgi.input": io.BytesIO(b"{}")}
    body = answer(environ, lambda status, headers: said.append((status, headers)))
    if is_ours:
        text = b"The signature, the shop or the address is wrong.\n"
        length = ("Content-Length", str(len(text)))
        assert (body, said) == ([text], [("401 Unauthorized", [("Content-Type", "text/plain"), length])])
    assert (body is JUST_PAGES, stored()) == (not is_ours, [])


def test_a_signed_webhook_is_stored_before_django_too(acme, glow):
    said = []
    environ = {
        "PATH_INFO": address(glow), "REQUEST_METHOD": "POST", "CONTENT_LENGTH": "2", "wsgi.input": io.BytesIO(b"{}"),
        "HTTP_X_SHOPIFY_TOPIC": "orders/updated", "HTTP_X_SHOPIFY_SHOP_DOMAIN": SHOP,
        "HTTP_X_SHOPIFY_HMAC_SHA256": signed(b"{}"), "HTTP_X_SHOPIFY_EVENT_ID": "e",
    }  # fmt: skip
    assert webhooks_first(None)(environ, lambda status, _headers: said.append(status)) == [b""]
    assert (said, [(row.topic, row.event_id) for row in stored()]) == (["200 OK"], [("orders/updated", "e")])


LONG = json.dumps({"a": "x" * taking.LONGEST_PROVEN_IN_LINE}).encode()


def test_a_long_body_is_proven_before_the_line_and_stored_as_any_other(client, acme, rival, glow):
    theirs = shopify_store(rival, secret="their-own-secret")
    for _copy in range(2):
        assert post(client, address(glow), body=LONG, event="long").status_code == 200
    assert post(client, "/webhooks/shopify/", body=LONG, secret="their-own-secret").status_code == 200
    assert [(row.store_id, bytes(row.body)) for row in stored()] == [(glow.pk, LONG), (theirs.pk, LONG)]


@pytest.mark.parametrize("changed", [{"secret": "forged"}, {"shop": "other.myshopify.com"}])
def test_a_strangers_long_body_does_not_stand_in_line(client, acme, glow, monkeypatch, changed):
    monkeypatch.setattr(taking, "_inbox", None)
    where = [address(glow), "/webhooks/shopify/", "/webhooks/shopify/nobodys-key/"]
    assert [post(client, one, body=LONG, **changed).status_code for one in where] == [401] * 3
    assert stored() == []
    assert StoreWebhooks.objects.get().refused_why == ("signature" if "secret" in changed else "shop")


def test_a_secret_that_cannot_be_read_is_told_as_503_for_a_long_body_too(client, acme, glow, monkeypatch):
    monkeypatch.setattr(taking, "remembered_text", lambda _kept: (_ for _ in ()).throw(UnreadableSecret("no key")))
    assert (post(client, address(glow), body=LONG).status_code, stored()) == (503, [])


def test_a_burst_wakes_the_worker_once(client, acme, glow, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        for _one in range(5):
            post(client, address(glow))
    assert (len(stored()), make.wake_ups) == (5, [("process_webhooks", glow.pk)])


def test_odd_headers_do_no_harm(client, acme, glow):
    answer = post(client, address(glow), topic="x" * 500, event="e" * 500, body=b"[]")
    assert answer.status_code == 200
    [row] = stored()
    assert (row.topic, row.event_id) == ("x" * 80, "e" * 100)
    assert post(client, address(glow), topic=None, event=None).status_code == 200


@pytest.mark.parametrize("prefix", ["X-Shopify-", "Shopify-"])
@pytest.mark.parametrize("secret", [SECRET, "another"])
def test_we_accept_what_shopifys_own_package_accepts(client, acme, glow, prefix, secret):
    body = json.dumps({"id": 1, "title": "Café"})
    headers = {f"{prefix}Hmac-Sha256": signed(body.encode(), secret), f"{prefix}Shop-Domain": SHOP}
    asked = {"method": "POST", "headers": headers, "url": "https://offers.example.com/", "body": body}
    theirs = ShopifyApp(client_id="id", client_secret=SECRET).verify_webhook_req(asked)
    ours = post(client, address(glow), body=body.encode(), secret=secret, prefix=prefix)
    assert (theirs.ok, ours.status_code == 200) == (secret == SECRET, secret == SECRET)


def test_no_secret_no_proof():
    body = b"{}"
    assert is_signed(body, signed(body), ["", "no", SECRET])
    assert not is_signed(body, signed(body), ["no"])
    assert not is_signed(body, signed(body), [])
