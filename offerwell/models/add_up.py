"""Add sums to the rows of a rollup, and make the rows that are not there: one statement, whatever their number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db import models


def add_up(
    model: type[models.Model],
    rows: str,
    cells: Sequence[str],
    *,
    keys: Sequence[str],
    sums: Sequence[str],
    told: Sequence[str] = (),
) -> None:
    """Add `rows` to the table. They are JSON: a list of lists, whose cells are the columns `cells` in their order.

    Rows with the same `keys` (the columns of a unique constraint) are summed first: the same rows fill a coarser table
    that has fewer keys. Sums are whole numbers and may be negative. What is `told` follows from the keys.
    """
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    into = ", ".join(map(quote, (*keys, *told, *sums)))
    picked = [_cell(model, name, cells.index(name)) for name in (*keys, *told)]
    grouped = ", ".join(str(place) for place in range(1, len(picked) + 1))
    picked += [f"sum({_cell(model, name, cells.index(name))})" for name in sums]
    added = ", ".join(f"{quote(name)} = {table}.{quote(name)} + excluded.{quote(name)}" for name in sums)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({into}) SELECT {', '.join(picked)} FROM {_source()} WHERE true GROUP BY {grouped}"  # noqa: S608
            f" ON CONFLICT ({', '.join(map(quote, keys))}) DO UPDATE SET {added}",
            [rows],
        )


def _source() -> str:
    if connection.vendor == "postgresql":
        return "jsonb_array_elements(%s::jsonb) AS listed(value)"
    return "json_each(%s) AS listed"


def _cell(model: type[models.Model], name: str, place: int) -> str:
    if connection.vendor != "postgresql":
        return f"json_extract(listed.value, '$[{place}]')"
    kind = next(field.get_internal_type() for field in model._meta.concrete_fields if field.column == name)
    cast = {"DateField": "date", "CharField": "text"}.get(kind, "bigint")
    return f"(listed.value ->> {place})::{cast}"
