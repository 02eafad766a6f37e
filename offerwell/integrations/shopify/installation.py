"""An app that a merchant installed by agreeing to it: how it asks, what comes back, and how its tokens are refreshed.

An access token lasts an hour. The refresh token that came with it buys the next pair, and stays good until that next
pair's refresh token is used (30 days at most), so a crash between the store's answer and our own save loses nothing:
the old one is simply used again. Sources: shopify.dev, "Authenticate a standalone or API-only app", "About offline
access tokens", changelog of 2026-08-28 "More resilient refreshes for expiring offline access tokens".
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, urlencode

from offerwell.integrations.graphql.answers import parsed
from offerwell.integrations.graphql.tokens import Token
from offerwell.integrations.shopify.credentials import (
    access_token_in,
    end_in,
    granted,
    refused_secret,
)
from offerwell.integrations.store import AGAIN, AccessRefused, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import httpx

    from offerwell.integrations.graphql.answers import Json
    from offerwell.integrations.graphql.wire import Answer

# How long a worker may be about to refresh before another one takes its place. Longer than a request to the token
# endpoint usually takes; if it is not, both use the same refresh token, which the store allows.
TURN_SECONDS = 60.0
LOOK_EVERY, WAIT_AT_MOST = 0.25, 75.0
# Used to its last seconds while somebody else renews it.
LAST_SECONDS = 10.0
USUAL_SECONDS = 3600.0

INSTALL_AGAIN = "Open the store under Settings › Stores and choose Install again."


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An access token, and the refresh token that buys the next pair. Without one the access token is for ever."""

    access: Token
    refresh: str = field(default="", repr=False)
    refresh_expires_at: float | None = None


class TokenPairs(Protocol):
    """Where one store's pair is kept, and whose turn it is to renew it. Every method is one short transaction."""

    def load(self) -> TokenPair:
        """The kept pair. Its access token may be empty: nobody has one."""

    def take_turn(self, now: float) -> str:
        """A mark of our turn to renew the pair, for TURN_SECONDS; empty while it is somebody else's."""

    def keep(self, mark: str, pair: TokenPair) -> bool:
        """Keep the pair and end the turn. False, and nothing kept, when the turn is not ours any more."""

    def end_turn(self, mark: str) -> None:
        """Give the turn back without a new pair."""

    def drop(self, value: str) -> None:
        """Forget the access token if it is still this one."""


class Installed:
    """Credentials of an installed app: one renewal at a time, however many workers ask."""

    def __init__(
        self,
        origin: str,
        client_id: str,
        client_secret: str,
        *,
        pairs: TokenPairs,
        http: httpx.Client,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._origin = origin
        self._client_id = client_id
        self._client_secret = client_secret
        self._pairs = pairs
        self._http = http
        self._clock = clock
        self._sleep = sleep

    def token(self) -> str:
        """A fresh one; while another worker renews it, the old one to its last seconds, or what comes of waiting."""
        waited = 0.0
        while True:
            access = self._pairs.load().access
            if access.value and access.is_fresh(self._clock()):
                return access.value
            if (mark := self._pairs.take_turn(self._clock())) and (renewed := self._renewed(mark)):
                return renewed
            if access.value and access.expires_at and self._clock() < access.expires_at - LAST_SECONDS:
                return access.value
            if waited >= WAIT_AT_MOST:
                raise StoreError(f"Another worker still asks the store for a token. {AGAIN}", retry_after=LOOK_EVERY)
            self._sleep(LOOK_EVERY)
            waited += LOOK_EVERY

    def refused(self, value: str) -> bool:
        """Revoked before its time, or renewed by another worker meanwhile: there may be another."""
        self._pairs.drop(value)
        return True

    def _renewed(self, mark: str) -> str:
        """The new access token, kept before anybody uses it; empty when the turn was lost meanwhile."""
        try:
            pair = self._pairs.load()
            # Somebody may have renewed it between our look and our turn.
            if not (pair.access.value and pair.access.is_fresh(self._clock())):
                renewed = self._bought(pair)
                return renewed.access.value if self._pairs.keep(mark, renewed) else ""
        except BaseException:
            self._pairs.end_turn(mark)
            raise
        self._pairs.end_turn(mark)
        return pair.access.value

    def _bought(self, pair: TokenPair) -> TokenPair:
        asked_at = self._clock()
        body = {
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "grant_type": "refresh_token",
            "refresh_token": pair.refresh,
        }
        answer = granted(self._origin, body, self._http, self._clock)
        payload = parsed(answer)
        if answer.status != HTTPStatus.OK:
            raise _refused(answer, payload)
        bought = _pair_in(payload, asked_at)
        # An answer that leaves something out has not taken it away.
        ends = bought.access.expires_at or asked_at + USUAL_SECONDS
        return TokenPair(
            Token(bought.access.value, ends),
            bought.refresh or pair.refresh,
            bought.refresh_expires_at or pair.refresh_expires_at,
        )


def authorize_address(origin: str, client_id: str, scopes: Sequence[str], redirect_uri: str, state: str) -> str:
    """Where the merchant agrees to the app."""
    asked = {"client_id": client_id, "scope": ",".join(scopes), "redirect_uri": redirect_uri, "state": state}
    return f"{origin}/admin/oauth/authorize?{urlencode(asked, quote_via=quote, safe='')}"


def is_signed_by_store(parameters: Mapping[str, str], client_secret: str) -> bool:
    """Whether the store signed these parameters of the way back. In constant time."""
    told = {name: value for name, value in parameters.items() if name not in {"hmac", "signature"}}
    message = urlencode(sorted(told.items()), quote_via=quote, safe="")
    ours = hmac.new(client_secret.encode(), message.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(ours.encode(), parameters.get("hmac", "").encode())


def first_pair(
    origin: str, client_id: str, client_secret: str, code: str, *, http: httpx.Client, clock: Callable[[], float]
) -> TokenPair:
    """What the code of an agreement buys, once. Raises AccessRefused, or a passing StoreError."""
    asked_at = clock()
    body = {"client_id": client_id, "client_secret": client_secret, "code": code, "expiring": "1"}
    answer = granted(origin, body, http, clock)
    payload = parsed(answer)
    if answer.status != HTTPStatus.OK:
        raise _refused(answer, payload)
    return _pair_in(payload, asked_at)


def _pair_in(payload: Json | None, asked_at: float) -> TokenPair:
    access = access_token_in(payload, asked_at)
    refresh = (payload or {}).get("refresh_token")
    ends = end_in(payload, "refresh_token_expires_in", asked_at)
    return TokenPair(access, refresh if isinstance(refresh, str) else "", ends)


def _refused(answer: Answer, payload: Json | None) -> AccessRefused:
    error = str((payload or {}).get("error") or "")
    if error in {"invalid_grant", "invalid_request"}:
        reason = f"The installation is not valid any more ({error}): it expired, was revoked, or the app was removed."
        return AccessRefused(f"{reason} {INSTALL_AGAIN}", permanent=True)
    return refused_secret(answer, payload)
