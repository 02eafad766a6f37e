"""A redirect that knows nothing: the limit of the server with Python behind it."""

from __future__ import annotations


async def application(scope: dict[str, object], _receive: object, send: object) -> None:
    """Answer 302, always the same."""
    if scope["type"] == "http":
        head = {"type": "http.response.start", "status": 302, "headers": [(b"location", b"https://shop.example/")]}
        await send(head)  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]
