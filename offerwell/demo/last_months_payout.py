"""A payout of the sample workspace: orders of the weeks before, one statement paid, and what has come in since."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from offerwell.actions.approve_payout import approve_payout
from offerwell.actions.draft_payout import draft_payout
from offerwell.actions.pay_statements import Proof, pay_run
from offerwell.actions.record_order import record_orders
from offerwell.models import CodeHistory
from offerwell.queries.payout_digest import payout_digest
from offerwell.rules.order_snapshot import LineSnapshot, OrderSnapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from offerwell.models import Offer, Store
    from offerwell.rules.permissions import Actor

_ORDERS = 36
_GOODS = (("Night cream", 4_900), ("Vitamin serum", 6_200), ("Sun fluid", 2_800), ("Travel set", 3_500))


def pay_last_month(*, offer: Offer, store: Store, by: Actor, at: datetime) -> None:
    """Orders of `offer` over the four weeks before; those older than ten days are paid."""
    texts = list(CodeHistory.objects.filter(code__offer=offer).order_by("pk").values_list("text", flat=True)[:9])
    if not texts:
        return
    snapshots = list(_orders(texts, at))
    record_orders(store=store, snapshots=snapshots, read_at=at, at=at)
    workspace_id, last_day = store.workspace_id, (at - timedelta(days=11)).date()
    run = draft_payout(workspace_id=workspace_id, last_day=last_day, by=by, at=at - timedelta(days=3))
    approve_payout(
        workspace_id=workspace_id, run_id=run.pk, digest=payout_digest(run), by=by, at=at - timedelta(days=3)
    )
    paid_at = at - timedelta(days=2)
    proof = Proof(paid_at.date(), "Payouts batch 14")
    pay_run(workspace_id=workspace_id, run_id=run.pk, proof=proof, by=by, at=paid_at)
    draft_payout(workspace_id=workspace_id, last_day=(at - timedelta(days=1)).date(), by=by, at=at)


def _orders(texts: list[str], at: datetime) -> Iterator[OrderSnapshot]:
    for number in range(_ORDERS):  # every eleventh had something sent back
        placed_at = at - timedelta(days=28) + timedelta(hours=18 * number)
        lines = tuple(
            LineSnapshot(f"{number}-{place}", title, 1, 1, net)
            for place, (title, net) in enumerate(_GOODS) if (number + place) % 3 == 0 or place == number % 4
        )  # fmt: skip
        yield OrderSnapshot(
            ref=f"demo-{number}", name=f"#{2001 + number}", placed_at=placed_at, updated_at=placed_at, currency="USD",
            lines=lines, codes=(texts[number * 5 % len(texts)],), given_back=0 if number % 11 else 1_500,
        )  # fmt: skip
