"""How many letters of messages a workspace has had, or planned, on one of its days."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import F, Sum

from offerwell.models import Message
from offerwell.rules.message_states import MessageState
from offerwell.rules.schedule import day_of

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Workspace

_NONE_LEFT = [MessageState.DRAFT, MessageState.MISSED]


def letters_on_day(workspace: Workspace, at: datetime) -> int:
    """Letters of all messages whose time is on the day of `at`, by the workspace's clock. Those called back are none.

    It is counted from the messages themselves, so nothing forgets it.
    """
    start = day_of(at, workspace.timezone)
    end = day_of(start + timedelta(hours=36), workspace.timezone)  # the next midnight, also where the clock changes
    rows = Message.objects.filter(send_at__gte=start, send_at__lt=end).exclude(state__in=_NONE_LEFT)
    return rows.aggregate(letters=Sum(F("recipients") - F("skipped"), default=0))["letters"]
