"""Sign a creator in with the code or the link of a mail: once, in time, and in the browser that asked for it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare

from offerwell.models import Creator, PortalSession, SignInRequest
from offerwell.models.portal import secret_hash
from offerwell.rules.sign_in import MOST_TRIES, browser_words, typed_code

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet


class SignInRefused(Exception):
    """The code or link does not sign in. Nobody was signed in. `is_over`: a new mail must be asked for."""

    def __init__(self, reason: str, *, is_over: bool) -> None:
        super().__init__(reason)
        self.is_over = is_over


_OVER = "This code does not work any more. Ask for a new mail."
_LINK_OVER = "This link was used already or is older than 10 minutes. Ask for a new mail."


def sign_in_by_code(*, browser_key: str, code: str, user_agent: str, at: datetime) -> str:
    """Give the key of a new session. Each try counts before it is looked at, also one that cannot be a code.

    Raises SignInRefused, with the same words for an address that nobody has.
    """
    if not _open(browser_key, at).filter(tries__lt=MOST_TRIES).update(tries=F("tries") + 1):
        raise SignInRefused(_OVER, is_over=True)
    asked = SignInRequest.objects.get(browser_hash=secret_hash("browser", browser_key))
    if not constant_time_compare(asked.code_hash, secret_hash("code", f"{asked.pk}:{typed_code(code)}")):
        raise _wrong(MOST_TRIES - asked.tries)
    return _sign_in(asked, user_agent=user_agent, at=at, over=_OVER)


def sign_in_by_link(*, browser_key: str, link: str, user_agent: str, at: datetime) -> str:
    """Give the key of a new session. Raises SignInRefused."""
    asked = asked_with_link(browser_key=browser_key, link=link, at=at)
    if asked is None:
        raise SignInRefused(_LINK_OVER, is_over=True)
    return _sign_in(asked, user_agent=user_agent, at=at, over=_LINK_OVER)


def asked_with_link(*, browser_key: str, link: str, at: datetime) -> SignInRequest | None:
    """The open request of this browser that the link belongs to."""
    return _open(browser_key, at).filter(link_hash=secret_hash("link", link)).first()


def start_session(*, creator: Creator, user_agent: str, at: datetime) -> str:
    """A new session's key. It is told once; the database keeps its hash."""
    key = secrets.token_urlsafe(32)
    PortalSession.objects.create(
        creator=creator, key_hash=secret_hash("session", key), browser=browser_words(user_agent)[:80],
        started_at=at, seen_at=at,
    )  # fmt: skip
    return key


def _open(browser_key: str, at: datetime) -> QuerySet[SignInRequest]:
    mine = SignInRequest.objects.filter(browser_hash=secret_hash("browser", browser_key))
    return mine.filter(used_at=None, expires_at__gt=at)


def _wrong(left: int) -> SignInRefused:
    if not left:
        return SignInRefused("That was the last try for this code. Ask for a new mail.", is_over=True)
    tries = "1 try" if left == 1 else f"{left} tries"
    return SignInRefused(f"That is not the code of the newest mail. You have {tries} left.", is_over=False)


def _sign_in(asked: SignInRequest, *, user_agent: str, at: datetime, over: str) -> str:
    with transaction.atomic():
        if not SignInRequest.objects.filter(pk=asked.pk, used_at=None).update(used_at=at, due_at=None):
            raise SignInRefused(over, is_over=True)
        creator = creator_of(asked.email_key, at=at)
        return start_session(creator=creator, user_agent=user_agent, at=at)


def creator_of(email_key: str, *, at: datetime) -> Creator:
    """The person of an address, made at the first sign-in."""
    found, _ = Creator.objects.get_or_create(
        email_key=email_key, defaults={"handle": secrets.token_hex(32), "created_at": at}
    )
    return found
