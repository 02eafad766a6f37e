"""How Offerwell proves itself to a store: a client-credentials token of 24 hours, or a legacy static one.

The third kind, an installation with tokens that are refreshed, is in `installation.py`.

The official `shopifyapp` package also has this exchange, but its host is fixed to *.myshopify.com
(our sandbox store is not there), it reads an answer of any size, raises on a web page, and does not
tell a refused secret from a store that is down. So the one POST is ours; a test holds it to be the
same request as the package's.
"""

from __future__ import annotations

import hashlib
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from offerwell.integrations.graphql.answers import parsed
from offerwell.integrations.graphql.tokens import Token, TokenCache
from offerwell.integrations.graphql.wire import Answer, NoAnswer, NotSent, post
from offerwell.integrations.shopify.answers import RECONNECT
from offerwell.integrations.store import AGAIN, AccessRefused, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from offerwell.integrations.graphql.answers import Json

_BUSY = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class Credentials(Protocol):
    """What the client asks for before each request."""

    def token(self) -> str:
        """A token to send. Raises AccessRefused, or a passing StoreError."""

    def refused(self, value: str) -> bool:
        """Told that the store did not accept this token. True when another can be had."""


class StaticToken:
    """A token of an app made in the store's admin before 2026 (`shpat_…`): it never ends."""

    def __init__(self, value: str) -> None:
        self._value = value

    def token(self) -> str:
        """The one there is."""
        return self._value

    def refused(self, value: str) -> bool:  # noqa: ARG002 - the protocol's shape
        """There is no other."""
        return False


class ClientCredentials:
    """An app of the merchant's own organisation: its id and secret buy a token, as often as needed."""

    def __init__(
        self,
        origin: str,
        client_id: str,
        client_secret: str,
        *,
        tokens: TokenCache,
        http: httpx.Client,
        clock: Callable[[], float],
    ) -> None:
        self._origin = origin
        self._client_id = client_id
        self._client_secret = client_secret
        self._tokens = tokens
        self._http = http
        self._clock = clock
        # A changed secret must not be hidden by a token that the old one bought.
        secret_mark = hashlib.sha256(client_secret.encode()).hexdigest()[:16]
        self.key = f"{origin} {client_id} {secret_mark}"

    def token(self) -> str:
        """A fresh one, bought at most once however many threads ask."""
        if kept := self._kept():
            return kept
        with self._tokens.turn(self.key):
            return self._kept() or self._bought()

    def refused(self, value: str) -> bool:
        """Revoked before its time: buy another."""
        self._tokens.drop(self.key, value)
        return True

    def _kept(self) -> str | None:
        token = self._tokens.load(self.key)
        return token.value if token is not None and token.is_fresh(self._clock()) else None

    def _bought(self) -> str:
        asked_at = self._clock()
        token = _token_in(self._grant(), asked_at)
        self._tokens.save(self.key, token)
        return token.value

    def _grant(self) -> Answer:
        """One exchange. Asking twice is harmless: the client repeats it after passing trouble."""
        body = {
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "grant_type": "client_credentials",
        }
        return granted(self._origin, body, self._http, self._clock)


def granted(origin: str, body: Mapping[str, object], http: httpx.Client, clock: Callable[[], float]) -> Answer:
    """What the token endpoint answers to one request; a passing StoreError while it gives no answer."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    url = f"{origin}/admin/oauth/access_token"
    try:
        answer = post(http, url, json.dumps(body).encode(), headers, clock)
    except (NotSent, NoAnswer) as error:
        raise StoreError(f"The store could not be reached for a token: {error}. {AGAIN}") from error
    if answer.status in _BUSY or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        reason = f"The store gives no token for now (HTTP {answer.status}). {AGAIN}"
        raise StoreError(reason, retry_after=answer.retry_after)
    return answer


def _token_in(answer: Answer, asked_at: float) -> Token:
    payload = parsed(answer)
    if answer.status != HTTPStatus.OK:
        raise refused_secret(answer, payload)
    return access_token_in(payload, asked_at)


def refused_secret(answer: Answer, payload: Json | None) -> AccessRefused:
    """The app itself is not accepted."""
    detail = (payload or {}).get("error") or f"HTTP {answer.status}"
    return AccessRefused(
        f"The store refuses the client ID and secret ({str(detail)[:100]}). {RECONNECT}", permanent=True
    )


def access_token_in(payload: Json | None, asked_at: float) -> Token:
    """The access token of a good answer."""
    value = (payload or {}).get("access_token")
    if not isinstance(value, str) or not value:
        raise StoreError(f"The store answered the request for a token with something else. {AGAIN}")
    return Token(value, end_in(payload, "expires_in", asked_at))


def end_in(payload: Json | None, name: str, asked_at: float) -> float | None:
    """When something ends that lasts as many seconds as the answer says; None when it says nothing."""
    seconds = (payload or {}).get(name)
    return asked_at + float(seconds) if isinstance(seconds, int | float) else None
