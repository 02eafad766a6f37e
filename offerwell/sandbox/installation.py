"""How an app gets in: installation by an authorization code, and access tokens of an hour that are refreshed.

Documented: the shape of every request and answer; 3,600 seconds and 90 days; a refresh token may be used again until
its replacement is used, for 30 days from its first use at most. Assumed, always the reading that is most dangerous for
a caller: a second use of a refresh token kills the replacement handed out before, and a new access token ends the one
before at once. Codes live 10 minutes and are good once.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ACCESS_SECONDS = 3_600
REFRESH_SECONDS = 90 * 86_400
AGAIN_SECONDS = 30 * 86_400
CODE_SECONDS = 600
FOR_EVER = 100 * 365 * 86_400


@dataclass(slots=True)
class Code:
    """A code handed out by the page where the merchant agrees."""

    value: str
    ends_at: float


@dataclass(slots=True)
class RefreshToken:
    """`access` is the token that came with it, `parent` the refresh token it replaces."""

    value: str
    ends_at: float
    access: str
    parent: str = ""
    used_at: float | None = None
    replaced_by: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """What the token endpoint hands out; without a refresh token the access token never ends."""

    access: str
    refresh: RefreshToken | None


@dataclass(slots=True)
class Installations:
    """The codes and refresh tokens that are good. Access tokens live in `tokens`, shared with the other grant."""

    clock: Callable[[], float]
    tokens: dict[str, float]
    codes: dict[str, Code] = field(default_factory=dict)
    refresh_tokens: dict[str, RefreshToken] = field(default_factory=dict)

    def agree(self) -> str:
        """The merchant agrees: a code."""
        code = Code(secrets.token_hex(16), self.clock() + CODE_SECONDS)
        self.codes[code.value] = code
        return code.value

    def exchange(self, value: str, *, expiring: bool) -> Pair | None:
        """Give tokens for a code, once; None for one that is not good."""
        code = self.codes.pop(value, None)
        if code is None or code.ends_at <= self.clock():
            return None
        if expiring:
            return self.hand_out(parent="")
        access = f"shpca_{secrets.token_hex(16)}"
        self.tokens[access] = self.clock() + FOR_EVER
        return Pair(access, None)

    def refresh(self, value: str) -> Pair | None:
        """Give a new pair for a refresh token; None for one that is not good."""
        token, now = self.refresh_tokens.get(value), self.clock()
        if token is None or token.ends_at <= now:
            return None
        if token.used_at is not None and token.used_at + AGAIN_SECONDS <= now:
            return None
        token.used_at = now if token.used_at is None else token.used_at
        self.retire(token.parent)
        self.kill(token.replaced_by)
        self.tokens.pop(token.access, None)
        pair = self.hand_out(parent=token.value)
        token.replaced_by = pair.refresh.value if pair.refresh else ""
        return pair

    def hand_out(self, *, parent: str) -> Pair:
        """Make a pair."""
        access = f"shpat_{secrets.token_hex(16)}"
        self.tokens[access] = self.clock() + ACCESS_SECONDS
        refresh = RefreshToken(f"shprt_{secrets.token_hex(16)}", self.clock() + REFRESH_SECONDS, access, parent)
        self.refresh_tokens[refresh.value] = refresh
        return Pair(access, refresh)

    def retire(self, value: str) -> None:
        """Its replacement is used: the one before is good no longer."""
        self.refresh_tokens.pop(value, None)

    def kill(self, value: str) -> None:
        """Take back a replacement that was never used, with its access token."""
        token = self.refresh_tokens.pop(value, None)
        if token is not None:
            self.tokens.pop(token.access, None)

    def forget(self) -> None:
        """The app is uninstalled, or its installation revoked: no code and no refresh token is good."""
        self.codes.clear()
        self.refresh_tokens.clear()

    def shown(self) -> dict[str, Any]:
        """Everything, for the file."""
        return {"refresh_tokens": [asdict(token) for token in self.refresh_tokens.values()]}

    def take(self, given: Mapping[str, Any]) -> None:
        """Take over what the file kept; codes are not kept."""
        for body in given.get("refresh_tokens", ()):
            token = RefreshToken(**body)
            self.refresh_tokens[token.value] = token
