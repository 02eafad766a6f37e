"""Clicks onto the disk, many by one statement; and the key of each day's hashes."""

from __future__ import annotations

import logging
import os
import secrets
import time
from typing import TYPE_CHECKING, NamedTuple

from offerwell.tracking.database import PASSING, cells, source, texts

if TYPE_CHECKING:
    from offerwell.tracking.database import Database

log = logging.getLogger("offerwell.tracking")
# Column → PostgreSQL's type, in the order of `Arrival`.
COLUMNS = {
    "workspace_id": "bigint", "link_id": "bigint", "offer_id": "bigint", "member_id": "bigint", "key": "uuid",
    "at": "timestamptz", "day": "date", "outcome": "text", "visitor": "text", "origin": "text", "bot": "text",
}  # fmt: skip
_TRY_AGAIN_AFTER = 0.2


class Arrival(NamedTuple):
    """One row of `models.Click`. `at` is text of UTC as SQLite keeps times; `key` 32 hexadecimal digits."""

    workspace_id: int
    link_id: int
    offer_id: int
    member_id: int
    key: str
    at: str
    day: str
    outcome: str
    visitor: str
    origin: str
    bot: str


def new_key() -> str:
    """128 bits that sort by time, so that the index grows at one end; 80 of them are random."""
    return f"{int(time.time() * 1000):012x}{os.urandom(10).hex()}"


def store_clicks(database: Database, arrivals: list[Arrival]) -> list[bool]:
    """Keep them. Returns when they are on the disk, however long that takes; raises what does not pass by itself."""
    place = database.place
    statement = (
        f"INSERT INTO offerwell_click ({', '.join(_quoted(name) for name in COLUMNS)}) "  # noqa: S608
        f"SELECT {cells(place, list(COLUMNS.values()))} FROM {source(place)} WHERE true ON CONFLICT DO NOTHING"
    )
    tries = 0
    while True:
        try:
            database.rows(statement, [list(one) for one in arrivals])
        except PASSING:
            tries += 1
            if tries == 1:
                log.exception("clicks wait for the database")
            time.sleep(_TRY_AGAIN_AFTER)
        else:
            return [True] * len(arrivals)


def _quoted(name: str) -> str:
    return f'"{name}"'


def read_salts(database: Database, wanted: list[str]) -> dict[str, str]:
    """The hash key of each `workspace/day`, made where there is none."""
    place = database.place
    fresh = [[*_workspace_and_day(one), secrets.token_hex(32)] for one in sorted(set(wanted))]
    database.rows(
        "INSERT INTO offerwell_clicksalt (workspace_id, day, salt) "  # noqa: S608
        f"SELECT {cells(place, ['bigint', 'date', 'text'])} FROM {source(place)} WHERE true ON CONFLICT DO NOTHING",
        fresh,
    )
    named = "workspace_id || '/' || day" if place.is_sqlite else "workspace_id || '/' || to_char(day, 'YYYY-MM-DD')"
    found = database.rows(
        f"SELECT {named}, salt FROM offerwell_clicksalt WHERE {named} IN ({texts(place)})",  # noqa: S608
        sorted(set(wanted)),
    )
    return dict(found)


def _workspace_and_day(wanted: str) -> tuple[int, str]:
    workspace_id, _, day = wanted.partition("/")
    return int(workspace_id), day
