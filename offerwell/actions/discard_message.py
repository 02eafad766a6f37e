"""Throw a draft away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.keep_message_draft import NotADraft
from offerwell.actions.record_event import record_event
from offerwell.models import Message, lock_workspace
from offerwell.rules.message_states import MessageState

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


def discard_message(*, workspace_id: int, message_id: int, by: Actor, at: datetime) -> None:
    """Delete a draft. Raises NotADraft: what was confirmed is kept for ever."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        message = Message.objects.get(pk=message_id)
        if message.state != MessageState.DRAFT:
            raise NotADraft(message)
        record_event(
            workspace_id=workspace_id, kind="message_discarded", subject=f"message:{message.pk}",
            facts={"subject": message.subject}, by=by, at=at,
        )  # fmt: skip
        message.delete()
