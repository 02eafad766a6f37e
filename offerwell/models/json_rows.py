"""Many rows as one parameter: look-ups by text, and inserts and updates that give each row its own values.

One statement whatever the number of rows, on both databases; no CASE ladders, no executemany. Cells are what the
fields of the model hold: whole numbers, texts, truth values, moments, what is stored as JSON, and None.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import TextField
from django.db.models.expressions import RawSQL

from offerwell.models.id_list import LONGEST_INLINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db import models

_CASTS = {
    "CharField": "text", "TextField": "text", "BooleanField": "boolean", "DateTimeField": "timestamptz",
    "JSONField": "jsonb",
}  # fmt: skip


def text_rows(texts: Iterable[str]) -> RawSQL:
    """A sub-select of the texts or the list of them, for `…__in=`, as `id_rows`."""
    listed = sorted(set(texts))
    if connection.vendor != "postgresql":
        return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(listed)], output_field=TextField())
    if 0 < len(listed) <= LONGEST_INLINE:
        return RawSQL(",".join(["%s"] * len(listed)), listed, output_field=TextField())
    return RawSQL("SELECT unnest(%s::text[])", [listed], output_field=TextField())


def insert_rows(model: type[models.Model], columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows whose cells stand in the order of `columns`.

    Four times as fast as bulk_create, which makes an object and a parameter of each cell.
    """
    if not rows:
        return
    quote = connection.ops.quote_name
    cells = ", ".join(_cell(model, column, place) for place, column in enumerate(columns))
    into = ", ".join(quote(column) for column in columns)
    table = quote(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({into}) SELECT {cells} FROM {_source()}", [_listed(rows)])  # noqa: S608


def insert_objects(objects: Sequence[models.Model]) -> None:
    """Insert new objects of one model. Their ids stay unknown: whoever needs them looks them up."""
    if objects:
        model = type(objects[0])
        columns = [field.attname for field in model._meta.concrete_fields if not field.primary_key]
        insert_rows(model, columns, list(map(attrgetter(*columns), objects)))


def update_rows(model: type[models.Model], columns: Sequence[str], rows: Sequence[tuple[int, tuple[Any, ...]]]) -> None:
    """Give the row of each id its cells, in the order of `columns`."""
    if not rows:
        return
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    sets = ", ".join(
        f"{quote(column)} = {_cell(model, column, place)}" for place, column in enumerate(columns, start=1)
    )
    is_it = f"{table}.id = {_cell(model, 'id', 0)}"
    listed = _listed([(pk, *cells) for pk, cells in rows])
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {sets} FROM {_source()} WHERE {is_it}", [listed])  # noqa: S608


def _listed(rows: Sequence[tuple[Any, ...]]) -> str:
    """The rows as JSON. Characters as they are: half of a pair is refused here, and never stored."""
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"), default=_moment)


def _moment(value: object) -> str:
    """A moment as the database writes it."""
    if not isinstance(value, datetime):
        raise TypeError(f"{type(value).__name__} is no cell of a row")
    if connection.vendor == "postgresql":
        return value.isoformat()
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


def _source() -> str:
    """The parameter as rows called `listed`."""
    if connection.vendor == "postgresql":
        return "jsonb_array_elements(%s::jsonb) AS listed(value)"
    return "json_each(%s) AS listed"


def _cell(model: type[models.Model], column: str, place: int) -> str:
    if connection.vendor != "postgresql":
        return f"json_extract(listed.value, '$[{place}]')"
    kind = next(field.get_internal_type() for field in model._meta.concrete_fields if field.column == column)
    cast = _CASTS.get(kind, "bigint")
    return f"(listed.value -> {place})" if cast == "jsonb" else f"(listed.value ->> {place})::{cast}"
