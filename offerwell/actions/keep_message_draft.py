"""Keep what is typed of a message. Nothing is sent by it, and no member hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.models import Message, lock_workspace
from offerwell.rules.message_states import MessageState

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.queries.message_audience import Audience
    from offerwell.rules.permissions import Actor

LONGEST_SUBJECT, LONGEST_BODY = 300, 20_000


class NotADraft(Exception):
    """The message was confirmed before: its text stands. Nothing was changed."""

    def __init__(self, message: Message) -> None:
        super().__init__("This message was confirmed already, so its text can’t be changed any more.")
        self.message = message


def keep_message_draft(
    *, workspace_id: int, audience: Audience, key: str, subject: str, body: str, by: Actor, at: datetime
) -> Message:
    """Store the draft with this key, or its new text: the audience stays the one it began with.

    Too long texts are cut. It is a note, not a change: no event. Raises NotADraft.
    """
    subject, body = subject.replace("\0", "")[:LONGEST_SUBJECT], body.replace("\0", "")[:LONGEST_BODY]
    with transaction.atomic():
        lock_workspace(workspace_id)
        message = Message.objects.select_related("offer", "change__offer").filter(key=key).first()
        if message is None:
            return Message.objects.create(
                workspace_id=workspace_id, subject=subject, body=body, audience=audience.selection.to_json(),
                offer=audience.offer, change=audience.change, key=key, actor_id=by.user_id, actor_name=by.name,
                door=by.door, created_at=at, changed_at=at,
            )  # fmt: skip
        if message.state != MessageState.DRAFT:
            raise NotADraft(message)
        if (message.subject, message.body) != (subject, body):
            message.subject, message.body, message.changed_at = subject, body, at
            message.save(update_fields=["subject", "body", "changed_at"])
    return message
