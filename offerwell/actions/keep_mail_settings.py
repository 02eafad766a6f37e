"""How messages of a workspace are signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.models import MailSettings, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


def keep_mail_settings(
    *, workspace_id: int, sender_name: str, reply_to: str, postal_address: str, by: Actor, at: datetime
) -> MailSettings:
    """Keep all three; an empty sender's name is the workspace's. Line breaks in the name become spaces."""
    kept = {
        "sender_name": " ".join(sender_name.split()), "reply_to": reply_to.strip(),
        "postal_address": postal_address.strip(),
    }  # fmt: skip
    with transaction.atomic():
        lock_workspace(workspace_id)
        row, _is_new = MailSettings.objects.update_or_create(workspace_id=workspace_id, defaults=kept)
        record_event(
            workspace_id=workspace_id, kind="mail_settings_changed", subject="mail_settings", facts=kept, by=by, at=at
        )
    return row
