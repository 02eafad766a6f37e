"""Ask for a mail that signs in to the Creator Portal. Known and unknown addresses are treated alike, to the row.

Whether anybody has the address is found out by a worker (`actions/send_sign_in_mail.py`): the page that asks cannot
tell, by its words, its status or its time.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.jobs import wake
from offerwell.models import SignInRequest
from offerwell.models.portal import lock_sign_ins, secret_hash
from offerwell.rules.sign_in import CODE_LIVES, PER_ADDRESS, PER_ADDRESS_HERE, PER_NETWORK, Limit, email_key

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet


class TooManyAsked(Exception):
    """Too many mails were asked for. Nothing was done; `minutes` from now it works again. The text is for a person."""

    def __init__(self, minutes: int) -> None:
        wait = "1 minute" if minutes == 1 else f"{minutes} minutes"
        super().__init__(f"Too many mails were asked for. Wait {wait}, then try again, or sign in with a passkey.")
        self.minutes = minutes


def ask_for_sign_in(*, email: str, network: str, origin: str, at: datetime) -> str:
    """Let a worker send a code and a link for `origin`, if somebody has the address.

    Gives the secret of the browser that asks: only with it the code and the link work. Raises TooManyAsked.
    """
    browser_key = secrets.token_urlsafe(32)
    key, place = email_key(email), secret_hash("network", network)
    with transaction.atomic():
        lock_sign_ins()
        for_address = SignInRequest.objects.filter(email_key=key)
        from_network = SignInRequest.objects.filter(network=place)
        _refuse_beyond(PER_ADDRESS_HERE, for_address.filter(network=place), at)
        _refuse_beyond(PER_ADDRESS, for_address, at)
        _refuse_beyond(PER_NETWORK, from_network, at)
        asked = SignInRequest.objects.create(
            email_key=key, network=place, browser_hash=secret_hash("browser", browser_key), origin=origin,
            asked_at=at, expires_at=at + CODE_LIVES, due_at=at,
        )  # fmt: skip
        wake("send_sign_in_mail", asked.pk)
    return browser_key


def _refuse_beyond(limit: Limit, asked: QuerySet[SignInRequest], at: datetime) -> None:
    """The request that must grow old first says how long to wait."""
    recent = asked.filter(asked_at__gt=at - limit.within).order_by("-asked_at").values_list("asked_at", flat=True)
    oldest_counted = list(recent[limit.most - 1 : limit.most])
    if oldest_counted:
        left = oldest_counted[0] + limit.within - at
        raise TooManyAsked(int(left.total_seconds()) // 60 + 1)
