"""Append one fact to the workspace's hash chain. Call it last inside the transaction it records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import transaction

from offerwell.models import Event, lock_workspace
from offerwell.models.event import event_hash

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from offerwell.rules.permissions import Actor


@transaction.atomic
def record_event(
    *, workspace_id: int, kind: str, subject: str, facts: Mapping[str, Any], by: Actor, at: datetime
) -> Event:
    """Store the event after the newest of its workspace. `subject` names what it is about ("offer:7")."""
    lock_workspace(workspace_id)
    newest = Event.objects.order_by("-seq").values("seq", "hash").first() or {"seq": 0, "hash": ""}
    event = Event(
        workspace_id=workspace_id, seq=newest["seq"] + 1, at=at, actor_id=by.user_id, actor_name=by.name, door=by.door,
        kind=kind, subject=subject, body=json.dumps(facts, sort_keys=True, ensure_ascii=False),
        previous_hash=newest["hash"],
    )  # fmt: skip
    event.hash = event_hash(event)
    event.save(force_insert=True)
    return event
