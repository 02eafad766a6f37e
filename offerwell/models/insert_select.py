"""INSERT … SELECT from a queryset: the database writes the rows, Python never holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

if TYPE_CHECKING:
    from django.db import models


def insert_select(
    model: type[models.Model], columns: tuple[str, ...], rows: models.QuerySet[Any, Any], *, on_conflict: str = ""
) -> int:
    """Insert what `rows` (a values_list in the order of `columns`) selects. Gives how many rows.

    `on_conflict` is a fixed ON CONFLICT clause of ours, never anything a person typed.
    """
    sql, params = rows.query.sql_with_params()
    quote = connection.ops.quote_name
    into = ", ".join(quote(column) for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {quote(model._meta.db_table)} ({into}) {sql} {on_conflict}", params)
        return int(cursor.rowcount)
