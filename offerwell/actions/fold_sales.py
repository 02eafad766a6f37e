"""Keep the rollups of sales in step with orders, conversions and the ledger: by the difference that a change made.

Inside the transaction of whoever changes them, which holds the workspace's lock: a rollup is never behind. Without a
difference nothing is written. What is posted for clicks is the difference itself (`actions/post_clicks.py`).
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from offerwell.models import MemberSalesDay, OfferSalesDay, ProgrammeSalesDay, Workspace
from offerwell.models.add_up import add_up
from offerwell.models.id_list import id_rows
from offerwell.queries.sales_recount import NONE, sales_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from offerwell.models import Order
    from offerwell.queries.sales_recount import Key, Sums

_OFFER_KEYS = ("workspace_id", "day", "offer_id", "store_id", "currency")
_PROGRAMME_KEYS = ("workspace_id", "day", "currency")
_MEMBER_KEYS = ("workspace_id", "member_id", "day", "offer_id", "store_id", "currency")
_SUMS = ("orders", "sales", "commission")
_CELLS = ("workspace_id", "day", "offer_id", "member_id", "store_id", "currency", *_SUMS)


@contextmanager
def folded_sales(workspace_id: int, orders: list[Order], known: Sequence[int]) -> Iterator[None]:
    """Whatever happens inside to `orders` is in the rollups afterwards. `known`: ids of those stored before.

    `orders` may be filled inside. Eight statements at most, whatever their number.
    """
    workspace = Workspace.objects.get(pk=workspace_id)
    before = sales_of(workspace, id_rows(known)) if known else {}
    yield
    after = sales_of(workspace, id_rows(order.pk for order in orders))
    add_sales(workspace_id, _difference(before, after))


def _difference(before: Mapping[Key, Sums], after: Mapping[Key, Sums]) -> dict[Key, Sums]:
    found = {}
    for key in sorted({*before, *after}):
        was, now = before.get(key, NONE), after.get(key, NONE)
        if now != was:
            found[key] = (now[0] - was[0], now[1] - was[1], now[2] - was[2])
    return found


def add_sales(workspace_id: int, sums: Mapping[Key, Sums]) -> None:
    """Add these to the rollups: of members, of offers, of the programme."""
    if not sums:
        return
    rows = json.dumps([(workspace_id, str(day), *key, *of_key) for (day, *key), of_key in sums.items()])
    add_up(MemberSalesDay, rows, _CELLS, keys=_MEMBER_KEYS, sums=_SUMS)
    add_up(OfferSalesDay, rows, _CELLS, keys=_OFFER_KEYS, sums=_SUMS)
    add_up(ProgrammeSalesDay, rows, _CELLS, keys=_PROGRAMME_KEYS, sums=_SUMS)
