"""The bytes of a body as they came, which is what a signature is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class BodyRefused(Exception):
    """It was not read, or is not whole. `status` is the answer's."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


def raw_body(environ: Mapping[str, Any], largest: int) -> bytes:
    """The body of a call. Raises BodyRefused: no length (411), too large (413: before it is read), not whole (400)."""
    length = environ.get("CONTENT_LENGTH") or ""
    if not (length.isascii() and length.isdigit()):
        raise BodyRefused(411, "Say how long the body is.")
    if int(length) > largest:
        raise BodyRefused(413, f"The body is larger than {largest} bytes.")
    try:
        body: bytes = environ["wsgi.input"].read(int(length))
    except OSError:
        body = b""
    if len(body) != int(length):
        raise BodyRefused(400, "The body is not whole.")
    return body
