"""Answers of the database, remembered for a moment: a change is honoured within `FRESH` seconds of its commit."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from offerwell.tracking.together import Together

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

V = TypeVar("V")
FRESH = 0.9
# An answer this old is still given, and asked for anew meanwhile: links that many open keep nobody waiting.
_RENEWED_AFTER = 0.5
MOST_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Answered(Generic[V]):
    """What was found (None: nothing), and when it was asked for."""

    found: V | None
    at: float


class Remembered(Generic[V]):
    """`read` gives what it finds for some keys. `fresh` is for how many seconds that holds, from before it was read."""

    def __init__(self, name: str, read: Callable[[list[str]], Mapping[str, V]], *, fresh: float = FRESH) -> None:
        self._read, self._fresh = read, fresh
        self._known: dict[str, Answered[V]] = {}
        self._asked: dict[str, asyncio.Future[Answered[V] | None]] = {}
        self._together: Together[str, Answered[V]] = Together(name, self._read_all)

    def known(self, key: str) -> Answered[V] | None:
        """The answer, where it is fresh enough."""
        answered = self._known.get(key)
        if answered is None or (age := time.monotonic() - answered.at) >= self._fresh:
            return None
        if age >= self._fresh * _RENEWED_AFTER and key not in self._asked:
            self._begin(key)
        return answered

    def last(self, key: str) -> Answered[V] | None:
        """The last answer there was, however old."""
        return self._known.get(key)

    async def ask(self, key: str) -> Answered[V] | None:
        """The answer; None where the database gives none now. Requests for one key ask once."""
        future = self._asked.get(key) or self._begin(key)
        # One who leaves must not take the answer from the others.
        return await asyncio.shield(future)

    def _begin(self, key: str) -> asyncio.Future[Answered[V] | None]:
        future = self._asked[key] = self._together.ask(key)
        future.add_done_callback(lambda done: self._keep(key, done))
        return future

    def _keep(self, key: str, done: asyncio.Future[Answered[V] | None]) -> None:
        self._asked.pop(key, None)
        answered = None if done.cancelled() else done.result()
        if answered is None:
            return
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[key] = answered

    def _read_all(self, keys: list[str]) -> list[Answered[V]]:
        at = time.monotonic()
        found = self._read(keys)
        return [Answered(found.get(key), at) for key in keys]
