"""Rows that arrive while the disk is busy with others share the next commit: one wait for the disk instead of many.

SQLite writes one transaction at a time and waits for the disk at each end. A burst of single inserts then stands in
a line whose waiting is polling (its busy handler sleeps 1 to 100 ms), and collapses well below what the disk can do.
PostgreSQL does all this by itself. Nobody is told "stored" before the commit that holds its row: ADR 12.
"""

from __future__ import annotations

import fcntl
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction

from offerwell.models.insert_once import insert_once

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.db import models


@dataclass(slots=True)
class _Ticket:
    """One row, and what became of it."""

    row: Mapping[str, Any]
    is_done: bool = False
    is_new: bool = False
    error: Exception | None = None


class CommitTogether:
    """For one table. Whoever gets the turn commits for all who wait; the others find their ticket done."""

    def __init__(self, model: type[models.Model], lock_name: str) -> None:
        """`lock_name` is a file in the data folder, by which the web processes of this machine take turns."""
        self._model = model
        self._lock_name = lock_name
        self._waiting: list[_Ticket] = []
        self._list = Lock()
        self._turn = Lock()

    def insert_once(self, row: Mapping[str, Any]) -> bool:
        """As `insert_once`: the row is committed when this returns. Gives whether it was new."""
        if connection.vendor != "sqlite":
            return insert_once(self._model, row)
        ticket = _Ticket(row)
        with self._list:
            self._waiting.append(ticket)
        with self._turn:
            if not ticket.is_done:
                self._commit_all()
        if ticket.error is not None:
            raise ticket.error
        return ticket.is_new

    def _commit_all(self) -> None:
        with _machine_wide(self._lock_name):
            with self._list:
                batch, self._waiting = self._waiting, []
            try:
                self._commit(batch)
            finally:
                for ticket in batch:
                    ticket.is_done = True

    def _commit(self, batch: list[_Ticket]) -> None:
        """One transaction; where that fails, each row by itself, so that a bad one hurts nobody else."""
        if len(batch) > 1:
            with suppress(Exception), transaction.atomic():
                for ticket in batch:
                    ticket.is_new = insert_once(self._model, ticket.row)
                return
        for ticket in batch:
            try:
                ticket.is_new = insert_once(self._model, ticket.row)
            except Exception as error:  # noqa: BLE001  raised to whose row it is
                ticket.error = error


@contextmanager
def _machine_wide(name: str) -> Iterator[None]:
    """A turn among processes, woken by the kernel. One that dies gives its turn back."""
    with (settings.DATA / name).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
