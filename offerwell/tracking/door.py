"""One arrival: which link, does it work now, keep the click, then answer.

A redirect that carries a click's key is sent only after the click is on the disk. Where the database takes no click in
time, the shopper goes on without one: our trouble costs a count, not a sale.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from offerwell.rules.bots import Bot, bot_of
from offerwell.rules.web_address import read_address
from offerwell.tracking import answers
from offerwell.tracking.clicks import Arrival, new_key, read_salts, store_clicks
from offerwell.tracking.database import Database, Place
from offerwell.tracking.links import Host, Link, LinkReader, read_hosts
from offerwell.tracking.remembered import Remembered
from offerwell.tracking.together import Together
from offerwell.tracking.visitors import (
    MOST_A_MINUTE,
    MOST_KEPT_A_MINUTE,
    Floods,
    client_address,
    new_visitor,
    origin_of,
    set_cookie,
    visitor_in,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from offerwell.tracking.answers import Reply

log = logging.getLogger("offerwell.tracking")
LONGEST_PATH = 200
_SLUG = re.compile(r"/([a-z0-9][a-z0-9-]{0,79})/?", re.ASCII)
_READ = (
    b"host", b"user-agent", b"cookie", b"x-forwarded-for", b"sec-gpc", b"purpose", b"sec-purpose", b"x-purpose",
    b"x-moz",
)  # fmt: skip
_LONGEST_HEADER = 4_000
_DAY_AND_MORE = 2 * 86_400.0


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """`base` is the address that links are given out with; `proxies` how many of our own stand before this door."""

    base: str = ""
    proxies: int = 0

    @property
    def is_secure(self) -> bool:
        """Whether browsers come by https."""
        return self.base.startswith("https://")


class LinkDoor:
    """The ASGI application."""

    def __init__(self, place: Place, settings: DoorSettings) -> None:
        links, hosts, salts, clicks = (Database(place) for _ in range(4))
        self.settings = settings
        self.links: Remembered[Link] = Remembered("links", LinkReader(links).read)
        self.hosts: Remembered[Host] = Remembered("hosts", lambda names: read_hosts(hosts, names))
        self.salts: Remembered[str] = Remembered("salts", lambda days: read_salts(salts, days), fresh=_DAY_AND_MORE)
        self.clicks: Together[Arrival, bool] = Together("clicks", lambda arrivals: store_clicks(clicks, arrivals))
        self.floods = Floods()
        self.shared = read_address(settings.base)
        self._own_salt = secrets.token_hex(32)

    async def __call__(
        self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        """Answer one connection's request."""
        if scope["type"] != "http":
            await _lifespan(scope, receive, send)
            return
        reply = await self.answer(scope)
        body = b"" if scope["method"] == "HEAD" else reply.body
        headers = [*reply.headers, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def answer(self, scope: dict[str, Any]) -> Reply:
        """The reply to one request."""
        path = scope["path"]
        if len(path) > LONGEST_PATH:
            return answers.too_long()
        if scope["method"] not in {"GET", "HEAD"}:
            return answers.plain(405, "Links are only opened.\n")
        found = _SLUG.fullmatch(path.lower())
        if found is None or found[1] in _OWN_PATHS:
            return await self._own_path(path)
        headers = _headers_of(scope)
        return await self._arrived(found[1], scope, headers)

    async def _own_path(self, path: str) -> Reply:
        if path == "/healthz":
            return answers.plain(200, "ok\n")
        if path == "/robots.txt":
            return answers.plain(200, "User-agent: *\nDisallow: /\n")
        return answers.unknown_page()

    async def _arrived(self, slug: str, scope: dict[str, Any], headers: dict[str, str]) -> Reply:
        host = await self._host(headers.get("host", ""))
        answered = self.links.known(slug) or await self.links.ask(slug)
        is_sure, answered = answered is not None, answered or self.links.last(slug)
        if answered is None:
            return answers.busy_page()
        link = answered.found
        if link is None or (host is not None and host.workspace_id != link.workspace_id):
            return _to_unknown(host)
        return await self._opened(link, scope, headers, is_sure=is_sure)

    async def _host(self, name: str) -> Host | None:
        """The brand whose own host was asked; None for the shared one. One brand's links do not work on another's."""
        name = name.lower()
        if self.shared is not None and name == self.shared.domain:
            return None
        name = name.partition(":")[0]
        answered = self.hosts.known(name) or await self.hosts.ask(name)
        return answered.found if answered is not None else None

    async def _opened(self, link: Link, scope: dict[str, Any], headers: dict[str, str], *, is_sure: bool) -> Reply:
        """`is_sure`: the database said so just now. Else it is away, and nobody waits for it again."""
        at = datetime.now(UTC)
        outcome, route, key = link.outcome(at), link.route, new_key()
        seen = await self._seen(link, scope, headers, at)
        arrival = Arrival(
            link.workspace_id, link.id, link.offer_id, link.member_id, key, str(at.replace(tzinfo=None)),
            str(link.day(at)), outcome, seen.visitor, seen.origin, seen.bot,
        )  # fmt: skip
        kept = self.clicks.ask(arrival) if seen.is_worth_keeping else None
        is_kept = await kept if kept is not None and is_sure else None
        if outcome != "click" or not route.head:
            return answers.redirect(route.dead_to) if route.dead_to else answers.ended_page(link.brand, seen.offer)
        return answers.redirect(f"{route.head}{key}{route.tail}" if is_kept else route.untracked, seen.cookie)

    async def _seen(self, link: Link, scope: dict[str, Any], headers: dict[str, str], at: datetime) -> Seen:
        agent = headers.get("user-agent", "")
        peer = scope["client"][0] if scope.get("client") else ""
        address = client_address(peer, headers.get("x-forwarded-for", ""), self.settings.proxies)
        origin = origin_of(address, agent, await self._salt(link, at))
        bot = bot_of(scope["method"], agent, headers)
        count = self.floods.count(link.id, origin, time.monotonic())
        bot = bot or (Bot.FLOOD if count > MOST_A_MINUTE else "")
        offer, is_worth_keeping = link.facts.owner.offer_name, count <= MOST_KEPT_A_MINUTE
        if not link.uses_cookie or bot or headers.get("sec-gpc") == "1":
            return Seen(origin, origin, str(bot), "", offer, is_worth_keeping=is_worth_keeping)
        known = visitor_in(headers.get("cookie", ""), link.workspace_id)
        visitor = known or new_visitor()
        cookie = "" if known else set_cookie(link.workspace_id, visitor, is_secure=self.settings.is_secure)
        return Seen(visitor, origin, "", cookie, offer, is_worth_keeping=is_worth_keeping)

    async def _salt(self, link: Link, at: datetime) -> str:
        """The day's key. Without a database this process hashes under one that nobody keeps."""
        name = f"{link.workspace_id}/{link.day(at)}"
        answered = self.salts.known(name) or await self.salts.ask(name)
        return (answered.found if answered is not None else None) or self._own_salt


@dataclass(frozen=True, slots=True)
class Seen:
    """What is kept of who arrived, the cookie to set, and the offer's name."""

    visitor: str
    origin: str
    bot: str
    cookie: str
    offer: str
    is_worth_keeping: bool


_OWN_PATHS = frozenset({"healthz", "robots", "favicon"})


def _to_unknown(host: Host | None) -> Reply:
    to = read_address(host.unknown_link_to) if host is not None and host.unknown_link_to else None
    return answers.redirect(str(to)) if to is not None else answers.unknown_page()


def _headers_of(scope: dict[str, Any]) -> dict[str, str]:
    return {
        name.decode(): value[:_LONGEST_HEADER].decode("latin-1") for name, value in scope["headers"] if name in _READ
    }


async def _lifespan(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    while scope["type"] == "lifespan":
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
