"""Take in the orders of a CSV file, as if the store had told them. A second import changes nothing.

Streamed, a batch in a transaction: memory does not grow with the file, and after a crash the same file goes in again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from offerwell.actions.record_event import record_event
from offerwell.actions.record_order import BATCH, record_orders
from offerwell.integrations.csv_file import csv_file
from offerwell.rules.order_columns import BadRow, is_more_of_an_order, order_columns, snapshot_of_row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path
    from typing import BinaryIO

    from offerwell.integrations.csv_file import CsvFile
    from offerwell.models import Store
    from offerwell.rules.order_snapshot import OrderSnapshot
    from offerwell.rules.permissions import Actor

SHOWN_REJECTED = 200


@dataclass(slots=True)
class OrderImport:
    """`rows` = orders + rows that say more of one + rejected_count. `newer` orders were news; the others were known."""

    rows: int = 0
    orders: int = 0
    newer: int = 0
    rejected_count: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)


def import_orders(*, store: Store, file: BinaryIO | Path, by: Actor, at: datetime) -> OrderImport:
    """Import the file's orders into `store`. Raises ImportRefused for a file that holds none; nothing is done then."""
    report = OrderImport()
    with csv_file(file) as opened:
        for snapshots in _batches(_snapshots(opened, store, report)):
            report.newer += record_orders(store=store, snapshots=snapshots, read_at=at, at=at)
    record_event(
        workspace_id=store.workspace_id, kind="orders_imported", subject=f"store:{store.pk}",
        facts={"label": store.label, "orders": report.orders, "newer": report.newer, "rejected": report.rejected_count},
        by=by, at=at,
    )  # fmt: skip
    return report


def _batches(snapshots: Iterator[OrderSnapshot]) -> Iterator[tuple[OrderSnapshot, ...]]:
    while batch := tuple(islice(snapshots, BATCH)):
        yield batch


def _snapshots(opened: CsvFile, store: Store, report: OrderImport) -> Iterator[OrderSnapshot]:
    columns, zone = order_columns(opened.columns), ZoneInfo(store.timezone or "UTC")
    for row in opened.rows:
        report.rows += 1
        if not row.trouble and is_more_of_an_order(columns, row.cells):
            continue
        try:
            if row.trouble:
                raise BadRow(row.trouble)
            found = snapshot_of_row(columns, row.cells, currency=store.currency, zone=zone)
        except BadRow as problem:
            report.rejected_count += 1
            if len(report.rejected) < SHOWN_REJECTED:
                report.rejected.append((row.line, str(problem)))
            continue
        report.orders += 1
        yield found
