"""How Offerwell proves itself to Vendure: a session bought by user name and password, or an API key.

Both are documented ways (`tokenMethod` "bearer" and "api-key"); cookies are for browsers. A session is good
for a year by default and says nothing of its end, so it is used until it is refused.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Protocol

from offerwell.integrations.graphql.answers import Doubt, parsed
from offerwell.integrations.graphql.tokens import Token
from offerwell.integrations.graphql.wire import Answer, NoAnswer, NotSent, post
from offerwell.integrations.store import AGAIN, AccessRefused, StoreError
from offerwell.integrations.vendure.answers import RECONNECT, NoAccess, result_of, sentence
from offerwell.integrations.vendure.documents import LOGIN, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from offerwell.integrations.graphql.tokens import TokenCache

TOKEN_HEADER, KEY_HEADER, CHANNEL_HEADER = "vendure-auth-token", "vendure-api-key", "vendure-token"
NO_BEARER = (
    "The store takes the password and gives no token. Add 'bearer' to authOptions.tokenMethod in its configuration, "
    "or use an API key."
)


class Credentials(Protocol):
    """What the client asks for before each request."""

    def token(self) -> str:
        """A token to send. Raises AccessRefused, or a passing StoreError."""

    def headers(self, token: str) -> dict[str, str]:
        """How it is sent."""

    def refused(self, token: str) -> bool:
        """Told that the store did not accept this token. True when another can be had."""


class ApiKey:
    """An API key of an administrator (Vendure 3.6 and later): there is no other to be had."""

    def __init__(self, value: str) -> None:
        self._value = value

    def token(self) -> str:
        """The one there is."""
        return self._value

    def headers(self, token: str) -> dict[str, str]:
        """In a header of its own."""
        return {KEY_HEADER: token}

    def refused(self, token: str) -> bool:  # noqa: ARG002  the protocol's shape
        """There is no other."""
        return False


class PasswordLogin:
    """An administrator's user name and password buy a session, as often as needed."""

    def __init__(
        self, endpoint: str, username: str, password: str, *, tokens: TokenCache, http: httpx.Client,
        clock: Callable[[], float],
    ) -> None:  # fmt: skip
        self._endpoint = endpoint
        self._username = username
        self._password = password
        self._tokens = tokens
        self._http = http
        self._clock = clock
        # A changed password must not be hidden by a session that the old one bought.
        mark = hashlib.sha256(password.encode()).hexdigest()[:16]
        self.key = f"{endpoint} {username} {mark}"

    def token(self) -> str:
        """The session shared by all workers, bought at most once however many threads ask."""
        if kept := self._tokens.load(self.key):
            return kept.value
        with self._tokens.turn(self.key):
            kept = self._tokens.load(self.key)
            return kept.value if kept else self._bought()

    def headers(self, token: str) -> dict[str, str]:
        """As a bearer token."""
        return {"Authorization": f"Bearer {token}"}

    def refused(self, token: str) -> bool:
        """Ended before its time: buy another."""
        self._tokens.drop(self.key, token)
        return True

    def _bought(self) -> str:
        answer = self._answer()
        value = answer.headers.get(TOKEN_HEADER, "")
        _judge_login(answer)
        if not value:
            raise AccessRefused(NO_BEARER, permanent=True)
        self._tokens.save(self.key, Token(value))
        return value

    def _answer(self) -> Answer:
        """One login. Asking twice is harmless: the client repeats it after passing trouble."""
        asked = {"query": text_of(LOGIN), "variables": {"username": self._username, "password": self._password}}
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "gzip"}
        try:
            return post(self._http, self._endpoint, json.dumps(asked).encode(), headers, self._clock)
        except (NotSent, NoAnswer) as error:
            raise StoreError(f"The store could not be reached for a login: {error}. {AGAIN}") from error


def _judge_login(answer: Answer) -> None:
    try:
        found = result_of(answer, parsed(answer))
        kind, said = found["login"]["__typename"], str(found["login"].get("message") or "")
    except NoAccess as error:
        raise AccessRefused(f"The store lets nobody log in here ({error}). {RECONNECT}", permanent=True) from error
    except Doubt as doubt:
        # Nothing was asked that could act: whatever it did, ask again.
        raise StoreError(f"The store gives no session for now: {doubt.what}. {AGAIN}", retry_after=doubt.retry_after) \
            from doubt  # fmt: skip
    except (KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"The store answered the login with something else. {AGAIN}") from error
    if kind == "InvalidCredentialsError":
        raise AccessRefused(f"The store refuses the user name and password. {RECONNECT}", permanent=True)
    if kind != "CurrentUser":
        raise AccessRefused(f"The store refuses the login: {sentence(said)} {RECONNECT}", permanent=True)
