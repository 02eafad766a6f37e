"""Post what orders have earned and was not posted yet: target − posted, as new balanced entries. Nothing is edited.

Posting again finds no difference: whatever is repeated, reordered or interrupted comes to the same sums.
Inside the transaction of whoever changed the orders or conversions, which holds the workspace's lock.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.db.models import Max, Sum

from offerwell.models import Account, LedgerEntry
from offerwell.models.id_list import id_rows
from offerwell.models.json_rows import insert_rows
from offerwell.queries.commission_targets import commission_targets
from offerwell.rules.commission import postings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from offerwell.models import Order
    from offerwell.rules.commission import Posting

_ENTRY = (
    "workspace_id", "order_id", "seq", "account", "member_id", "currency", "amount", "version", "cause", "at",
)  # fmt: skip
_Entry = tuple[int, int, int, str, int, str, int, int, str, "datetime"]


def post_commission(*, orders: Sequence[Order], at: datetime, cause: str = "") -> int:
    """Bring the ledger of these orders to what they should have earned. Gives how many postings that took.

    `cause` says what made the difference; empty: it is read off the order.
    """
    ids = [order.pk for order in orders]
    targets = commission_targets(ids)
    posted, last = _posted(ids)
    entries: list[_Entry] = []
    for order in orders:
        found = postings(targets.get(order.pk, {}), posted.get(order.pk, {}))
        for seq, posting in enumerate(found, start=last.get(order.pk, 0) + 1):
            entries += _sides(order, seq, posting, at, cause or _cause(order, is_first=order.pk not in last))
    insert_rows(LedgerEntry, _ENTRY, entries)
    return len(entries) // 2


def _posted(ids: Sequence[int]) -> tuple[dict[int, dict[tuple[int, str], int]], dict[int, int]]:
    """Order → (member, currency) → sum, and order → its last posting."""
    posted: dict[int, dict[tuple[int, str], int]] = defaultdict(dict)
    last: dict[int, int] = defaultdict(int)
    entries = LedgerEntry.objects.filter(order__in=id_rows(ids), account=Account.MEMBER).order_by()
    sums = entries.values_list("order_id", "member_id", "currency").annotate(total=Sum("amount"), seq=Max("seq"))
    for order_id, member_id, currency, total, seq in sums:
        posted[order_id][member_id, currency] = int(total)
        last[order_id] = max(last[order_id], seq)
    return posted, last


def _cause(order: Order, *, is_first: bool) -> str:
    if is_first:
        return "order"
    if order.cancelled_at is not None:
        return "cancelled"
    return "refund" if order.refunded else "change"


def _sides(order: Order, seq: int, posting: Posting, at: datetime, cause: str) -> list[_Entry]:
    return [
        (
            order.workspace_id, order.pk, seq, str(account), posting.member_id, posting.currency, amount, order.version,
            cause, at,
        )
        for account, amount in ((Account.MEMBER, posting.amount), (Account.BRAND, -posting.amount))
    ]  # fmt: skip
