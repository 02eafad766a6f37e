"""Who arrives, as little of it as counting needs: a random id in a cookie where the brand uses one, else a hash."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field

from offerwell.rules.redirect import COOKIE_DAYS

_ID = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)
_MINUTE = 60.0
MOST_A_MINUTE = 30
# Beyond it an origin's arrivals at one link are not even kept: nobody fills a disk by pressing reload.
MOST_KEPT_A_MINUTE = 600
_MOST_COUNTED = 50_000


def cookie_name(workspace_id: int) -> str:
    """One for each brand: nobody is known again by another one."""
    return f"ow_{workspace_id}"


def visitor_in(cookies: str, workspace_id: int) -> str:
    """The id a browser brought, or empty."""
    name = cookie_name(workspace_id)
    for part in cookies.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name and _ID.fullmatch(value):
            return value
    return ""


def new_visitor() -> str:
    """128 random bits, 22 letters."""
    return secrets.token_urlsafe(16)


def set_cookie(workspace_id: int, visitor: str, *, is_secure: bool) -> str:
    """The header that keeps the id with the browser; scripts do not see it."""
    secure = "; Secure" if is_secure else ""
    age = COOKIE_DAYS * 24 * 3600
    return f"{cookie_name(workspace_id)}={visitor}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"


def origin_of(address: str, agent: str, salt: str) -> str:
    """24 hexadecimal digits that say "the same" within one day, and nothing about whom once the salt is gone."""
    told = f"{address}\n{agent}".encode("utf-8", "replace")
    return hashlib.blake2b(told, digest_size=12, key=bytes.fromhex(salt)).hexdigest()


def client_address(peer: str, forwarded: str, proxies: int) -> str:
    """The browser's network address: the peer's, or what the outermost of our own `proxies` saw."""
    if not proxies:
        return peer
    named = [part.strip() for part in forwarded.split(",") if part.strip()]
    return named[-proxies][:64] if len(named) >= proxies else peer


@dataclass(slots=True)
class Floods:
    """Counts of arrivals by link and origin in this minute, of this process. Bounded: too many, and it starts again."""

    began: float = 0.0
    counts: dict[tuple[int, str], int] = field(default_factory=dict)

    def count(self, link_id: int, origin: str, now: float) -> int:
        """How many there were in this minute, this one included."""
        if now - self.began >= _MINUTE or len(self.counts) >= _MOST_COUNTED:
            self.began, self.counts = now, {}
        count = self.counts[link_id, origin] = self.counts.get((link_id, origin), 0) + 1
        return count
