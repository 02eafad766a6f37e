"""What the client makes of every kind of answer: nothing lost, nothing doubled, a plain sentence each time."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

import httpx
import pytest

from offerwell.integrations.graphql.retry import ATTEMPTS
from offerwell.integrations.graphql.wire import LARGEST_ANSWER_BYTES, LONGEST_ANSWER_SECONDS
from offerwell.integrations.shopify.client import PATIENCE_SECONDS
from offerwell.integrations.shopify.pacing import BucketState, MemoryBucket
from offerwell.integrations.store import AccessRefused, BatchRefused, FateUnknown, StoreError
from tests.shopify.fakes import (
    FakeTime,
    ScriptedStore,
    connector_to,
    cost,
    error_answer,
    gid,
    good,
    job_answer,
    throttled,
)
from tests.shopify.test_connector import spec

EMPTY_READ = good({"nodes": [None]})
PAGE = httpx.Response(200, html="<!DOCTYPE html><title>Store</title>")
HALF = httpx.Response(200, content=b'{"data": {"nodes": [nu')
NULL = httpx.Response(200, json={"data": None})
LIST = httpx.Response(200, json=[])
EMPTY = httpx.Response(200, content=b"")
BAD_GZIP = httpx.Response(200, content=gzip.compress(b"{}"), headers={"Content-Encoding": "identity"})
NO_CONTENT = httpx.Response(204)


def broken_gzip(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip"))


DOUBTFUL = {
    "page": PAGE,
    "half": HALF,
    "null": NULL,
    "list": LIST,
    "empty": EMPTY,
    "not json": BAD_GZIP,
    "damaged": broken_gzip,
    "204": NO_CONTENT,
    "500": httpx.Response(500),
    "502 page": httpx.Response(502, html="<html>"),
    "503": httpx.Response(503),
    "408": httpx.Response(408),
    "read timeout": httpx.ReadTimeout("x"),
    "write timeout": httpx.WriteTimeout("x"),
    "reset": httpx.ReadError("x"),
    "hung up": httpx.RemoteProtocolError("x"),
    "internal error": error_answer("INTERNAL_SERVER_ERROR", data=None),
    "internal error, no data": error_answer("INTERNAL_SERVER_ERROR"),
    "half an answer": error_answer("WHATEVER", data={"nodes": None}),
    "errors as text": httpx.Response(200, json={"errors": "oops", "data": {}}),
    "another shape": good({"something": 1}),
}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_write_in_doubt_is_sent_once_and_its_fate_is_unknown(name: str) -> None:
    store, time = ScriptedStore([DOUBTFUL[name]]), FakeTime()
    with pytest.raises(FateUnknown, match=r"Offerwell reads (it|the codes) back") as caught:
        connector_to(store, time).switch([gid(1)], active=False)
    assert len(store.requests) == 1
    assert caught.value.permanent is False


@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_create_in_doubt_is_sent_once_too(name: str) -> None:
    store, time = ScriptedStore([DOUBTFUL[name]]), FakeTime()
    with pytest.raises(FateUnknown):
        connector_to(store, time).create([spec("ANNA")])
    assert len(store.requests) == 1


@pytest.mark.parametrize("name", [name for name in DOUBTFUL if name != "another shape"])
def test_a_read_is_tried_again_until_it_works(name: str) -> None:
    store, time = ScriptedStore([DOUBTFUL[name], DOUBTFUL[name], EMPTY_READ]), FakeTime()
    assert connector_to(store, time).read([gid(1)]) == {gid(1): None}
    assert len(store.requests) == 3
    assert 0.75 <= sum(time.slept) <= 1.5


@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_read_that_never_works_is_a_passing_error(name: str) -> None:
    store, time = ScriptedStore([DOUBTFUL[name]]), FakeTime()
    with pytest.raises(StoreError, match=r"Offerwell tries again by itself\.$") as caught:
        connector_to(store, time).read([gid(1)])
    assert type(caught.value) is StoreError
    assert caught.value.permanent is False
    assert len(store.requests) == (1 if name == "another shape" else ATTEMPTS)


@pytest.mark.parametrize("error", [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x")])
def test_without_a_connection_a_write_is_certain_not_to_have_happened(error: Exception) -> None:
    store, time = ScriptedStore([error, error, job_answer()]), FakeTime()
    assert connector_to(store, time).switch([gid(1)], active=False) == "gid://shopify/Job/1"
    down = ScriptedStore([error])
    with pytest.raises(StoreError, match="could not be reached") as caught:
        connector_to(down, FakeTime()).switch([gid(1)], active=False)
    assert type(caught.value) is StoreError
    assert len(down.requests) == ATTEMPTS


def test_an_answer_of_any_size_is_not_swallowed() -> None:
    huge = httpx.Response(200, content=b" " * (LARGEST_ANSWER_BYTES + 1))
    store = ScriptedStore([huge])
    with pytest.raises(FateUnknown, match="larger than 20 MB"):
        connector_to(store, FakeTime()).switch([gid(1)], active=False)


def test_an_answer_that_drips_for_ever_is_given_up() -> None:
    time, sent = FakeTime(), []

    def drip(_: httpx.Request) -> httpx.Response:
        def drops():
            while True:
                time.now += 20
                sent.append(1)
                yield b" "

        return httpx.Response(200, content=drops())

    with pytest.raises(FateUnknown, match="not complete after 120 seconds"):
        connector_to(ScriptedStore([drip]), time).switch([gid(1)], active=False)
    assert len(sent) == LONGEST_ANSWER_SECONDS / 20 + 1


# Throttling: never a failure, for a write either, because nothing was done.


def test_a_throttled_write_waits_for_its_points_and_is_sent_again() -> None:
    store, time = ScriptedStore([throttled(10, 0.0), job_answer()]), FakeTime()
    assert connector_to(store, time).switch([gid(1)], active=False) == "gid://shopify/Job/1"
    assert len(store.requests) == 2
    assert sum(time.slept) == pytest.approx(10 / 100 + 1)


def test_the_price_the_store_names_is_the_one_that_is_waited_for() -> None:
    bucket = MemoryBucket()
    store, time = ScriptedStore([throttled(700, 100.0), job_answer()]), FakeTime()
    connector_to(store, time, bucket=bucket).switch([gid(1)], active=False)
    assert sum(time.slept) == pytest.approx((700 - 100) / 100 + 1)


def test_http_429_waits_as_long_as_it_says() -> None:
    busy = httpx.Response(429, headers={"Retry-After": "2.5"})
    store, time = ScriptedStore([busy, busy, job_answer()]), FakeTime()
    assert connector_to(store, time).switch([gid(1)], active=False) == "gid://shopify/Job/1"
    assert time.slept == [2.5, 2.5]


def test_retry_after_may_be_a_date() -> None:
    date = datetime.fromtimestamp(FakeTime().now + 7, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    store, time = (
        ScriptedStore([httpx.Response(429, headers={"Retry-After": date}), job_answer()]),
        FakeTime(),
    )
    connector_to(store, time).switch([gid(1)], active=False)
    assert time.slept == [7.0]


@pytest.mark.parametrize("text", ["soon", "nan", "-3", ""])
def test_an_unreadable_retry_after_is_a_short_pause(text: str) -> None:
    store, time = (
        ScriptedStore([httpx.Response(429, headers={"Retry-After": text}), job_answer()]),
        FakeTime(),
    )
    connector_to(store, time).switch([gid(1)], active=False)
    assert len(time.slept) == 1
    assert 0.25 <= time.slept[0] <= 0.5


@pytest.mark.parametrize("busy", [throttled(10, 5000.0), httpx.Response(429), error_answer("THROTTLED")])
def test_a_store_that_is_busy_for_ever_is_left_for_later(busy: httpx.Response) -> None:
    store, time = ScriptedStore([busy]), FakeTime()
    with pytest.raises(
        StoreError, match=r"has been busy for \d+ seconds\. Offerwell tries again by itself\."
    ) as caught:
        connector_to(store, time).switch([gid(1)], active=False)
    assert type(caught.value) is StoreError
    assert (caught.value.permanent, caught.value.retry_after) == (False, 60.0)
    assert PATIENCE_SECONDS - 30 < sum(time.slept) <= PATIENCE_SECONDS
    assert len(store.requests) < 30


def test_pacing_waits_before_sending_and_believes_the_store() -> None:
    time = FakeTime()
    bucket = MemoryBucket(BucketState(available=4.0, at=time.now))
    store = ScriptedStore([good({"nodes": [None]}, cost(6, 500, 1000, 50))])
    connector_to(store, time, bucket=bucket).read([gid(1)])
    assert time.slept == [pytest.approx((6 - 4) / 100 + 1)]
    time.now += 5
    assert bucket.reserve(1000, time.now) == pytest.approx((1000 - 100 - 250) / 50)


# Access.


@pytest.mark.parametrize("status", [401, 403])
def test_a_revoked_token_is_renewed_once_and_the_request_goes_on(status: int) -> None:
    store, time = (
        ScriptedStore([httpx.Response(status, json={"errors": "Invalid API key"}), job_answer()]),
        FakeTime(),
    )
    assert connector_to(store, time).switch([gid(1)], active=False) == "gid://shopify/Job/1"
    assert store.tokens_sent() == ["token-1", "token-2"]


def test_access_refused_twice_stops() -> None:
    store, time = ScriptedStore([httpx.Response(401)]), FakeTime()
    with pytest.raises(AccessRefused, match=r"HTTP 401.*Settings › Stores") as caught:
        connector_to(store, time).switch([gid(1)], active=False)
    assert caught.value.permanent is True
    assert store.tokens_sent() == ["token-1", "token-2"]


def test_a_static_token_is_not_renewed() -> None:
    store, time = ScriptedStore([httpx.Response(401)]), FakeTime()
    with pytest.raises(AccessRefused):
        connector_to(store, time, token="shpat_1").read([gid(1)])
    assert store.tokens_sent() == ["shpat_1"]
    assert store.grants == []


def test_a_missing_scope_is_named_with_the_next_step() -> None:
    answer = error_answer("ACCESS_DENIED", "Access denied. Required access: `write_discounts` access scope.", data=None)
    store = ScriptedStore([answer])
    with pytest.raises(
        AccessRefused,
        match=r"^The app lacks the scope write_discounts\. Add it .* Test connection under Settings › Stores\.$",
    ) as caught:
        connector_to(store, FakeTime()).switch([gid(1)], active=False)
    assert caught.value.permanent is True
    assert len(store.requests) == 1


# Refusals that are certain.


def test_a_batch_the_store_refuses_whole_can_be_split() -> None:
    words = "The input array size of 251 is greater than the maximum allowed of 250."
    store = ScriptedStore([error_answer("MAX_INPUT_SIZE_EXCEEDED", words)])
    with pytest.raises(BatchRefused, match=words):
        connector_to(store, FakeTime()).switch([gid(1)], active=False)
    assert len(store.requests) == 1


def test_a_request_the_store_does_not_understand_was_not_carried_out() -> None:
    store = ScriptedStore([error_answer("undefinedField", "Field 'x' doesn't exist on type 'Job'")])
    with pytest.raises(StoreError, match="Field 'x' doesn't exist on type 'Job'") as caught:
        connector_to(store, FakeTime()).switch([gid(1)], active=False)
    assert type(caught.value) is StoreError
    assert caught.value.permanent is True


@pytest.mark.parametrize(
    ("answer", "kind", "permanent", "retry_after", "words"),
    [
        (httpx.Response(402), AccessRefused, True, None, "frozen by Shopify"),
        (httpx.Response(404, html="<html>"), AccessRefused, True, None, "No store answers at this address"),
        (httpx.Response(423), StoreError, False, 600.0, "locked by Shopify"),
        (httpx.Response(430), StoreError, False, 120.0, "security risk"),
        (httpx.Response(430, headers={"Retry-After": "40"}), StoreError, False, 40.0, "security risk"),
        (
            httpx.Response(301, headers={"Location": "https://evil.com/"}),
            StoreError,
            True,
            None,
            "another address",
        ),
        (httpx.Response(400, json={"errors": {"query": "x"}}), StoreError, True, None, "HTTP 400"),
    ],
)
def test_statuses_before_any_work(
    answer: httpx.Response, kind: type[StoreError], permanent: bool, retry_after: float | None, words: str
) -> None:
    store = ScriptedStore([answer])
    with pytest.raises(StoreError, match=words) as caught:
        connector_to(store, FakeTime()).switch([gid(1)], active=False)
    assert type(caught.value) is kind
    assert (caught.value.permanent, caught.value.retry_after) == (permanent, retry_after)
    assert len(store.requests) == 1


def test_the_request_as_sent() -> None:
    store = ScriptedStore([job_answer()])
    connector_to(store, FakeTime()).switch([gid(1)], active=False)
    sent = store.requests[0]
    assert str(sent.url) == "https://glow-lab.myshopify.com/admin/api/2026-10/graphql.json"
    assert sent.headers["Content-Type"] == "application/json"
    assert sent.headers["User-Agent"] == "Offerwell"
    assert sent.headers["Accept-Encoding"] == "gzip"
    assert sent.headers["X-Shopify-Access-Token"] == "token-1"
    assert json.loads(sent.content)["variables"] == {"ids": [gid(1)]}
