"""What the import screens show: columns to map, problems to expect, progress, the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.actions.import_codes import check_codes
from offerwell.actions.import_members import import_members
from offerwell.actions.keep_import_file import mapping_of, open_kept
from offerwell.rules.import_columns import FIELDS_FOR, ColumnField, ImportPurpose, ImportRefused

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.actions.import_report import ImportReport
    from offerwell.actions.read_import import Preview
    from offerwell.models import ImportFile
    from offerwell.rules.permissions import Actor

# Checking more would keep a person waiting for the page: larger files are checked while they are imported.
CHECKED_UP_TO = 2_000_000
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_ENCODINGS = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252"}


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """One column of the file: its name, the select's name, what it holds, and some of its cells."""

    name: str
    select: str
    held: str
    examples: tuple[str, ...]


def column_rows(shown: Preview) -> list[ColumnRow]:
    """The columns with what they hold."""
    pairs = zip(shown.columns, shown.mapping.fields, strict=True)
    return [
        ColumnRow(
            name, f"column-{place}", str(field or ""),
            tuple(cell for row in shown.sample[:3] if (cell := row[place].strip()[:60])),
        )
        for place, (name, field) in enumerate(pairs)
    ]  # fmt: skip


def field_choices(purpose: ImportPurpose) -> list[tuple[str, str]]:
    """What a column can hold, for the selects."""
    return [("", "Don't import"), *((str(field), ColumnField(field).label) for field in FIELDS_FOR[purpose])]


def how_read(shown: Preview) -> str:
    """Encoding and delimiter in words: UTF-8, separated by comma."""
    delimiter = _DELIMITERS.get(shown.delimiter, f"“{shown.delimiter}”")
    return f"{_ENCODINGS.get(shown.encoding, shown.encoding)}, separated by {delimiter}"


def checked(kept: ImportFile, *, by: Actor, at: datetime) -> ImportReport | None:
    """What importing the file would do, without asking a store; None when that would take long or cannot be told."""
    if kept.size > CHECKED_UP_TO:
        return None
    try:
        mapping = mapping_of(kept)
        with open_kept(kept) as file:
            if kept.offer is not None:
                return check_codes(offer=kept.offer, file=file, mapping=mapping)
            return import_members(
                workspace_id=kept.workspace_id, file=file, by=by, at=at, dry_run=True, mapping=mapping
            )
    except ImportRefused:
        return None
