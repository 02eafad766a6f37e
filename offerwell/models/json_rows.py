"""Many rows as one parameter: look-ups by text, and updates that give each row its own values.

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


def update_rows(
    model: type[models.Model], columns: Sequence[str], rows: Sequence[tuple[int, tuple[str, ...]]]
) -> None:
    """Give the row of each id its texts, in the order of `columns`. Only for text columns."""
    if not rows:
        return
    listed = json.dumps([[pk, *texts] for pk, texts in rows])
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    postgresql = connection.vendor == "postgresql"
    cell = "listed.value ->> %d" if postgresql else "json_extract(listed.value, '$[%d]')"
    sets = ", ".join(f"{quote(column)} = {cell % place}" for place, column in enumerate(columns, start=1))
    pk = "(listed.value ->> 0)::bigint" if postgresql else "json_extract(listed.value, '$[0]')"
    source = "jsonb_array_elements(%s::jsonb) AS listed(value)" if postgresql else "json_each(%s) AS listed"
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {sets} FROM {source} WHERE {table}.id = {pk}", [listed])  # noqa: S608
