"""Webhooks: signed, delivered to loopback, lost, doubled and reordered on request."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.in_process import InProcess, sandbox
from tests.sandbox.test_faults import arm
from tests.sandbox.test_window_rules import create

if TYPE_CHECKING:
    from collections.abc import Iterator

HOOK = (
    "mutation Hook($topic: WebhookSubscriptionTopic!, $uri: String!) { webhookSubscriptionCreate(topic: $topic, "
    "webhookSubscription: {uri: $uri, format: JSON}) { webhookSubscription { id topic uri } userErrors { field message } } }"
)
Delivery = tuple[dict[str, str], bytes]


class Receiver:
    """A small server that keeps what it is sent."""

    def __init__(self) -> None:
        self.got: list[Delivery] = []
        self.answers: list[int] = []
        outer = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(outer.answers.pop(0) if outer.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_words: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.uri = f"http://127.0.0.1:{self.server.server_port}/hooks"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, here: InProcess, count: int, seconds: float = 5.0) -> list[Delivery]:
        """Wait for so many deliveries, and a moment more for any beyond."""
        end = time.monotonic() + seconds
        while len(self.got) < count and time.monotonic() < end:
            here.rest(0.02)
        here.rest(0.1)
        return self.got


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    started = Receiver()
    yield started
    started.server.shutdown()
    started.server.server_close()


def subscribe(here: InProcess, uri: str, *topics: str) -> None:
    """Subscribe to topics."""
    for topic in topics:
        assert here.ask(HOOK, topic=topic, uri=uri)["data"]["webhookSubscriptionCreate"]["userErrors"] == []


def test_signed_delivery(receiver: Receiver) -> None:
    with sandbox() as here:
        subscribe(here, receiver.uri, "DISCOUNTS_CREATE", "DISCOUNTS_UPDATE", "DISCOUNTS_DELETE")
        gid = create(here)
        receiver.wait(here, 1)
        here.ask("mutation D($id: ID!) { discountCodeDeactivate(id: $id) { userErrors { message } } }", id=gid)
        receiver.wait(here, 2)
        here.ask("mutation D($id: ID!) { discountCodeDelete(id: $id) { userErrors { message } } }", id=gid)
        got = receiver.wait(here, 3)
        assert [headers["x-shopify-topic"] for headers, _body in got] == [
            "discounts/create",
            "discounts/update",
            "discounts/delete",
        ]
        for headers, body in got:
            digest = hmac.new(here.store.credentials.client_secret.encode(), body, hashlib.sha256).digest()
            assert headers["x-shopify-hmac-sha256"] == base64.b64encode(digest).decode()
            assert headers["x-shopify-shop-domain"] == "offerwell-sandbox.myshopify.com"
            assert json.loads(body)["admin_graphql_api_id"] == gid
        assert json.loads(got[1][1])["status"] == "EXPIRED"
        assert len({headers["x-shopify-event-id"] for headers, _body in got}) == 3


def test_no_change_is_no_delivery(receiver: Receiver) -> None:
    with sandbox() as here:
        gid = create(here)
        subscribe(here, receiver.uri, "DISCOUNTS_UPDATE")
        here.ask("mutation A($id: ID!) { discountCodeActivate(id: $id) { userErrors { message } } }", id=gid)
        assert receiver.wait(here, 1, 0.3) == []


def test_lost_doubled_and_reordered(receiver: Receiver) -> None:
    with sandbox() as here:
        subscribe(here, receiver.uri, "DISCOUNTS_CREATE")
        arm(here, kind="webhook_lost", count=1)
        create(here, "LOST")
        arm(here, kind="webhook_duplicate", count=1)
        create(here, "DOUBLED")
        got = receiver.wait(here, 2)
        assert len(got) == 2
        assert got[0] == got[1]
        arm(here, kind="webhook_reordered", count=1)
        first = create(here, "FIRST")
        assert len(receiver.wait(here, 3, 0.2)) == 2
        second = create(here, "SECOND")
        ids = [json.loads(body)["admin_graphql_api_id"] for _headers, body in receiver.wait(here, 4)[2:]]
        assert sorted(ids) == sorted([first, second])


def test_refused_delivery_comes_again_with_the_same_bytes(receiver: Receiver) -> None:
    with sandbox() as here:
        receiver.answers = [500]
        subscribe(here, receiver.uri, "DISCOUNTS_CREATE")
        create(here)
        got = receiver.wait(here, 2)
        assert len(got) == 2
        assert got[0] == got[1]


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("", "Address can't be blank"),
        ("http://example.com/hook", "Address protocol http:// is not supported"),
        ("https://glow.myshopify.com/hook", "Address cannot be a Shopify or an internal domain"),
    ],
)
def test_bad_address_is_refused(uri: str, message: str) -> None:
    with sandbox() as here:
        errors = here.ask(HOOK, topic="DISCOUNTS_UPDATE", uri=uri)["data"]["webhookSubscriptionCreate"]["userErrors"]
        assert errors == [{"field": ["webhookSubscription", "callbackUrl"], "message": message}]
        assert here.ask("{ webhookSubscriptionsCount { count } }")["data"] == {
            "webhookSubscriptionsCount": {"count": 0}
        }
