"""An address gets no messages of this workspace any more: by its owner, by a bounce or complaint, or by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.models import Suppression, SuppressionReason, lock_workspace

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


class NoAddress(ValueError):
    """What was typed is no e-mail address. The text is for a person."""


def suppress_address(
    *, workspace_id: int, address: str, reason: SuppressionReason, note: str = "", by: Actor, at: datetime
) -> bool:
    """Add the address. Gives whether it is new: one that is there keeps its first reason. Raises NoAddress."""
    address = address.strip()
    try:
        validate_email(address)
    except ValidationError as odd:
        raise NoAddress("Write one e-mail address, for example nora@example.com.") from odd
    with transaction.atomic():
        lock_workspace(workspace_id)
        _row, is_new = Suppression.objects.get_or_create(
            workspace_id=workspace_id, address_key=address.lower(),
            defaults={"address": address, "reason": reason, "note": note[:300], "at": at, "by": by.name},
        )  # fmt: skip
        if is_new:
            record_event(
                workspace_id=workspace_id, kind="address_suppressed", subject="suppressions",
                facts={"address": address, "reason": str(reason)}, by=by, at=at,
            )  # fmt: skip
    return is_new
