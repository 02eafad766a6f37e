"""The fingerprint of a draft: the same as long as approving it would do the same."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from offerwell.models import Statement

if TYPE_CHECKING:
    from offerwell.models import PayoutRun


def payout_digest(run: PayoutRun) -> str:
    """SHA-256 (hex) over the draft's statements: who, what, and up to which entry."""
    columns = ("member_id", "currency", "opening", "earned", "pays", "lines", "last_entry")
    made = hashlib.sha256(f"payout 1;{run.pk};{run.until.isoformat()}".encode())
    rows = Statement.objects.filter(run=run).order_by("member_id", "currency").values_list(*columns)
    for row in rows.iterator(chunk_size=5_000):
        made.update(f";{row}".encode())
    return made.hexdigest()
