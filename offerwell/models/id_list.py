"""A list of ids inside a statement, however many, on both databases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import BigIntegerField, BooleanField, F, Func, Q
from django.db.models.expressions import RawSQL

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from typing import Any


LONGEST_INLINE = 2_000
"""Up to so many, PostgreSQL gets a list as such.

It is looked up in an index or hashed, whatever is believed of the table. A sub-select becomes a join, and where the
statistics know nothing of a table, or of a workspace in it, that was a loop over all orders for each one of the list.
"""


def id_rows(ids: Iterable[int]) -> RawSQL:
    """A sub-select of the ids or the list of them, for `…__in=`."""
    listed = [int(i) for i in ids]
    if connection.vendor != "postgresql":
        return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(listed)], output_field=BigIntegerField())
    if 0 < len(listed) <= LONGEST_INLINE:
        first, *rest = map(str, listed)
        return RawSQL(",".join([f"{first}::bigint", *rest]), [], output_field=BigIntegerField())
    return RawSQL("SELECT unnest(%s::bigint[])", [listed], output_field=BigIntegerField())


class _Named(Func):
    output_field = BooleanField()

    def __init__(self, column: str, ids: Sequence[int]) -> None:
        super().__init__(F(column))
        self.ids = ids

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> Any:  # type: ignore[override]
        template = "%(expressions)s IN (SELECT value FROM json_each(%%s))"
        column, params = super().as_sql(compiler, connection, template=template, **extra)
        return column, [*params, json.dumps(self.ids)]

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "%(expressions)s = ANY (ARRAY(SELECT unnest(%%s::bigint[])))"
        column, params = super().as_sql(compiler, connection, template=template, **extra)
        return column, [*params, self.ids]


def named(column: str, ids: Iterable[int]) -> Q:
    """Rows to be looked up one by one, whatever order and end the page asks for.

    PostgreSQL takes a list that it cannot look into for a short one. Where it can, it rather walks a million members in
    the order of their names, to meet fifty of two thousand on the way.
    """
    return Q(_Named(column, [int(i) for i in ids]))


def among(ids: Collection[int]) -> Q:
    """The rows of these ids, which follow each other closely: a stretch of the table, in the order of its keys.

    Without the ends PostgreSQL rather walks a whole table of a hundred thousand rows than looking up two thousand.
    """
    return Q(pk__range=(min(ids), max(ids)), pk__in=id_rows(ids)) if ids else Q(pk__in=[])
