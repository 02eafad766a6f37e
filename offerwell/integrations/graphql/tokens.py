"""Access tokens, and where they are kept between requests."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

# Asked for again this long before it ends, so that no request is under way when it does.
EARLY_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Token:
    """An access token. `expires_at` in Unix seconds; None means never."""

    value: str = field(repr=False)
    expires_at: float | None = None

    def is_fresh(self, now: float) -> bool:
        """Whether it can still carry a request to its end."""
        return self.expires_at is None or now < self.expires_at - EARLY_SECONDS


class TokenCache(Protocol):
    """Where tokens are kept between requests. A key stands for one app at one store and holds no secret."""

    def load(self, key: str) -> Token | None:
        """The kept token, fresh or not."""

    def save(self, key: str, token: Token) -> None:
        """Keep it instead of any other."""

    def drop(self, key: str, value: str) -> None:
        """Forget the token if it is still this one."""

    def turn(self, key: str) -> AbstractContextManager[None]:
        """Held by whoever asks the store for a new token: one at a time."""


class MemoryTokens:
    """Tokens of this process."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}
        self._turns: dict[str, Lock] = {}
        self._lock = Lock()

    def load(self, key: str) -> Token | None:
        """The kept token, fresh or not."""
        with self._lock:
            return self._tokens.get(key)

    def save(self, key: str, token: Token) -> None:
        """Keep it instead of any other."""
        with self._lock:
            self._tokens[key] = token

    def drop(self, key: str, value: str) -> None:
        """Forget the token if it is still this one."""
        with self._lock:
            kept = self._tokens.get(key)
            if kept is not None and kept.value == value:
                del self._tokens[key]

    @contextmanager
    def turn(self, key: str) -> Iterator[None]:
        """Held by whoever asks the store for a new token: one at a time."""
        with self._lock:
            turn = self._turns.setdefault(key, Lock())
        with turn:
            yield
