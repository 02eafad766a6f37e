"""A creator adds a passkey, or removes one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from offerwell.actions.passkey_challenge import PasskeyNotTaken, keep_challenge, take_challenge
from offerwell.integrations.passkeys import PasskeyRefused, ask_to_make, made
from offerwell.models import Creator, Passkey
from offerwell.models.portal import secret_hash

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

MOST_PASSKEYS = 10


@dataclass(frozen=True, slots=True)
class Question:
    """What the browser is asked, as JSON, and the secret it answers with."""

    options: dict[str, Any]
    key: str


def ask_for_passkey(*, creator: Creator, site: str, at: datetime) -> Question:
    """Ask this creator's browser to make a passkey for `site`."""
    have = creator.passkeys.values_list("public", flat=True)
    asked = ask_to_make(site, handle=creator.handle, email=creator.email_key, have=have)
    return Question(asked.options, keep_challenge(asked.state, creator=creator, at=at))


def add_passkey(
    *, creator: Creator, site: str, key: str, answer: Mapping[str, Any], name: str, at: datetime
) -> Passkey:
    """Keep the passkey that the browser made. Raises PasskeyNotTaken."""
    state = take_challenge(key, creator=creator, at=at)
    try:
        new = made(site, state, answer)
    except PasskeyRefused as error:
        raise PasskeyNotTaken("The browser's answer could not be checked. Try again.") from error
    with transaction.atomic():
        list(Creator.objects.select_for_update().filter(pk=creator.pk))  # two tabs must not pass the limit together
        if creator.passkeys.count() >= MOST_PASSKEYS:
            raise PasskeyNotTaken(f"You have {MOST_PASSKEYS} passkeys. Remove one first.")
        hashed = secret_hash("credential", new.credential)
        if Passkey.objects.filter(credential_hash=hashed).exists():
            raise PasskeyNotTaken("This passkey was added before.")
        return Passkey.objects.create(
            creator=creator, name=" ".join(name.split())[:60] or "Passkey", credential_hash=hashed, public=new.public,
            sign_count=new.sign_count, created_at=at,
        )  # fmt: skip


def remove_passkey(*, creator: Creator, passkey_id: int) -> bool:
    """Remove one of the creator's own. Gives whether there was one."""
    removed, _ = Passkey.objects.filter(creator=creator, pk=passkey_id).delete()
    return bool(removed)
