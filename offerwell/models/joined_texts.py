"""The texts of a group as one line, on both databases."""

from __future__ import annotations

from typing import Any

from django.db.models import Aggregate, TextField


class JoinedTexts(Aggregate):
    """Texts with a space between them."""

    function = "STRING_AGG"
    template = "%(function)s(%(expressions)s, ' ')"
    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """SQLite's name for it."""
        return self.as_sql(compiler, connection, function="GROUP_CONCAT", **extra)
