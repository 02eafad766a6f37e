"""CSV as people have it: finds out encoding and delimiter, then streams the rows with their line numbers.

Nothing here knows what a column means. Memory does not grow with the file.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from offerwell.rules.import_columns import ImportRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_FILE = 64 * 1024 * 1024
MOST_COLUMNS = 400
_PIECE = 1 << 18
_SAMPLE = 1 << 16
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_ROWS = 20
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_ESCAPED = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row: the line of the file it starts on (the header's line is 1 in most files).

    `trouble` is why the row could not be read; its cells are what could be.
    """

    line: int
    cells: tuple[str, ...]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class CsvFile:
    """An open CSV file. `rows` can be walked once."""

    columns: tuple[str, ...]
    encoding: str
    delimiter: str
    rows: Iterator[CsvRow]


@contextmanager
def csv_file(source: BinaryIO | Path) -> Iterator[CsvFile]:
    """Open the file from its beginning. Raises ImportRefused when it is empty, too large or not CSV."""
    with _seekable(source) as file:
        _refuse_by_size(file)
        encoding = _encoding_of(file)
        file.seek(0)
        text = io.TextIOWrapper(cast("IO[bytes]", _Undetached(file)), encoding=encoding, newline="")
        try:
            yield _opened(text, encoding)
        finally:
            text.detach()


def _opened(text: io.TextIOWrapper, encoding: str) -> CsvFile:
    sample = text.read(_SAMPLE)
    _refuse_by_look(sample)
    delimiter, skipped = _delimiter_of(sample)
    text.seek(0)
    for _ in range(skipped):
        text.readline()
    rows = _rows(text, delimiter, skipped)
    header = next(rows, None)
    if header is None:
        raise ImportRefused("The file is empty. Export it again, with a first line that names the columns.")
    if header.trouble:
        raise ImportRefused(f"The first line can't be read. {header.trouble}")
    columns = _named(header.cells)
    return CsvFile(columns, encoding, delimiter, rows)


def _named(cells: tuple[str, ...]) -> tuple[str, ...]:
    """Column names; trailing nameless columns are dropped, others get their letter's number."""
    names = [" ".join(cell.split()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > MOST_COLUMNS:
        raise ImportRefused(f"The file has {len(names)} columns. {MOST_COLUMNS} is the most: remove some.")
    return tuple(name[:200] or f"Column {place}" for place, name in enumerate(names, start=1))


def _rows(text: io.TextIOWrapper, delimiter: str, skipped: int) -> Iterator[CsvRow]:
    """Every row that is not blank. A row that cannot be read is given with its trouble, and reading goes on."""
    reader = csv.reader(text, delimiter=delimiter, strict=True, skipinitialspace=False)
    while True:
        start = reader.line_num + skipped + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield CsvRow(start, (), _quoting_trouble(error, start, reader.line_num + skipped))
            continue
        if any(cell.strip() for cell in cells):
            yield _row(start, cells)


def _row(line: int, cells: list[str]) -> CsvRow:
    if any("\x00" in cell for cell in cells):
        return CsvRow(line, tuple(cell.replace("\x00", "") for cell in cells), "The row holds a NUL character.")
    return CsvRow(line, tuple(_unescaped(cell) for cell in cells))


def _unescaped(cell: str) -> str:
    """Spreadsheet-safe exports (ours too) put an apostrophe before @nora: it is not part of the text."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _ESCAPED and len(cell) > 1 else cell


def _quoting_trouble(error: csv.Error, start: int, end: int) -> str:
    lines = f"Line {start} was" if end <= start else f"Lines {start} to {end} were"
    if "delimiter" in str(error) or "expected after" in str(error):
        return f"{lines} not read: text follows a closing quotation mark. Double the quotation marks inside a cell."
    return f"{lines} not read: a quotation mark is opened and not closed. Close it or remove it."


def _delimiter_of(sample: str) -> tuple[str, int]:
    """The delimiter, and how many lines stand before the header (Excel's "sep=;")."""
    first = re.split("[\r\n]", sample, maxsplit=1)[0]
    if first.lower().startswith("sep=") and len(first) == len("sep=;"):
        return first[-1], 1
    return max(_DELIMITERS, key=lambda delimiter: _likeness(sample, delimiter)), 0


def _likeness(sample: str, delimiter: str) -> tuple[int, int]:
    """How much the sample looks like columns: columns of the header, then rows that have as many."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    rows = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append(row)
            if len(rows) == _SAMPLE_ROWS:
                break
    except csv.Error:
        pass
    if not rows or len(rows[0]) == 1:
        return (0, 0)
    alike = sum(1 for row in rows if len(row) == len(rows[0]))
    return (len(rows[0]), alike)


def _encoding_of(file: IO[bytes]) -> str:
    """By its byte order mark, else UTF-8 where every byte agrees, else Windows-1252. Reads the whole file once."""
    start = file.read(4)
    for mark, name in _BOMS:
        if start.startswith(mark):
            return _certain(file, name)
    if b"\x00" in start:
        raise ImportRefused(_NOT_TEXT)
    return "utf-8" if _decodes(file, "utf-8") else _certain(file, "cp1252")


_NOT_TEXT = (
    "The file is not CSV text. Export or save it as “CSV UTF-8” and choose that file."
)  # fmt: skip


def _certain(file: IO[bytes], encoding: str) -> str:
    if not _decodes(file, encoding):
        raise ImportRefused(_NOT_TEXT)
    return encoding


def _decodes(file: IO[bytes], encoding: str) -> bool:
    """Whether the whole file is text in this encoding."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while piece := file.read(_PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _refuse_by_size(file: IO[bytes]) -> None:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if size == 0:
        raise ImportRefused("The file is empty. Export it again, with a first line that names the columns.")
    if size > LARGEST_FILE:
        megabytes = LARGEST_FILE // (1024 * 1024)
        raise ImportRefused(f"The file is larger than {megabytes} MB. Split it and import the parts.")


def _refuse_by_look(sample: str) -> None:
    """Files that people choose by mistake, told by their first characters."""
    head = sample[:200].lstrip("\ufeff \r\n\t").lower()
    if head.startswith("pk\x03\x04") or sample.startswith("ÐÏ"):
        raise ImportRefused(
            "The file is an Excel workbook. In Excel, choose Save As, “CSV UTF-8”, and import that file."
        )
    if head.startswith(("<!doctype", "<html", "<?xml")):
        raise ImportRefused("The file is a web page, not CSV. Download the export again and choose the CSV file.")
    if head.startswith("%pdf") or "\x00" in sample:
        raise ImportRefused(_NOT_TEXT)


@contextmanager
def _seekable(source: BinaryIO | Path) -> Iterator[IO[bytes]]:
    """The file to read twice: standard input is copied to a temporary file first."""
    if isinstance(source, Path):
        try:
            with source.open("rb") as file:
                yield file
        except OSError as error:
            raise ImportRefused(f"{source} can't be read: {error.strerror}. Check the path.") from error
    elif source.seekable():
        yield source
    else:
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(source, copy, _PIECE)
            yield copy


class _Undetached(io.RawIOBase):
    """A binary file for a text wrapper that must not close it, whatever kind of upload it is."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes."""
        return self._file.read(size)

    def read1(self, size: int = -1) -> bytes:
        """What a text wrapper asks for."""
        return self._file.read(_PIECE if size < 0 else size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; gives the place."""
        self._file.seek(offset, whence)
        return self._file.tell()

    def tell(self) -> int:
        """The place."""
        return self._file.tell()
