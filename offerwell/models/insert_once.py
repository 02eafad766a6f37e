"""One row by one statement, unless it is there already: its own transaction, no object, no look before the leap."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db import models


def insert_once(model: type[models.Model], row: Mapping[str, Any]) -> bool:
    """Insert `row` (column → value; all columns but the id). Gives whether it was new; else nothing changed."""
    fields = _fields(model)
    values = [fields[column].get_db_prep_save(value, connection) for column, value in row.items()]
    quote = connection.ops.quote_name
    into, places = ", ".join(quote(column) for column in row), ", ".join(["%s"] * len(row))
    sql = f"INSERT INTO {quote(model._meta.db_table)} ({into}) VALUES ({places}) ON CONFLICT DO NOTHING"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return bool(cursor.rowcount == 1)


@lru_cache(maxsize=8)
def _fields(model: type[models.Model]) -> dict[str, Any]:
    return {str(field.column): field for field in model._meta.concrete_fields}
