"""Call a confirmed message back: all of it before the first letter went, else what still waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from offerwell.actions.record_event import record_event
from offerwell.models import Message, MessageRecipient, lock_workspace
from offerwell.rules.message_states import CANCELLED_BEFORE, LetterState, MessageState

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


class NothingToCall(Exception):
    """It is over, or was never confirmed. Nothing was done; the text says which."""


def cancel_message(*, workspace_id: int, message_id: int, by: Actor, at: datetime) -> Message:
    """Nothing went yet: it is a draft again. Else the rest is cancelled. Raises NothingToCall.

    A worker asks for the state with each letter it takes, so nothing is sent after this.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        message = Message.objects.select_for_update(of=("self",)).get(pk=message_id)
        if not MessageState(message.state).is_under_way:
            raise NothingToCall(_over(message))
        stopped = MessageRecipient.objects.filter(message=message, state=LetterState.WAITING)
        stopped_count = stopped.update(state=LetterState.SKIPPED, reason=CANCELLED_BEFORE, settled_at=at)
        has_begun = MessageRecipient.objects.filter(message=message).exclude(handed_over_at=None).exists()
        message.due_at, message.changed_at, message.reason = None, at, ""
        if has_begun:
            message.state, message.ended_at = str(MessageState.CANCELLED), at
            message.skipped = F("skipped") + stopped_count
        else:
            _back_to_draft(message)
        message.save(update_fields=[
            "state", "due_at", "changed_at", "reason", "ended_at", "skipped", "recipients", "confirmed_at",
            "confirmed_by", "send_at", "zone",
        ])  # fmt: skip
        record_event(
            workspace_id=workspace_id, kind="message_cancelled", subject=f"message:{message.pk}",
            facts={"stopped": stopped_count, "had_begun": has_begun}, by=by, at=at,
        )  # fmt: skip
    message.refresh_from_db()
    return message


def _back_to_draft(message: Message) -> None:
    MessageRecipient.objects.filter(message=message).delete()
    message.state, message.ended_at = str(MessageState.DRAFT), None
    message.recipients = message.skipped = 0
    message.confirmed_at, message.confirmed_by, message.send_at, message.zone = None, "", None, ""


def _over(message: Message) -> str:
    if message.state == MessageState.SENT:
        return "It is too late: the message was sent."
    if message.state == MessageState.DRAFT:
        return "This is a draft: nothing of it is being sent."
    return "There is nothing left to cancel."
