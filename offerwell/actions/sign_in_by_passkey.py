"""Sign a creator in with a passkey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from offerwell.actions.add_passkey import Question
from offerwell.actions.passkey_challenge import PasskeyNotTaken, keep_challenge, take_challenge
from offerwell.actions.sign_in_creator import start_session
from offerwell.integrations.passkeys import PasskeyRefused, ask_to_sign, credential_of, signed
from offerwell.models import Passkey
from offerwell.models.portal import secret_hash

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# One text for a passkey we do not know and one that does not fit: nothing is told of what exists.
_REFUSED = "This passkey was not accepted. Sign in with your e-mail instead."


def ask_passkey_to_sign(*, site: str, at: datetime) -> Question:
    """Ask a browser for a passkey of `site`; whose it is, its answer tells."""
    asked = ask_to_sign(site)
    return Question(asked.options, keep_challenge(asked.state, creator=None, at=at))


def sign_in_by_passkey(*, site: str, key: str, answer: Mapping[str, Any], user_agent: str, at: datetime) -> str:
    """Give the key of a new session. Raises PasskeyNotTaken."""
    state = take_challenge(key, creator=None, at=at)
    try:
        return _sign_in(site, state, answer, user_agent=user_agent, at=at)
    except PasskeyRefused as error:
        raise PasskeyNotTaken(_REFUSED) from error


def _sign_in(site: str, state: Mapping[str, Any], answer: Mapping[str, Any], *, user_agent: str, at: datetime) -> str:
    with transaction.atomic():
        rows = Passkey.objects.select_for_update(of=("self",)).select_related("creator")
        passkey = rows.filter(credential_hash=secret_hash("credential", credential_of(answer))).first()
        if passkey is None:
            raise PasskeyRefused("It is not known.")
        count = signed(site, state, answer, public=passkey.public, sign_count=passkey.sign_count)
        Passkey.objects.filter(pk=passkey.pk).update(sign_count=count, used_at=at)
        return start_session(creator=passkey.creator, user_agent=user_agent, at=at)
