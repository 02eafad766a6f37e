"""A list of ids as rows inside a statement: one parameter, however many ids, on both databases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import BigIntegerField
from django.db.models.expressions import RawSQL

if TYPE_CHECKING:
    from collections.abc import Iterable


def id_rows(ids: Iterable[int]) -> RawSQL:
    """A sub-select of the ids, for `…__in=`."""
    listed = json.dumps([int(i) for i in ids])
    if connection.vendor == "postgresql":
        sql = "SELECT value::bigint FROM jsonb_array_elements_text(%s::jsonb) AS listed(value)"
    else:
        sql = "SELECT value FROM json_each(%s)"
    return RawSQL(sql, [listed], output_field=BigIntegerField())
