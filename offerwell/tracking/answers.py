"""What this door answers: a redirect, or one of few small pages. Nothing here runs or loads anything."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

Headers = list[tuple[bytes, bytes]]
_ALWAYS: Headers = [
    (b"cache-control", b"no-store, private"),
    (b"x-robots-tag", b"noindex"),
    (b"x-content-type-options", b"nosniff"),
]
_PAGE: Headers = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
]
_LAYOUT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title}</title></head>
<body><main><h1>{title}</h1><p>{text}</p></main></body></html>
"""


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers, body."""

    status: int
    headers: Headers
    body: bytes = b""


def redirect(location: str, cookie: str = "") -> Reply:
    """302. An address is ASCII without control characters by its making; one that is not is an error, never sent."""
    if not location.isascii() or not location.isprintable():
        raise ValueError("A redirect must be printable ASCII.")
    headers = [(b"location", location.encode()), *_ALWAYS]
    return Reply(302, [*headers, (b"set-cookie", cookie.encode())] if cookie else headers)


def ended_page(brand: str, offer: str) -> Reply:
    """The offer's own choice for its dead links."""
    title = f"{offer} is not available"
    return _page(410, title, f"This link of {brand} does not work any more.")


def unknown_page() -> Reply:
    """No such link."""
    return _page(404, "Unknown link", "There is no such link. Check its address.")


def too_long() -> Reply:
    """No link is as long as this."""
    return plain(414, "Too long.\n")


def busy_page() -> Reply:
    """Nobody can say now where the link leads."""
    reply = _page(503, "Please try again", "This link cannot be opened right now. Try again in a minute.")
    return Reply(reply.status, [*reply.headers, (b"retry-after", b"5")], reply.body)


def plain(status: int, text: str) -> Reply:
    """A line of text."""
    return Reply(status, [(b"content-type", b"text/plain; charset=utf-8"), *_ALWAYS], text.encode())


def _page(status: int, title: str, text: str) -> Reply:
    shown = _LAYOUT.format(title=escape(title), text=escape(text))
    return Reply(status, [*_PAGE, *_ALWAYS], shown.encode())
