"""Say that the use of codes is fine. They are listed again when their score has grown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from offerwell.actions.record_event import record_event
from offerwell.models import CodeLeak, lock_workspace
from offerwell.models.id_list import id_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from offerwell.rules.permissions import Actor

LONGEST_REASON = 200


class DismissalRefused(Exception):
    """Nothing was done. The sentence says why and what to do."""


def dismiss_leaks(*, workspace_id: int, code_ids: Sequence[int], reason: str, by: Actor, at: datetime) -> int:
    """Dismiss the scores that these codes have now. Gives how many. Raises DismissalRefused."""
    reason = " ".join(reason.split())
    if not code_ids:
        raise DismissalRefused("No codes are selected. Select one or more codes first.")
    if not reason:
        raise DismissalRefused("Say why this is fine: whoever looks next time reads it.")
    if len(reason) > LONGEST_REASON:
        raise DismissalRefused(f"The reason is {len(reason)} characters long. Use at most {LONGEST_REASON}.")
    with transaction.atomic():
        lock_workspace(workspace_id)
        found = CodeLeak.objects.filter(code__in=id_rows(code_ids))
        texts = list(found.order_by("pk").values_list("code__text", flat=True))
        if not texts:
            return 0
        found.update(dismissed_score=F("score"), dismissed_reason=reason, dismissed_by=by.name, dismissed_at=at)
        record_event(
            workspace_id=workspace_id, kind="leaks_dismissed", subject="workspace",
            facts={"codes": len(texts), "texts": texts[:20], "reason": reason}, by=by, at=at,
        )  # fmt: skip
    return len(texts)
