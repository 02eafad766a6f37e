"""Tokens: bought once, kept until shortly before their end, bought anew when the store drops them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep

import httpx
import pytest
from shopify_app.exchange.client_credentials import exchange_using_client_credentials

from offerwell.integrations.graphql.retry import ATTEMPTS
from offerwell.integrations.graphql.tokens import EARLY_SECONDS, MemoryTokens, Token
from offerwell.integrations.shopify.credentials import ClientCredentials
from offerwell.integrations.store import AccessRefused, StoreError
from tests.shopify.fakes import FakeTime, ScriptedStore, connector_to, gid, job_answer


def credentials_at(
    store: ScriptedStore,
    time: FakeTime,
    tokens: MemoryTokens | None = None,
    secret: str = "secret-1",
) -> ClientCredentials:
    return ClientCredentials(
        "https://glow-lab.myshopify.com",
        "client-1",
        secret,
        tokens=tokens or MemoryTokens(),
        http=httpx.Client(transport=httpx.MockTransport(store)),
        clock=time.clock,
    )


def test_the_exchange_is_the_one_of_shopifys_own_package() -> None:
    ours, theirs = ScriptedStore([]), ScriptedStore([])
    credentials_at(ours, FakeTime()).token()
    result = exchange_using_client_credentials(
        "glow-lab",
        {"client_id": "client-1", "client_secret": "secret-1"},
        httpx.Client(transport=httpx.MockTransport(theirs)),
    )
    assert result.access_token.token == "token-1"
    [mine], [official] = ours.grants, theirs.grants
    assert (mine.method, mine.url) == (official.method, official.url)
    assert json.loads(mine.content) == json.loads(official.content)
    for header in ("Content-Type", "Accept"):
        assert mine.headers[header] == official.headers[header]


def test_a_token_is_kept_until_five_minutes_before_its_end() -> None:
    store, time = ScriptedStore([]), FakeTime()
    credentials = credentials_at(store, time)
    assert [credentials.token(), credentials.token()] == ["token-1", "token-1"]
    time.now += 86399 - EARLY_SECONDS - 1
    assert credentials.token() == "token-1"
    time.now += 1
    assert credentials.token() == "token-2"
    assert len(store.grants) == 2


def test_a_revoked_token_is_bought_anew_and_a_newer_one_is_left_alone() -> None:
    store, time = ScriptedStore([]), FakeTime()
    credentials = credentials_at(store, time)
    first = credentials.token()
    assert credentials.refused(first) is True
    assert credentials.token() == "token-2"
    assert credentials.refused(first) is True
    assert credentials.token() == "token-2"
    assert len(store.grants) == 2


def test_many_threads_buy_one_token() -> None:
    start = Barrier(8)

    def slow(_: httpx.Request) -> httpx.Response:
        sleep(0.05)  # long enough for all eight to ask meanwhile
        return httpx.Response(200, json={"access_token": "token-1", "expires_in": 86399})

    store, time = ScriptedStore([], grant_steps=[slow]), FakeTime()
    credentials = credentials_at(store, time)

    def ask(_: int) -> str:
        start.wait()
        return credentials.token()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {"token-1"}
    assert len(store.grants) == 1


def test_stores_and_secrets_never_share_a_token() -> None:
    tokens, time, store = MemoryTokens(), FakeTime(), ScriptedStore([])
    first, second = (credentials_at(store, time, tokens, secret) for secret in ("secret-1", "secret-2"))
    assert [first.token(), second.token(), first.token()] == ["token-1", "token-2", "token-1"]
    assert "secret-1" not in first.key


def test_a_token_is_not_shown() -> None:
    assert repr(Token("shpat_1", 5.0)) == "Token(expires_at=5.0)"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(400, json={"error": "invalid_client"}),
        httpx.Response(400, html="<html>Oauth error application_cannot_be_found"),
        httpx.Response(401, json={"error": "invalid_client"}),
        httpx.Response(403),
        httpx.Response(404),
        httpx.Response(302, headers={"Location": "https://evil.com"}),
    ],
)
def test_a_refused_secret_stops_the_store(answer: httpx.Response) -> None:
    tokens = MemoryTokens()
    store = ScriptedStore([], grant_steps=[answer])
    credentials = credentials_at(store, FakeTime(), tokens)
    with pytest.raises(
        AccessRefused, match=r"refuses the client ID and secret \(.+\)\. Check .* Settings › Stores"
    ) as caught:
        credentials.token()
    assert caught.value.permanent is True
    assert "secret-1" not in caught.value.reason
    assert len(store.grants) == 1
    assert tokens.load(credentials.key) is None


@pytest.mark.parametrize(
    "trouble", [httpx.Response(503), httpx.Response(429), httpx.ConnectError("x"), httpx.ReadTimeout("x")]
)
def test_passing_trouble_is_tried_again(trouble: httpx.Response | Exception) -> None:
    good = httpx.Response(200, json={"access_token": "shpua_1", "expires_in": 86399})
    store = ScriptedStore([job_answer()], grant_steps=[trouble, good])
    assert connector_to(store, FakeTime()).switch([gid(1)], active=False) == "gid://shopify/Job/1"
    assert store.tokens_sent() == ["shpua_1"]


@pytest.mark.parametrize("trouble", [httpx.Response(503), httpx.ConnectError("x"), httpx.ReadTimeout("x")])
def test_trouble_that_stays_is_no_doubt_about_the_write(trouble: httpx.Response | Exception) -> None:
    store = ScriptedStore([job_answer()], grant_steps=[trouble])
    with pytest.raises(StoreError, match="tries again by itself") as caught:
        connector_to(store, FakeTime()).switch([gid(1)], active=False)
    assert type(caught.value) is StoreError
    assert caught.value.permanent is False
    assert len(store.grants) == ATTEMPTS
    assert store.requests == []


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"access_token": ""}', b'{"access_token": 5}', b"[]", b'{"acc'])
def test_an_answer_without_a_token_is_none(body: bytes) -> None:
    tokens = MemoryTokens()
    credentials = credentials_at(ScriptedStore([], grant_steps=[httpx.Response(200, content=body)]), FakeTime(), tokens)
    with pytest.raises(StoreError, match="something else"):
        credentials.token()
    assert tokens.load(credentials.key) is None
