"""Take in the dated exchange rates of a CSV file. Again changes nothing; a new rate of a day replaces the old one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.integrations.csv_file import csv_file
from offerwell.models import ExchangeRate, lock_workspace
from offerwell.queries.exchange_rates import reporting_currency
from offerwell.rules.import_columns import ImportRefused
from offerwell.rules.rate_columns import BadRate, rate_columns, rate_of_row

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal
    from pathlib import Path
    from typing import BinaryIO

    from offerwell.rules.permissions import Actor

LARGEST_FILE_ROWS = 100_000
SHOWN_REJECTED = 200
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class RateImport:
    """Of `rates` into the reporting currency `changed` were new or another than before. `rejected`: line, reason."""

    into: str
    rates: int
    changed: int
    rejected_count: int
    rejected: tuple[tuple[int, str], ...]


def import_rates(*, workspace_id: int, file: BinaryIO | Path, by: Actor, at: datetime) -> RateImport:
    """Keep the file's rates into the reporting currency, all in one transaction.

    Raises ImportRefused for a file that holds none, or where no reporting currency is chosen; nothing is done then.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        into = reporting_currency()
        if not into:
            raise ImportRefused("No reporting currency is chosen. Choose one first: rates are into it.")
        found, rejected = _read(file, into)
        changed = _keep(workspace_id, into, found)
        record_event(
            workspace_id=workspace_id, kind="rates_imported", subject="workspace",
            facts={"into": into, "rates": len(found), "changed": changed, "rejected": len(rejected)}, by=by, at=at,
        )  # fmt: skip
    return RateImport(into, len(found), changed, len(rejected), tuple(rejected[:SHOWN_REJECTED]))


def _read(file: BinaryIO | Path, into: str) -> tuple[dict[tuple[str, date], Decimal], list[tuple[int, str]]]:
    """(currency, day) → rate; of two for one day the later line."""
    found: dict[tuple[str, date], Decimal] = {}
    rejected: list[tuple[int, str]] = []
    with csv_file(file) as opened:
        columns = rate_columns(opened.columns)
        for n, row in enumerate(opened.rows, start=1):
            if n > LARGEST_FILE_ROWS:
                raise ImportRefused(f"The file has more than {LARGEST_FILE_ROWS:,} rows. Split it.")
            try:
                if row.trouble:
                    raise BadRate(row.trouble)
                one = rate_of_row(columns, row.cells, into=into)
            except BadRate as problem:
                rejected.append((row.line, str(problem)))
                continue
            found[one.currency, one.day] = one.rate
    if not found and not rejected:
        raise ImportRefused("The file has no rows. Its first line must be day,currency,rate, then a rate a line.")
    return found, rejected


def _keep(workspace_id: int, into: str, found: dict[tuple[str, date], Decimal]) -> int:
    kept = {
        (currency, day): rate
        for currency, day, rate in ExchangeRate.objects.filter(into=into).values_list("currency", "day", "rate")
    }
    changed = [(key, rate) for key, rate in found.items() if kept.get(key) != rate]
    ExchangeRate.objects.bulk_create(
        (
            ExchangeRate(workspace_id=workspace_id, into=into, currency=currency, day=day, rate=rate)
            for (currency, day), rate in changed
        ),
        update_conflicts=True, unique_fields=["workspace", "into", "currency", "day"], update_fields=["rate"],
        batch_size=_AT_ONCE,
    )  # fmt: skip
    return len(changed)
