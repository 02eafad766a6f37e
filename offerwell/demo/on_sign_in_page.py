"""The demo's sign-in for the sign-in page, so that nobody has to look for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from offerwell.demo.creator import demo_creator
from offerwell.demo.sign_in import SignIn, read_sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest


def demo_sign_in(request: HttpRequest) -> dict[str, Callable[[], object]]:  # noqa: ARG001  Django's signature
    """Template context. Functions, so that only the pages that show it read the file or ask the database."""
    return {"demo_sign_in": shown_sign_in, "demo_creator": shown_creator}


def shown_sign_in() -> SignIn | None:
    """What everybody who reaches the page may read: nothing, unless the demo is declared and there is one."""
    return read_sign_in() if settings.OFFERWELL_DEMO else None


def shown_creator() -> str:
    """The address the portal's sign-in page offers; nothing, unless the demo is declared."""
    return demo_creator() if settings.OFFERWELL_DEMO else ""
