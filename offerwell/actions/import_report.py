"""What an import did: counts for the screen, and a CSV of the rejected rows to correct and import again."""

from __future__ import annotations

import codecs
import csv
import io
import tempfile
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from offerwell.rules.spreadsheet_cell import spreadsheet_cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from offerwell.rules.import_columns import ColumnMapping

# What stays in memory and on the screen; the file has all of them.
SHOWN_REJECTED = 200
_IN_MEMORY = 1 << 20
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Rejected:
    """One row that was not imported, and why. `line` counts from the top of the file."""

    line: int
    reason: str
    cells: tuple[str, ...]


@dataclass(slots=True)
class ImportReport:
    """`rows` = added + updated + unchanged + rejected_count. `rejected` holds the first of them."""

    mapping: ColumnMapping
    encoding: str = "utf-8"
    delimiter: str = ","
    is_dry_run: bool = False
    rows: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    enrolled: int = 0
    adopted: int = 0
    to_create: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    rejected_count: int = 0
    warnings: list[str] = field(default_factory=list)
    _pending: list[Rejected] = field(default_factory=list)
    _file: IO[bytes] | None = None

    def reject(self, line: int, reason: str, cells: Sequence[str]) -> None:
        """Note one row that is not imported."""
        self.rejected_count += 1
        self._pending.append(Rejected(line, reason, tuple(cells)))

    def settle(self) -> None:
        """Put what was rejected since the last call into the file, in the order of its lines."""
        for row in sorted(self._pending, key=lambda row: row.line):
            if len(self.rejected) < SHOWN_REJECTED:
                self.rejected.append(row)
            self._write((str(row.line), row.reason, *row.cells))
        self._pending.clear()

    def warn(self, text: str) -> None:
        """Note something that did not stop a row."""
        if text not in self.warnings and len(self.warnings) < SHOWN_REJECTED:
            self.warnings.append(text)

    def rejected_csv(self) -> Iterator[bytes]:
        """The rejected rows as CSV for a spreadsheet, in pieces; nothing when there are none."""
        if self._file is None:
            return
        self._file.seek(0)
        while piece := self._file.read(_PIECE):
            yield piece

    def to_json(self) -> dict[str, Any]:
        """The documented JSON. `rejected_rows` are the first of `rejected`."""
        return {
            "dry_run": self.is_dry_run, "rows": self.rows, "added": self.added, "updated": self.updated,
            "unchanged": self.unchanged, "enrolled": self.enrolled, "adopted": self.adopted,
            "to_create": self.to_create, "rejected": self.rejected_count, "columns": self.mapping.to_json(),
            "ignored_columns": list(self.mapping.ignored), "encoding": self.encoding, "delimiter": self.delimiter,
            "warnings": self.warnings,
            "rejected_rows": [{"line": r.line, "reason": r.reason, "cells": list(r.cells)} for r in self.rejected],
        }  # fmt: skip

    def _write(self, cells: Sequence[str]) -> None:
        if self._file is None:
            self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  it lives with the report
            self._file.write(codecs.BOM_UTF8 + _csv_line(("Line", "Reason", *self.mapping.columns)))
        self._file.write(_csv_line(cells))


def _csv_line(cells: Sequence[str]) -> bytes:
    line = io.StringIO(newline="")
    csv.writer(line).writerow([spreadsheet_cell(cell) for cell in cells])
    return line.getvalue().encode()
