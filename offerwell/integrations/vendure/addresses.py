"""Which addresses Offerwell sends a Vendure login to: public https servers, this machine, and named own hosts.

Anybody may run a Vendure, so the address says nothing about who answers. This is the guard against being
pointed at an internal network: a public name is resolved once per connection, and only public addresses are
connected to (`public_http`).
"""

from __future__ import annotations

import re
import socket
import urllib.request
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from offerwell.integrations.graphql.wire import TIMEOUTS, new_http
from offerwell.integrations.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Collection

DEFAULT_PATH = "/admin-api"
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.ASCII)
_PATH = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+", re.ASCII)
_CHANNEL = re.compile(r"[A-Za-z0-9_.-]{1,100}", re.ASCII)
# Addresses that carry an IPv4 address inside: what they lead to is not theirs to say.
_CARRIERS = tuple(IPv6Network(text) for text in ("::/96", "::ffff:0:0/96", "64:ff9b::/96", "2002::/16"))


@dataclass(frozen=True, slots=True)
class Address:
    """An Admin API and one of its channels (empty: the default one). `is_own`: this machine or a named own host."""

    endpoint: str
    channel: str = ""
    is_own: bool = False

    @property
    def kept(self) -> str:
        """As the store's row keeps it: the channel stands behind a #, so that each is a store of its own."""
        return f"{self.endpoint}#{self.channel}" if self.channel else self.endpoint


def admin_address(text: str, *, own_hosts: Collection[str] = ()) -> Address:
    """The Admin API of what people paste: with or without `https://` and `/admin-api`, `#` before a channel's token.

    http is for this machine and for `own_hosts`. Raises a permanent StoreError for anything else; nothing has
    been sent then.
    """
    place, _, channel = text.strip().partition("#")
    try:
        parts = urlsplit(place if "://" in place else f"https://{place}")
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise _refused(text) from error
    path = parts.path.rstrip("/") or DEFAULT_PATH
    if (
        parts.scheme not in {"http", "https"} or parts.username or parts.password or parts.query
        or not _PATH.fullmatch(path) or (channel and not _CHANNEL.fullmatch(channel))
    ):  # fmt: skip
        raise _refused(text)
    host = "127.0.0.1" if host == "localhost" else host
    is_own = _is_loopback(host) or host in own_hosts
    if not is_own and not _is_public_name(host):
        raise _refused(text)
    if not is_own and parts.scheme != "https":
        raise StoreError(f"{host} must be reached by https. Enter it as https://{host}{path}.", permanent=True)
    name = f"[{host}]" if ":" in host else host
    return Address(f"{parts.scheme}://{name}{f':{port}' if port else ''}{path}", channel, is_own)


def http_for(address: Address) -> httpx.Client:
    """A connection pool for the store. Where the machine has a proxy for https, that decides who is reached."""
    if address.is_own:
        return new_http(loopback=True)
    if urllib.request.getproxies().get("https"):
        return new_http(loopback=False)
    return httpx.Client(timeout=TIMEOUTS, follow_redirects=False, transport=_PublicOnly())


class _PublicOnly(httpx.HTTPTransport):
    """Resolves a name itself and connects to what it has looked at: nothing can change in between."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        request.url = request.url.copy_with(host=public_address(host, request.url.port or 443))
        request.extensions = {**request.extensions, "sni_hostname": host}
        return super().handle_request(request)


def public_address(host: str, port: int) -> str:
    """An address of `host`, when all of them are public; else httpx.ConnectError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpx.ConnectError(f"{host} has no address") from error
    addresses = [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not addresses or not all(is_public(address) for address in addresses):
        raise httpx.ConnectError(f"{host} is not on the public internet")
    return str(addresses[0])


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is the internet's own, and carries no other inside."""
    if isinstance(address, IPv6Address) and any(address in network for network in _CARRIERS):
        return False
    return address.is_global and not address.is_multicast


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_public_name(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        # The last label of a name has a letter: 127.1 and 0x7f.1 are addresses to some resolvers.
        return "." in host and bool(_HOST.fullmatch(host)) and host.rsplit(".", 1)[1].isalpha()
    return False


def _refused(text: str) -> StoreError:
    shown = text.strip()[:80] or "an empty address"
    return StoreError(
        f"{shown} is not the address of a Vendure server. Enter that of its Admin API, for example "
        "https://shop.example.com/admin-api.",
        permanent=True,
    )
