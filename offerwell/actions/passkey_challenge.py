"""What a browser is asked to sign is kept for some minutes, and used once."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from offerwell.models import PasskeyChallenge
from offerwell.models.portal import secret_hash
from offerwell.rules.sign_in import CHALLENGE_LIVES

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Creator


class PasskeyNotTaken(Exception):
    """The passkey was not taken. Nothing was changed, nobody was signed in. The text is for a person."""


def keep_challenge(state: dict[str, Any], *, creator: Creator | None, at: datetime) -> str:
    """Keep it; gives the secret of the browser that must answer. What is over is cleared away on the way."""
    key = secrets.token_urlsafe(32)
    PasskeyChallenge.objects.filter(expires_at__lte=at).delete()
    PasskeyChallenge.objects.create(
        browser_hash=secret_hash("challenge", key), creator=creator, state=state, expires_at=at + CHALLENGE_LIVES
    )
    return key


def take_challenge(key: str, *, creator: Creator | None, at: datetime) -> dict[str, Any]:
    """What this browser was asked, for the last time. Raises PasskeyNotTaken."""
    mine = PasskeyChallenge.objects.filter(browser_hash=secret_hash("challenge", key), creator=creator)
    found = mine.filter(expires_at__gt=at).first()
    if found is None or not PasskeyChallenge.objects.filter(pk=found.pk).delete()[0]:
        raise PasskeyNotTaken("That took too long, or was sent twice. Try again.")
    return dict(found.state)
