"""Who a person saw would get a message, signed: only what was shown can be confirmed, by the person who saw it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.core import signing

from offerwell.queries.message_audience import Reach

if TYPE_CHECKING:
    from offerwell.models import Message, User

_SALT = "offerwell.message"
_MAX_AGE_SECONDS = 3_600


class NotShown(Exception):
    """There is no valid confirm step with this press. Nothing was sent. The text is for a person."""


def reach_token(message: Message, reach: Reach, user: User) -> str:
    """A signed token for the confirm form."""
    body = [user.pk, message.pk, _text_hash(message), reach.meant, reach.reached, [list(one) for one in reach.left_out]]
    return signing.dumps(body, salt=_SALT)


def shown_reach(token: str, message: Message, user: User) -> Reach:
    """What was shown. Raises NotShown."""
    try:
        read = signing.loads(token, salt=_SALT, max_age=_MAX_AGE_SECONDS)
        user_id, message_id, text, meant, reached, left_out = read
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise NotShown("Look at who gets the message, then confirm.") from error
    if (user_id, message_id) != (user.pk, message.pk):
        raise NotShown("That was another message. Look at who gets this one, then confirm.")
    if text != _text_hash(message):
        raise NotShown("The text was changed since you looked. Nothing was sent; read it, then confirm.")
    return Reach(meant, reached, tuple((str(name), int(count)) for name, count in left_out))


def _text_hash(message: Message) -> str:
    return hashlib.sha256(f"{message.subject}\n{message.body}".encode()).hexdigest()
