"""Bulk imports: staged uploads, and operations that run one mutation for each line of an uploaded file."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_RUNNING = 5  # mutation imports at once for an app and a shop [recorded]


class ImportStatus(StrEnum):
    """The stations of an import."""

    CREATED = "CREATED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    CANCELING = "CANCELING"
    CANCELED = "CANCELED"
    FAILED = "FAILED"

    @property
    def running(self) -> bool:
        """Whether it still counts against the limit."""
        return self in {ImportStatus.CREATED, ImportStatus.RUNNING, ImportStatus.CANCELING}


@dataclass(slots=True)
class Import:
    """One bulk operation."""

    number: int
    mutation: str
    lines: tuple[str, ...]
    version: str
    created_at: int
    start_at: float
    due: float
    status: ImportStatus = ImportStatus.CREATED
    done_lines: int = 0
    breaks_off_after: int | None = None
    output: bytes = b""
    error_code: str | None = None
    completed_at: int | None = None
    typename: str = "BulkOperation"

    @property
    def gid(self) -> str:
        """The global id."""
        return f"gid://shopify/BulkOperation/{self.number}"


class ImportDesk:
    """Uploaded files and the imports made from them."""

    def __init__(self, clock: Callable[[], float], number: Callable[[], int]) -> None:
        """Share the clock and the id numbers of the store."""
        self.clock = clock
        self.number = number
        self.uploads: dict[str, bytes | None] = {}
        self.imports: dict[int, Import] = {}

    def stage(self, filename: str) -> str:
        """Promise a place for a file; answer its key."""
        key = f"tmp/92891250994/bulk/{uuid.uuid4()}/{filename}"
        self.uploads[key] = None
        return key

    def receive(self, key: str, content: bytes) -> bool:
        """Take a file for a promised place."""
        if key not in self.uploads:
            return False
        self.uploads[key] = content
        return True

    def start(self, mutation: str, content: bytes, version: str, due: float, *, half: bool = False) -> Import:
        """Accept an import; one that is to break off does the first half of its lines."""
        lines = tuple(line for line in content.decode().splitlines() if line.strip())
        now = self.clock()
        made = Import(self.number(), mutation, lines, version, int(now), (now + due) / 2, due)
        made.breaks_off_after = len(lines) // 2 if half else None
        self.imports[made.number] = made
        return made

    def find(self, gid: str) -> Import | None:
        """Find an import by its global id."""
        number = gid.removeprefix("gid://shopify/BulkOperation/")
        return self.imports.get(int(number)) if number.isdigit() else None

    def running(self) -> list[Import]:
        """Answer the imports that have not ended."""
        return [item for item in self.imports.values() if item.status.running]

    def newest(self) -> Import | None:
        """Answer the latest import."""
        return next(reversed(self.imports.values()), None)

    def finish(self, item: Import, output: bytes, status: ImportStatus) -> None:
        """Close an import."""
        item.output, item.status = output, status
        item.completed_at = int(self.clock())
