"""Which addresses Offerwell sends a store's credentials to: Shopify's, or this machine's sandbox.

This is the guard against being pointed at an internal network. A host under `myshopify.com` is
Shopify's alone and proves itself by its certificate, so no address need be resolved and pinned.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from offerwell.integrations.store import BatchRefused, StoreError

_SHOP = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com", re.ASCII)
_ADMIN_PAGE = re.compile(r"(?:https://)?admin\.shopify\.com/store/([a-z0-9][a-z0-9-]{0,62})(?:/.*)?", re.ASCII)


def shop_origin(domain: str, *, allow_loopback: bool = False) -> str:
    """`https://NAME.myshopify.com`, or the loopback address of a sandbox store when that is allowed.

    Takes what people paste: with or without `https://`, a trailing slash, the admin page's address.
    Raises a permanent StoreError for anything else; nothing has been sent then.
    """
    text = domain.strip().lower()
    if allow_loopback and (origin := _loopback_origin(text)):
        return origin
    if page := _ADMIN_PAGE.fullmatch(text):
        return f"https://{page[1]}.myshopify.com"
    host = text.removeprefix("https://").rstrip("/")
    if not _SHOP.fullmatch(host):
        raise StoreError(_refusal(domain), permanent=True)
    return f"https://{host}"


def upload_address(url: str, *, loopback: bool) -> str:
    """The address a store gave for an upload, if it is https at a named host; else BatchRefused.

    `loopback` is for a sandbox store: only this machine then. The host is not Shopify's own (it is
    its storage provider's) and gets no credentials of ours.
    """
    if not _may_take_uploads(url, loopback=loopback):
        reason = f"The store wants its file at an address Offerwell does not send to ({url.strip()[:60]})."
        raise BatchRefused(reason, permanent=True)
    return url


def report_address(url: str, *, loopback: bool) -> str:
    """The address a store gave for a report, under the rules of `upload_address`; else a permanent StoreError."""
    if not _may_take_uploads(url, loopback=loopback):
        reason = f"The store keeps its report at an address Offerwell does not read from ({url.strip()[:60]})."
        raise StoreError(f"{reason} It looks the codes up.", permanent=True)
    return url


def _may_take_uploads(url: str, *, loopback: bool) -> bool:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.username or parts.password or parts.scheme not in {"http", "https"}:
        return False
    if loopback:
        return _origin(parts.scheme, host, port) is not None
    return parts.scheme == "https" and "." in host and not _is_ip(host)


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _loopback_origin(text: str) -> str | None:
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or parts.username or parts.path.strip("/") or parts.query:
        return None
    return _origin(parts.scheme, "127.0.0.1" if host == "localhost" else host, port)


def _origin(scheme: str, host: str, port: int | None) -> str | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if not address.is_loopback:
        return None
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}:{port}" if port else f"{scheme}://{name}"


def _refusal(domain: str) -> str:
    shown = domain.strip()[:80] or "an empty address"
    return f"{shown} is not a Shopify store address. Enter it as NAME.myshopify.com."
