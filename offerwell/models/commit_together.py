"""Calls that arrive while the disk is busy with others share the next commit: one wait for the disk instead of many.

SQLite writes one transaction at a time and waits for the disk at each end. A burst of single inserts then stands in
a line whose waiting is polling (its busy handler sleeps 1 to 100 ms), and collapses well below what the disk can do.
PostgreSQL shares waits for the disk by itself; there one statement for many calls spares it and us the work of each.
Nobody is told "stored" before the commit that holds its row: ADR 12.
"""

from __future__ import annotations

import fcntl
from contextlib import contextmanager, nullcontext
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from django.conf import settings
from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Asked = TypeVar("Asked")
Told = TypeVar("Told")


class _Ticket(Generic[Asked, Told]):
    """One call, and what became of it. `called` is let go when it is answered, or has to lead."""

    __slots__ = ("asked", "called", "told")

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.told: Told | Exception | None = None
        self.called = Lock()
        self.called.acquire()


class CommitTogether(Generic[Asked, Told]):
    """Whoever comes to an idle table leads: it commits for all who wait, and then one of those who came meanwhile."""

    def __init__(self, commit: Callable[[Sequence[Asked]], Sequence[Told | Exception]], lock_name: str) -> None:
        """`commit` gives one answer for each call; an exception is raised to whose call it is.

        `lock_name` is a file in the data folder, by which the web processes of this machine take turns at SQLite.
        """
        self._commit = commit
        self._lock_name = lock_name
        self._waiting: list[_Ticket[Asked, Told]] = []
        self._is_led = False
        self._list = Lock()

    def tell(self, asked: Asked) -> Told:
        """The answer to this call, committed."""
        ticket: _Ticket[Asked, Told] = _Ticket(asked)
        with self._list:
            self._waiting.append(ticket)
            leads, self._is_led = not self._is_led, True
        if not leads:
            ticket.called.acquire()
        if ticket.told is None:
            self._lead()
        if isinstance(ticket.told, Exception):
            raise ticket.told
        return cast("Told", ticket.told)

    def _lead(self) -> None:
        batch: list[_Ticket[Asked, Told]] = []
        try:
            with _machine_wide(self._lock_name) if connection.vendor == "sqlite" else nullcontext():
                batch = self._taken()
                told = self._commit([ticket.asked for ticket in batch])
        except Exception as error:  # noqa: BLE001  raised to everyone it concerns
            batch = batch or self._taken()
            told = [error] * len(batch)
        for ticket, one in zip(batch, told, strict=True):
            ticket.told = one
        self._call(batch)

    def _taken(self) -> list[_Ticket[Asked, Told]]:
        with self._list:
            batch, self._waiting = self._waiting, []
        return batch

    def _call(self, batch: Sequence[_Ticket[Asked, Told]]) -> None:
        with self._list:
            self._is_led = bool(self._waiting)
            leader = self._waiting[:1]
        for ticket in [*leader, *batch]:
            ticket.called.release()


@contextmanager
def _machine_wide(name: str) -> Iterator[None]:
    """A turn among processes, woken by the kernel. One that dies gives its turn back."""
    with (settings.DATA / name).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
