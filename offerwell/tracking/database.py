"""Connections of this door: each belongs to one thread, which opens it again after an error. Rows travel as JSON."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FAILURES = (sqlite3.Error, psycopg.Error)
# Trouble that may pass: another writer, a server that restarts.
PASSING = (sqlite3.OperationalError, psycopg.OperationalError)
_WAIT_FOR_WRITERS = 60.0


@dataclass(frozen=True, slots=True)
class Place:
    """Which database. `file` of SQLite, or `dsn` of PostgreSQL."""

    file: str = ""
    dsn: str = ""

    @property
    def is_sqlite(self) -> bool:
        """Whether it is the embedded one."""
        return bool(self.file)


def place_of(database: Mapping[str, Any]) -> Place:
    """From an entry of Django's DATABASES."""
    if database["ENGINE"].endswith("sqlite3"):
        return Place(file=str(database["NAME"]))
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return Place(dsn=psycopg.conninfo.make_conninfo(**{key: database.get(name) or None for key, name in names.items()}))


class Database:
    """One connection for one thread. Each statement is a transaction of its own, on disk when it returns."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._connection: Any = None

    def rows(self, statement: str, *given: object) -> list[tuple[Any, ...]]:
        """Run one statement. `{json}` in it stands for the rows of a parameter that is a list, called `listed`."""
        values = [json.dumps(one) if isinstance(one, list) else one for one in given]
        try:
            cursor = self._opened().execute(statement, values)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        except FAILURES:
            self.close()
            raise

    def close(self) -> None:
        """Let go. The next statement opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _opened(self) -> Any:
        if self._connection is None:
            self._connection = _sqlite(self.place.file) if self.place.is_sqlite else _postgresql(self.place.dsn)
        return self._connection


def _sqlite(file: str) -> sqlite3.Connection:
    if not Path(file).exists():
        raise sqlite3.OperationalError(f"There is no database {file} yet.")
    connection = sqlite3.connect(file, timeout=_WAIT_FOR_WRITERS, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-16384"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _postgresql(dsn: str) -> psycopg.Connection[tuple[Any, ...]]:
    connection = psycopg.connect(dsn, autocommit=True, connect_timeout=5, application_name="offerwell links")
    connection.execute("SET TIME ZONE 'UTC'")
    return connection


def cells(place: Place, kinds: Sequence[str]) -> str:
    """The columns of a JSON row: `kinds` are PostgreSQL's types, in their order."""
    if place.is_sqlite:
        return ", ".join(f"json_extract(listed.value, '$[{n}]')" for n in range(len(kinds)))
    return ", ".join(f"(listed.value ->> {n})::{kind}" for n, kind in enumerate(kinds))


def source(place: Place) -> str:
    """The JSON parameter as rows called `listed`."""
    return "json_each(?) AS listed" if place.is_sqlite else "jsonb_array_elements(%s::jsonb) AS listed(value)"


def texts(place: Place) -> str:
    """The JSON parameter as a sub-select of texts."""
    if place.is_sqlite:
        return "SELECT value FROM json_each(?)"
    return "SELECT jsonb_array_elements_text(%s::jsonb)"
