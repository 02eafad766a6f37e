"""The portal's own cookies: one person may be signed in here and as a team member, and neither opens the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from offerwell.rules.sign_in import CHALLENGE_LIVES, CODE_LIVES, SESSION_LIVES

if TYPE_CHECKING:
    from datetime import timedelta

    from django.http import HttpRequest, HttpResponse

_PREFIX = "__Host-portal" if settings.SESSION_COOKIE_SECURE else "portal"
SESSION = _PREFIX
ASKING = f"{_PREFIX}-asking"
PASSKEY = f"{_PREFIX}-passkey"
_LIVES: dict[str, timedelta] = {SESSION: SESSION_LIVES, ASKING: CODE_LIVES, PASSKEY: CHALLENGE_LIVES}


def read(request: HttpRequest, name: str) -> str:
    """Its value; empty without it."""
    return request.COOKIES.get(name, "")


def put(response: HttpResponse, name: str, value: str) -> None:
    """Set it for as long as what it stands for lives. Lax: the link of a mail must bring it along."""
    response.set_cookie(
        name, value, max_age=_LIVES[name], secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )


def drop(response: HttpResponse, name: str) -> None:
    """Take it back, with the attributes it was set with: browsers refuse a __Host- cookie without them."""
    response.set_cookie(name, "", max_age=0, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax")
