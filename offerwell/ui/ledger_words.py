"""What made a ledger entry, in words."""

from __future__ import annotations

CAUSES = {
    "order": "Order", "refund": "Refund", "cancelled": "Cancelled", "change": "Order changed", "rejected": "Rejected",
    "accepted": "Accepted again", "clicks": "Unique clicks", "rules": "Other attribution rules",
}  # fmt: skip
