"""The demo's sign-in for the sign-in page, so that nobody has to look for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from offerwell.demo.sign_in import SignIn, read_sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest


def demo_sign_in(request: HttpRequest) -> dict[str, Callable[[], SignIn | None]]:  # noqa: ARG001  Django's signature
    """Template context. A function, so that only the page that shows it reads the file."""
    return {"demo_sign_in": shown_sign_in}


def shown_sign_in() -> SignIn | None:
    """What everybody who reaches the page may read: nothing, unless the demo is declared and there is one."""
    return read_sign_in() if settings.OFFERWELL_DEMO else None
