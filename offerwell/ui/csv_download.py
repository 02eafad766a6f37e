"""A CSV file, streamed batch by batch, that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING

from django.http import StreamingHttpResponse
from django.utils.text import slugify
from django_scopes import scope

from offerwell.rules.spreadsheet_cell import spreadsheet_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from offerwell.models import Workspace


def csv_download(
    name: str, headings: Sequence[str], batches: Iterable[Iterable[Sequence[str]]], *, workspace: Workspace
) -> StreamingHttpResponse:
    """The download. `batches` is read while it streams, each batch inside the workspace's scope."""
    response = StreamingHttpResponse(
        _written(headings, iter(batches), workspace), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{slugify(name) or "export"}.csv"'
    return response


def _written(
    headings: Sequence[str], batches: Iterator[Iterable[Sequence[str]]], workspace: Workspace
) -> Iterator[bytes]:
    """The scope is opened for each batch: it must not stay open while the server sends."""
    yield "\ufeff".encode() + _lines([headings])
    while True:
        with scope(workspace=workspace):
            batch = next(batches, None)
            text = b"" if batch is None else _lines(batch)
        if batch is None:
            return
        yield text


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    written = StringIO()
    csv.writer(written).writerows([spreadsheet_cell(cell) for cell in row] for row in rows)
    return written.getvalue().encode()
