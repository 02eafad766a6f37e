"""Rows by one statement, unless they are there already: its own transaction, no object, no look before the leap."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db import connection

from offerwell.models.live_connection import on_live_connection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db import models


def insert_once(model: type[models.Model], row: Mapping[str, Any]) -> bool:
    """Insert `row` (column → value; all columns but the id). Gives whether it was new; else nothing changed."""
    return bool(insert_new(model, [row], told_by=tuple(row)[:1]))


def insert_new(
    model: type[models.Model], rows: Sequence[Mapping[str, Any]], *, told_by: tuple[str, ...]
) -> list[tuple[Any, ...]]:
    """Insert those that are not there yet. All name the same columns, in the same order.

    Gives of each new row what tells it from the others: its columns `told_by`.
    """
    sql, fields = _statement(model, tuple(rows[0]), told_by, len(rows))
    given = [
        field.get_db_prep_save(value, connection)
        for row in rows
        for field, value in zip(fields, row.values(), strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return [tuple(new) for new in cursor.fetchall()]


def insert_each(
    model: type[models.Model], rows: Sequence[Mapping[str, Any]], *, told_by: tuple[str, ...]
) -> list[bool | Exception]:
    """Insert by one statement; where that fails, each row by itself, so that a bad one hurts nobody else.

    Gives of each row whether it was new, or why it is not there. `told_by` are the columns that are unique together.
    """
    if not rows:
        return []
    try:
        new = set(on_live_connection(lambda: insert_new(model, rows, told_by=told_by)))
    except Exception as error:  # noqa: BLE001  given to whose row it is
        if len(rows) == 1:
            return [error]
        return [one for row in rows for one in insert_each(model, [row], told_by=told_by)]
    return [_is_first(new, tuple(row[column] for column in told_by)) for row in rows]


def _is_first(new: set[tuple[Any, ...]], name: tuple[Any, ...]) -> bool:
    """Whether it is among the new ones; a second of that name is not."""
    is_new = name in new
    new.discard(name)
    return is_new


@lru_cache(maxsize=128)
def _statement(
    model: type[models.Model], columns: tuple[str, ...], told_by: tuple[str, ...], count: int
) -> tuple[str, list[Any]]:
    fields = {str(field.column): field for field in model._meta.concrete_fields}
    quote = connection.ops.quote_name
    into, told = (", ".join(quote(column) for column in named) for named in (columns, told_by))
    row = f"({', '.join(['%s'] * len(columns))})"
    sql = (
        f"INSERT INTO {quote(model._meta.db_table)} ({into}) VALUES {', '.join([row] * count)} "  # noqa: S608
        f"ON CONFLICT DO NOTHING RETURNING {told}"
    )
    return sql, [fields[column] for column in columns]
