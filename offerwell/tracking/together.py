"""Whatever waits is done together: one statement, one wait for the disk, for all requests that came meanwhile.

A thread of its own does it, so that the loop goes on answering. Nobody waits longer than `PATIENCE`: what takes
longer goes on, but its request is told None.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = logging.getLogger("offerwell.tracking")
T = TypeVar("T")
R = TypeVar("R")
PATIENCE = 3.0
_TICK = 0.25
_AFTER_FAILURE = 0.2  # a database that is away is not asked, and not complained about, a thousand times a second
MOST_WAITING = 10_000
MOST_AT_ONCE = 1_000


class Together(Generic[T, R]):
    """`do` takes the waiting items, in order, and gives as many results. It runs in one thread, never twice at once."""

    def __init__(self, name: str, do: Callable[[list[T]], Sequence[R]]) -> None:
        self._do = do
        self._waiting: deque[tuple[T, asyncio.Future[R | None]]] = deque()
        self._patient: deque[tuple[float, asyncio.Future[R | None]]] = deque()
        self._arrived = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._name = name

    def ask(self, item: T) -> asyncio.Future[R | None]:
        """The result, or None: it did not come in time, it failed, or too many wait already."""
        loop = self._loop or self._begin()
        future: asyncio.Future[R | None] = loop.create_future()
        if len(self._waiting) >= MOST_WAITING:
            future.set_result(None)
            return future
        self._patient.append((loop.time() + PATIENCE, future))
        self._waiting.append((item, future))
        self._arrived.set()
        return future

    def _begin(self) -> asyncio.AbstractEventLoop:
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._work, name=self._name, daemon=True).start()
        self._loop.call_later(_TICK, self._tick)
        return self._loop

    def _tick(self) -> None:
        """Answer those who waited too long, and forget those who were answered."""
        assert self._loop is not None  # noqa: S101  for the type checker: only a loop ticks
        now = self._loop.time()
        while self._patient and (self._patient[0][0] <= now or self._patient[0][1].done()):
            _, future = self._patient.popleft()
            if not future.done():
                future.set_result(None)
        self._loop.call_later(_TICK, self._tick)

    def _work(self) -> None:
        while True:
            self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]
                results = self._done([item for item, _ in taken])
                assert self._loop is not None  # noqa: S101
                self._loop.call_soon_threadsafe(_tell, [future for _, future in taken], results)

    def _done(self, items: list[T]) -> Sequence[R | None]:
        try:
            return self._do(items)
        except Exception:
            log.exception("%s failed for %d", self._name, len(items))
            time.sleep(_AFTER_FAILURE)
            return [None] * len(items)


def _tell(futures: list[asyncio.Future[R | None]], results: Sequence[R | None]) -> None:
    for future, result in zip(futures, results, strict=True):
        if not future.done():
            future.set_result(result)
