"""Open a file to import, and look into it before a person confirms."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from offerwell.actions.import_report import ImportReport
from offerwell.integrations.csv_file import csv_file
from offerwell.rules.import_columns import (
    HANDLE_FIELDS,
    ColumnField,
    ColumnMapping,
    ImportPurpose,
    guess_columns,
    mapping_for,
    missing_columns,
)
from offerwell.rules.imported_cells import OTHER_NETWORK, Handle, email_in, handle_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from offerwell.integrations.csv_file import CsvRow

CHUNK = 5_000
# Somebody may have two handles on a network: our own export puts both into the cell.
_SEVERAL = re.compile(r"[,;|]")
MOST_ROWS = 1_000_000
_SAMPLE_ROWS = 5


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One row under its mapping."""

    line: int
    cells: tuple[str, ...]
    mapping: ColumnMapping

    def text(self, field: ColumnField) -> str:
        """The cell of a field, trimmed; empty when there is no such column or the row is short."""
        place = self.mapping.position(field)
        return "" if place is None or place >= len(self.cells) else self.cells[place].strip()


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file looks like. `missing` is the sentence that says why it cannot be imported as it is mapped."""

    mapping: ColumnMapping
    sample: tuple[tuple[str, ...], ...]
    encoding: str
    delimiter: str
    missing: str
    warnings: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, as in the file."""
        return self.mapping.columns

    def to_json(self) -> dict[str, Any]:
        """The documented JSON."""
        return {
            "columns": list(self.columns), "mapping": self.mapping.to_json(),
            "ignored_columns": list(self.mapping.ignored),
            "sample": [list(row) for row in self.sample], "encoding": self.encoding, "delimiter": self.delimiter,
            "missing": self.missing, "warnings": list(self.warnings),
        }  # fmt: skip


def preview(
    file: BinaryIO | Path,
    purpose: ImportPurpose = ImportPurpose.MEMBERS,
    mapping: ColumnMapping | None = None,
) -> Preview:
    """Columns, guessed mapping and first rows. Raises ImportRefused when the file is no CSV."""
    with csv_file(file) as opened:
        settled = mapping or guess_columns(opened.columns, purpose)
        sample = [row for row, _ in zip(opened.rows, range(_SAMPLE_ROWS), strict=False)]
    warnings = _warnings(settled, opened.encoding, is_empty=not sample)
    rows = tuple(_padded(row.cells, len(settled.columns)) for row in sample)
    return Preview(settled, rows, opened.encoding, opened.delimiter, missing_columns(settled, purpose), warnings)


def count_rows(file: BinaryIO | Path) -> int:
    """How many rows the file has, for a progress bar. Raises ImportRefused when the file is no CSV."""
    with csv_file(file) as opened:
        return sum(1 for _ in opened.rows)


@dataclass(slots=True)
class OpenImport:
    """A file being imported: its rows in chunks, and the report they are noted in."""

    report: ImportReport
    _rows: Iterator[CsvRow]

    def chunks(self) -> Iterator[list[ImportRow]]:
        """The readable rows, 5,000 at a time. Unreadable ones are rejected on the way."""
        chunk: list[ImportRow] = []
        for row in self._rows:
            self.report.rows += 1
            reason = _unfit(row, self.report)
            if reason:
                self.report.reject(row.line, reason, row.cells)
            else:
                chunk.append(ImportRow(row.line, row.cells, self.report.mapping))
            if self.report.rows % CHUNK == 0:
                yield chunk
                self.report.settle()
                chunk = []
        yield chunk
        self.report.settle()


@contextmanager
def open_import(
    file: BinaryIO | Path, purpose: ImportPurpose, mapping: ColumnMapping | None, *, is_dry_run: bool
) -> Iterator[OpenImport]:
    """Open a file to import it. Raises ImportRefused when the file or its columns will not do."""
    with csv_file(file) as opened:
        settled = mapping_for(opened.columns, purpose, mapping)
        report = ImportReport(settled, opened.encoding, opened.delimiter, is_dry_run)
        yield OpenImport(report, opened.rows)


def _unfit(row: CsvRow, report: ImportReport) -> str:
    if report.rows > MOST_ROWS:
        return f"The file has more than {MOST_ROWS:,} rows. Import the rest as another file."
    if row.trouble:
        return row.trouble
    width = len(report.mapping.columns)
    if any(cell.strip() for cell in row.cells[width:]):
        return (
            f"The row has {len(row.cells)} cells, the header has {width}. "
            "Put quotation marks around a cell that holds the delimiter."
        )
    return ""


def _padded(cells: tuple[str, ...], width: int) -> tuple[str, ...]:
    return (*cells[:width], *("",) * (width - len(cells)))


def _warnings(mapping: ColumnMapping, encoding: str, *, is_empty: bool) -> tuple[str, ...]:
    found = []
    if is_empty:
        found.append("The file has a header and no rows.")
    if encoding == "cp1252":
        found.append("The file is not UTF-8; it is read as Windows-1252. Look whether accents are right in the sample.")
    twice = sorted({name for name in mapping.columns if mapping.columns.count(name) > 1})
    found += [f"The column “{name}” is there more than once." for name in twice]
    return tuple(found)


def who_in(row: ImportRow) -> tuple[str, tuple[Handle, ...]]:
    """E-mail and handles of a row, either of them possibly in a column called "Creator". Raises BadCell."""
    email = email_in(row.text(ColumnField.EMAIL))
    handles: dict[tuple[str, str], Handle] = {}
    cells = [
        (cell, _network(column))
        for column in HANDLE_FIELDS
        for cell in _SEVERAL.split(row.text(column))
        if cell.strip()
    ]
    either = row.text(ColumnField.MEMBER)
    if "@" in either.lstrip("@＠") and "://" not in either:
        email = email or email_in(either)
    elif either:
        cells.append((either, OTHER_NETWORK))
    for cell, network in cells:
        handle = handle_in(cell, network)
        if handle is not None:
            handles.setdefault((handle.network, handle.key), handle)
    named = {handle.key for handle in handles.values() if handle.network != OTHER_NETWORK}
    return email, tuple(h for h in handles.values() if h.network != OTHER_NETWORK or h.key not in named)


def _network(column: ColumnField) -> str:
    return OTHER_NETWORK if column == ColumnField.HANDLE else str(column)
