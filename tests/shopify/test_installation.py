"""Tokens of an installation: renewed one at a time, kept before use, and safe when an answer or a save is lost."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier, Lock
from time import sleep

import httpx
import pytest
from shopify_app.exchange.refresh_token import refresh_access_token

from offerwell.integrations.graphql.tokens import EARLY_SECONDS, Token
from offerwell.integrations.shopify.installation import (
    TURN_SECONDS,
    Installed,
    TokenPair,
    authorize_address,
    first_pair,
    is_signed_by_store,
)
from offerwell.integrations.store import AccessRefused, StoreError
from tests.shopify.fakes import START, FakeTime, ScriptedStore

ORIGIN = "https://glow-lab.myshopify.com"


@dataclass
class KeptPair:
    """A pair in memory, with a turn. `says` is what `keep` does, in order."""

    pair: TokenPair
    turn: str = ""
    until: float = 0.0
    lock: Lock = field(default_factory=Lock)
    marks: int = 0

    def load(self) -> TokenPair:
        return self.pair

    def take_turn(self, now: float) -> str:
        with self.lock:
            if self.turn and self.until > now:
                return ""
            self.marks += 1
            self.turn, self.until = f"mark-{self.marks}", now + TURN_SECONDS
            return self.turn

    def keep(self, mark: str, pair: TokenPair) -> bool:
        with self.lock:
            if mark != self.turn:
                return False
            self.pair, self.turn = pair, ""
            return True

    def end_turn(self, mark: str) -> None:
        with self.lock:
            self.turn = "" if mark == self.turn else self.turn

    def drop(self, value: str) -> None:
        with self.lock:
            if self.pair.access.value == value:
                self.pair = TokenPair(Token("", None), self.pair.refresh, self.pair.refresh_expires_at)


def kept(access: str = "old", ends: float | None = START + 3600) -> KeptPair:
    return KeptPair(TokenPair(Token(access, ends), "refresh-0", START + 90 * 86400))


def renewal(number: int = 1, **rest: object) -> httpx.Response:
    body = {"access_token": f"new-{number}", "refresh_token": f"refresh-{number}", "expires_in": 3600,
            "refresh_token_expires_in": 7776000, "scope": "write_discounts", **rest}  # fmt: skip
    return httpx.Response(200, json={name: value for name, value in body.items() if value is not None})


def installed(store: ScriptedStore, pairs: KeptPair, time: FakeTime) -> Installed:
    http = httpx.Client(transport=httpx.MockTransport(store))
    return Installed(ORIGIN, "client-1", "secret-1", pairs=pairs, http=http, clock=time.clock, sleep=time.sleep)


def test_the_renewal_is_the_one_of_shopifys_own_package() -> None:
    ours, theirs = (ScriptedStore([], grant_steps=[renewal()]) for _ in range(2))
    installed(ours, kept("", None), FakeTime()).token()
    refresh_access_token(
        {"shop": "glow-lab", "refresh_token": "refresh-0", "access_mode": "offline", "expires": "2020-01-01T00:00:00Z",
         "refresh_token_expires": "2099-01-01T00:00:00Z", "token": "old", "scope": ""},
        {"client_id": "client-1", "client_secret": "secret-1"},
        httpx.Client(transport=httpx.MockTransport(theirs)),
    )  # fmt: skip
    [mine], [official] = ours.grants, theirs.grants
    assert (mine.method, mine.url) == (official.method, official.url)
    assert json.loads(mine.content) == json.loads(official.content)


def test_a_pair_is_kept_before_it_is_used_and_until_five_minutes_before_its_end() -> None:
    pairs, time, store = kept(), FakeTime(), ScriptedStore([], grant_steps=[renewal()])
    credentials = installed(store, pairs, time)
    time.now += 3600 - EARLY_SECONDS - 1
    assert (credentials.token(), len(store.grants)) == ("old", 0)
    time.now += 1
    assert credentials.token() == "new-1"
    assert (pairs.pair.access, pairs.pair.refresh, pairs.turn) == (Token("new-1", time.now + 3600), "refresh-1", "")
    assert pairs.pair.refresh_expires_at == time.now + 7776000
    assert (credentials.token(), len(store.grants)) == ("new-1", 1)


def test_many_threads_renew_once() -> None:
    start, pairs = Barrier(8), kept("", None)

    def slow(_: httpx.Request) -> httpx.Response:
        sleep(0.05)
        return renewal()

    store, time = ScriptedStore([], grant_steps=[slow]), FakeTime()
    time.sleep = lambda _: sleep(0.01)  # type: ignore[method-assign]  a real wait for a real thread
    credentials = installed(store, pairs, time)

    def ask(_: int) -> str:
        start.wait()
        return credentials.token()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {"new-1"}
    assert len(store.grants) == 1


def test_while_another_worker_renews_the_old_token_is_used_to_its_last_seconds() -> None:
    pairs, time, store = kept(), FakeTime(), ScriptedStore([], grant_steps=[renewal()])
    time.now += 3600 - 60
    pairs.take_turn(time.now)
    assert (installed(store, pairs, time).token(), store.grants) == ("old", [])


def test_a_worker_that_died_in_its_turn_is_waited_for_then_replaced() -> None:
    pairs, time, store = kept("", None), FakeTime(), ScriptedStore([], grant_steps=[renewal()])
    pairs.take_turn(time.now)
    assert installed(store, pairs, time).token() == "new-1"
    assert TURN_SECONDS <= time.now - START < TURN_SECONDS + 1


def test_a_turn_that_never_comes_is_passing_trouble() -> None:
    class NeverOurs(KeptPair):
        def take_turn(self, now: float) -> str:
            return ""

    pairs = NeverOurs(TokenPair(Token("", None), "refresh-0"))
    with pytest.raises(StoreError, match="Another worker still asks") as caught:
        installed(ScriptedStore([]), pairs, FakeTime()).token()
    assert caught.value.permanent is False


def test_an_answer_that_came_after_the_turn_was_taken_over_is_not_kept() -> None:
    """The other worker's pair is the later one, so it is the one that lives."""
    pairs, time = kept("", None), FakeTime()

    def overtaken(_: httpx.Request) -> httpx.Response:
        time.now += TURN_SECONDS + 1
        mark = pairs.take_turn(time.now)
        pairs.keep(mark, TokenPair(Token("theirs", time.now + 3600), "refresh-theirs"))
        return renewal()

    store = ScriptedStore([], grant_steps=[overtaken])
    assert installed(store, pairs, time).token() == "theirs"
    assert (pairs.pair.refresh, len(store.grants)) == ("refresh-theirs", 1)


@pytest.mark.parametrize("trouble", [httpx.ReadError("gone"), httpx.ConnectError("no"), httpx.Response(503)])
def test_a_lost_answer_gives_the_turn_back_and_the_old_refresh_token_is_used_again(
    trouble: httpx.Response | Exception,
) -> None:
    pairs, time, store = kept("", None), FakeTime(), ScriptedStore([], grant_steps=[trouble, renewal()])
    credentials = installed(store, pairs, time)
    with pytest.raises(StoreError) as caught:
        credentials.token()
    assert (caught.value.permanent, pairs.turn, pairs.pair.refresh) == (False, "", "refresh-0")
    assert credentials.token() == "new-1"
    assert [json.loads(grant.content)["refresh_token"] for grant in store.grants] == ["refresh-0", "refresh-0"]


def test_a_crash_between_the_answer_and_the_save_loses_nothing() -> None:
    class CrashesOnce(KeptPair):
        crashed = False

        def keep(self, mark: str, pair: TokenPair) -> bool:
            if not self.crashed:
                self.crashed = True
                raise RuntimeError("the disk is full")
            return super().keep(mark, pair)

    pairs, store = CrashesOnce(TokenPair(Token("", None), "refresh-0")), ScriptedStore([], grant_steps=[renewal()])
    credentials = installed(store, pairs, FakeTime())
    with pytest.raises(RuntimeError):
        credentials.token()
    assert (credentials.token(), pairs.pair.refresh) == ("new-1", "refresh-1")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("invalid_grant", r"installation is not valid any more \(invalid_grant\).*choose Install again"),
        ("invalid_client", r"refuses the client ID and secret \(invalid_client\)"),
    ],
)
def test_a_dead_installation_and_a_dead_secret_are_told_apart(error: str, said: str) -> None:
    pairs, store = kept("", None), ScriptedStore([], grant_steps=[httpx.Response(400, json={"error": error})])
    with pytest.raises(AccessRefused, match=said) as caught:
        installed(store, pairs, FakeTime()).token()
    assert (caught.value.permanent, pairs.turn, pairs.pair.refresh, len(store.grants)) == (True, "", "refresh-0", 1)


def test_what_an_answer_leaves_out_is_not_lost() -> None:
    """An answer without `expires_in` made others keep a dead token for ever (shopify-app-js, issue 3400)."""
    bare = renewal(refresh_token=None, expires_in=None, refresh_token_expires_in=None)
    pairs, time, store = kept("", None), FakeTime(), ScriptedStore([], grant_steps=[bare])
    installed(store, pairs, time).token()
    assert pairs.pair == TokenPair(Token("new-1", time.now + 3600), "refresh-0", START + 90 * 86400)


def test_a_revoked_token_is_renewed_and_a_newer_one_left_alone() -> None:
    pairs, store = kept(), ScriptedStore([], grant_steps=[renewal()])
    credentials = installed(store, pairs, FakeTime())
    assert (credentials.refused("old"), credentials.token()) == (True, "new-1")
    assert (credentials.refused("old"), credentials.token(), len(store.grants)) == (True, "new-1", 1)


def test_the_first_pair_is_asked_for_with_an_end() -> None:
    store = ScriptedStore([], grant_steps=[renewal()])
    http = httpx.Client(transport=httpx.MockTransport(store))
    pair = first_pair(ORIGIN, "client-1", "secret-1", "the-code", http=http, clock=FakeTime().clock)
    assert pair == TokenPair(Token("new-1", START + 3600), "refresh-1", START + 7776000)
    [grant] = store.grants
    assert json.loads(grant.content) == {
        "client_id": "client-1", "client_secret": "secret-1", "code": "the-code", "expiring": "1",
    }  # fmt: skip
    assert "new-1" not in repr(pair)
    assert "refresh-1" not in repr(pair)


def test_the_page_to_agree_at() -> None:
    address = authorize_address(ORIGIN, "id", ("read_discounts", "write_discounts"), "https://a.example/b/?c=d", "s.t")
    assert address == (
        f"{ORIGIN}/admin/oauth/authorize?client_id=id&scope=read_discounts%2Cwrite_discounts"
        "&redirect_uri=https%3A%2F%2Fa.example%2Fb%2F%3Fc%3Dd&state=s.t"
    )


def test_the_signature_is_that_of_shopifys_documentation() -> None:
    """The worked example of Shopify's OAuth documentation, with the secret "hush"."""
    told = {"code": "0907a61c0c8d55e99db179b68161bc00", "shop": "some-shop.myshopify.com",
            "state": "0.6784241404160823", "timestamp": "1337178173",
            "hmac": "700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf"}  # fmt: skip
    assert is_signed_by_store(told, "hush")
    assert not is_signed_by_store({**told, "code": "x"}, "hush")
    assert not is_signed_by_store({**told, "extra": "x"}, "hush")
    assert not is_signed_by_store({name: value for name, value in told.items() if name != "hmac"}, "hush")
    assert not is_signed_by_store({**told, "hmac": "ü"}, "hush")
