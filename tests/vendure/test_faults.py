"""What goes wrong on the wire, by a server that does it on purpose: certain, unknown or refused, never guessed."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.utils import timezone

from offerwell.integrations import vendure as integration
from offerwell.integrations.graphql.tokens import MemoryTokens
from offerwell.integrations.store import AccessRefused, BatchRefused, FateUnknown, StoreError

LOGIN = (200, {"data": {"login": {"__typename": "CurrentUser"}}}, {"vendure-auth-token": "t"})
EMPTY = {"data": {"promotions": {"totalItems": 0, "items": []}}}


def error(code, message="no", path=None, data=...):
    said = {"message": message, "extensions": {"code": code}, **({"path": path} if path else {})}
    return {"errors": [said], **({} if data is ... else {"data": data})}


@contextmanager
def server(*answers):
    """Logs everybody in, then gives the answers in order, the last one for ever. `sent` holds what was asked."""
    sent, left = [], list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if b"login(" in body:
                answer = LOGIN
            else:
                sent.append((body, dict(self.headers)))
                answer = left.pop(0) if len(left) > 1 else left[0]
            if answer == "hang up":
                self.close_connection = True
                return
            status, said, headers = (*answer, {}, {})[:3] if isinstance(answer, tuple) else (200, answer, {})
            content = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            """Quiet."""

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
    address = f"http://127.0.0.1:{running.server_port}"
    store = integration.connect(address, "me", "secret", tokens=MemoryTokens(), sleep=lambda _s: None)
    try:
        yield store, sent
    finally:
        store.close()
        running.shutdown()
        running.server_close()


BROKEN = ["hang up", (500, {"message": ""}), (502, b"<html>bad gateway</html>"), (200, b'{"data": {"r0"'), (408, b""),
          error("INTERNAL_SERVER_ERROR", path=["r0"], data=None), (200, b"[]"), {"data": None}, {"data": {"other": 1}}]  # fmt: skip


@pytest.mark.parametrize("answer", BROKEN)
def test_after_a_write_without_a_good_answer_nobody_knows_and_it_is_not_repeated(answer):
    with server(answer) as (store, sent), pytest.raises(FateUnknown) as unknown:
        store.switch(["1", "2"], active=False)
    assert "reads" in unknown.value.reason
    assert len(sent) == 1


@pytest.mark.parametrize("answer", BROKEN)
def test_a_read_without_a_good_answer_did_nothing_and_is_passing_trouble(answer):
    with server(answer) as (store, _), pytest.raises(StoreError) as trouble:
        store.read(["1"])
    assert (trouble.value.permanent, isinstance(trouble.value, FateUnknown)) == (False, False)


@pytest.mark.parametrize("answer", BROKEN[:-1])
def test_a_read_is_repeated_at_once(answer):
    with server(answer, EMPTY) as (store, sent):
        assert store.read(["1"]) == {"1": None}
    assert len(sent) == 2


@pytest.mark.parametrize(
    ("answer", "kind", "permanent", "said"),
    [
        ((429, b"", {"Retry-After": "120"}), StoreError, False, "asks for a pause"),
        ((404, b""), AccessRefused, True, "No Admin API of Vendure"),
        ((301, b"", {"Location": "https://other.example/"}), StoreError, True, "https://other.example/"),
        ((413, b""), BatchRefused, True, "of this size"),
        ((418, b""), StoreError, True, "HTTP 418"),
        (error("CHANNEL_NOT_FOUND", data=None), AccessRefused, True, "no channel with this token"),
        ((400, error("GRAPHQL_VALIDATION_FAILED", "Unknown type")), StoreError, True, "does not understand"),
        ((400, error("BAD_USER_INPUT", "Bad id")), BatchRefused, True, "Bad id."),
        (error("FORBIDDEN", path=["r0"], data=None), AccessRefused, True, "lacks the permission UpdatePromotion"),
        ((403, b""), AccessRefused, True, "lacks the permission UpdatePromotion"),
    ],
)
def test_a_refusal_before_any_work_is_certain(answer, kind, permanent, said):
    with server(answer) as (store, sent), pytest.raises(StoreError) as refused:
        store.switch(["1"], active=False)
    assert (type(refused.value), refused.value.permanent) == (kind, permanent)
    assert said in refused.value.reason
    assert len(sent) <= 2


def test_a_pause_the_server_asks_for_is_kept():
    with server((429, b"", {"Retry-After": "7"}), {"data": {"r0": {"__typename": "Promotion"}}}) as (store, sent):
        store.switch(["1"], active=False)
    assert len(sent) == 2


def test_access_that_ends_in_mid_batch_is_renewed_and_only_the_rest_is_sent_again():
    halted = error("FORBIDDEN", path=["r2"], data=None)
    done = {"data": {f"r{n}": {"__typename": "Promotion"} for n in range(3)}}
    with server(halted, done) as (store, sent):
        assert store.set_window({str(n): (timezone.now(), None) for n in range(5)}) == {str(n): "" for n in range(5)}
    asked = [[given["id"] for given in json.loads(body)["variables"].values()] for body, _ in sent]
    assert asked == [["0", "1", "2", "3", "4"], ["2", "3", "4"]]


def test_an_error_result_of_one_update_is_its_refusal():
    results = {"r0": {"__typename": "Promotion"},
               "r1": {"__typename": "MissingConditionsError", "errorCode": "MISSING_CONDITIONS_ERROR", "message": "None left"}}  # fmt: skip
    with server({"data": results}) as (store, _):
        said = store.set_window({"1": (timezone.now(), None), "2": (timezone.now(), None)})
    assert said == {"1": "", "2": "None left."}


def test_what_is_sent_and_to_which_channel():
    with server(EMPTY) as (store, sent):
        store.read(["1"])
    headers = sent[0][1]
    assert (headers["Authorization"], headers.get("vendure-token")) == ("Bearer t", None)
    with server(EMPTY) as (store, sent):
        place = f"{store._address.endpoint}#eu-channel"
        other = integration.connect(place, api_key="the:key", tokens=MemoryTokens())
        other.read(["1"])
        other.close()
    headers = sent[0][1]
    assert (headers["vendure-api-key"], headers["vendure-token"], "Authorization" in headers) == (
        "the:key",
        "eu-channel",
        False,
    )


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        ((200, {"data": {"login": {"__typename": "CurrentUser"}}}), AccessRefused, "Add 'bearer' to authOptions.tokenMethod"),
        ((200, {"data": {"login": {"__typename": "NativeAuthStrategyError", "message": "Use SSO"}}}), AccessRefused, "Use SSO."),
        ((200, {"data": {"login": None}}), StoreError, "something else"),
        ((503, b""), StoreError, "gives no session for now"),
        ((200, b"<html>"), StoreError, "gives no session for now"),
        ("hang up", StoreError, "could not be reached for a login"),
    ],
)  # fmt: skip
def test_a_login_that_goes_wrong(monkeypatch, answer, kind, said):
    monkeypatch.setattr("tests.vendure.test_faults.LOGIN", answer)
    with server(EMPTY) as (store, sent), pytest.raises(StoreError) as refused:
        store.read(["1"])
    assert (type(refused.value), refused.value.permanent) == (kind, kind is AccessRefused)
    assert said in refused.value.reason
    assert sent == []


def test_a_list_without_an_end_is_left():
    row = {"id": "9", "name": "n", "couponCode": "c", "enabled": True, "startsAt": None, "endsAt": None}
    page = {"data": {"promotions": {"totalItems": 10**9, "items": [row] * 100}}}
    with server(page) as (store, sent), pytest.raises(StoreError, match="far more promotions than it was asked for"):
        store.read(["9"])
    assert len(sent) == 101


def test_credentials_are_one_kind():
    for more in ({}, {"username": "me", "password": "x", "api_key": "k"}, {"username": "me"}):
        with pytest.raises(ValueError, match="either"):
            integration.connect("http://127.0.0.1:1", tokens=MemoryTokens(), **more)
