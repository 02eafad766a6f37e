"""Take in a list of addresses that get no messages, as another tool exports it. A second import changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.integrations.csv_file import csv_file
from offerwell.models import Suppression, SuppressionReason, lock_workspace
from offerwell.models.json_rows import text_rows
from offerwell.rules.import_columns import ColumnField, ImportPurpose, ImportRefused, guess_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from offerwell.integrations.csv_file import CsvFile, CsvRow
    from offerwell.rules.permissions import Actor

# Above it, somebody chose the wrong file; all of them are added together or none.
MOST_ADDRESSES = 100_000
_BATCH = 2_000
_SHOWN = 100
_LONGEST = 320


@dataclass(frozen=True, slots=True)
class SuppressionImport:
    """Addresses that are new on the list, those that were on it or stood twice, and rows without an address.

    `rejected` are the first of these rows as (line, why).
    """

    added: int
    known: int
    rejected_count: int
    rejected: tuple[tuple[int, str], ...]


def import_suppressions(
    *, workspace_id: int, file: BinaryIO | Path, note: str = "", by: Actor, at: datetime
) -> SuppressionImport:
    """Add every address of the file; one on the list keeps its first reason. Raises ImportRefused: nothing was done.

    The column named like an e-mail is read; of a file with one column without such a name, every line of it.
    """
    with csv_file(file) as opened:
        addresses, rejected, rows = _read(opened)
    if not addresses:
        raise ImportRefused("No row of the file holds an e-mail address.")
    with transaction.atomic():
        lock_workspace(workspace_id)
        added = sum(_add(batch, workspace_id, note, by, at) for batch in _batches(addresses))
        if added:
            record_event(
                workspace_id=workspace_id, kind="addresses_suppressed", subject="suppressions",
                facts={"addresses": added, "note": note[:300]}, by=by, at=at,
            )  # fmt: skip
    return SuppressionImport(added, rows - len(rejected) - added, len(rejected), tuple(rejected[:_SHOWN]))


def _read(opened: CsvFile) -> tuple[dict[str, str], list[tuple[int, str]], int]:
    """Addresses by key, the rows that hold none, and how many rows there were."""
    place = guess_columns(opened.columns, ImportPurpose.MEMBERS).position(ColumnField.EMAIL)
    addresses: dict[str, str] = {}
    rejected: list[tuple[int, str]] = []
    rows = 0
    for line, text in _cells(opened, place):
        rows += 1
        if _is_address(text):
            addresses.setdefault(text.lower(), text)
        else:
            rejected.append(
                (line, f"“{text[:60]}” is no e-mail address." if text else "The row has no e-mail address.")
            )
        if len(addresses) > MOST_ADDRESSES:
            raise ImportRefused(f"The file has more than {MOST_ADDRESSES:,} addresses. Divide it.")
    return addresses, rejected, rows


def _cells(opened: CsvFile, place: int | None) -> Iterator[tuple[int, str]]:
    """(Line, text) of the column. A list without a heading begins with an address."""
    if place is None:
        if len(opened.columns) > 1:
            raise ImportRefused("No column is named like an e-mail address. Name one “E-mail”.")
        place = 0
        if _is_address(opened.columns[0].strip()):
            yield 1, opened.columns[0].strip()
    for row in opened.rows:
        yield row.line, _cell(row, place)


def _cell(row: CsvRow, place: int) -> str:
    return row.cells[place].strip() if place < len(row.cells) else ""


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= _LONGEST


def _batches(addresses: dict[str, str]) -> Iterable[dict[str, str]]:
    pairs = iter(addresses.items())
    while batch := dict(islice(pairs, _BATCH)):
        yield batch


def _add(batch: dict[str, str], workspace_id: int, note: str, by: Actor, at: datetime) -> int:
    known = Suppression.objects.filter(address_key__in=text_rows(batch)).values_list("address_key", flat=True)
    for key in list(known):
        del batch[key]
    Suppression.objects.bulk_create([
        Suppression(
            workspace_id=workspace_id, address=address, address_key=key, reason=SuppressionReason.BY_HAND,
            note=note[:300], at=at, by=by.name,
        ) for key, address in batch.items()
    ])  # fmt: skip
    return len(batch)
