"""Keep a text to begin messages with; throw one away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.confirm_message import MessageRefused
from offerwell.actions.record_event import record_event
from offerwell.models import MessageTemplate, lock_workspace
from offerwell.rules.merge_fields import field_problem

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


def save_message_template(
    *, workspace_id: int, template_id: int | None, name: str, subject: str, body: str, by: Actor, at: datetime
) -> MessageTemplate:
    """Store a new one, or a new text of one. Raises MessageRefused, which names the field."""
    name = " ".join(name.replace("\0", "").split())
    subject, body = subject.replace("\0", ""), body.replace("\0", "")
    _check(name, subject, body)
    with transaction.atomic():
        lock_workspace(workspace_id)
        if MessageTemplate.objects.filter(name_key=name.lower()).exclude(pk=template_id or 0).exists():
            raise MessageRefused("name", f"There is a template “{name}” already. Choose another name.")
        kept = {
            "name": name, "name_key": name.lower(), "subject": subject, "body": body, "changed_at": at,
            "changed_by": by.name,
        }  # fmt: skip
        if template_id is None:
            row = MessageTemplate.objects.create(workspace_id=workspace_id, **kept)
        else:
            MessageTemplate.objects.filter(pk=template_id).update(**kept)
            row = MessageTemplate.objects.get(pk=template_id)
        _record("message_template_saved", row, by=by, at=at)
    return row


def delete_message_template(*, workspace_id: int, template_id: int, by: Actor, at: datetime) -> None:
    """Messages that began with it keep their text. Raises MessageTemplate.DoesNotExist."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        row = MessageTemplate.objects.get(pk=template_id)
        _record("message_template_deleted", row, by=by, at=at)
        row.delete()


def _check(name: str, subject: str, body: str) -> None:
    if not name:
        raise MessageRefused("name", "Give the template a name.")
    for field, text in (("subject", subject), ("body", body)):
        if problem := field_problem(text):
            raise MessageRefused(field, problem)


def _record(kind: str, row: MessageTemplate, *, by: Actor, at: datetime) -> None:
    record_event(
        workspace_id=row.workspace_id, kind=kind, subject=f"message_template:{row.pk}", facts={"name": row.name},
        by=by, at=at,
    )  # fmt: skip
