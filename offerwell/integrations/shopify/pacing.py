"""How long to wait before a request, so that the store's leaky bucket of points never runs dry.

The maths is pure, on `BucketState`; a `CostBucket` keeps that state somewhere: `MemoryBucket` in
this process, the product's own in the database, so that all workers of a store share it.
A reservation takes its points at once, even below zero, and the caller then sleeps what it is
told and sends: whoever reserves next queues behind it, and nobody needs to ask again.
Times are seconds of one shared clock (Unix time).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock
from typing import Protocol

# A request that was told to go is charged by the store, and its answer is back, within this many
# seconds of travel; until then the store's own figure may be too high by its cost.
FLIGHT_SECONDS = 1.0


class CostBucket(Protocol):
    """The points left at one store for one app, shared by everything that talks to it."""

    def reserve(self, points: int, now: float) -> float:
        """Take `points` and give the seconds to wait before sending."""

    def learn(self, available: float, maximum: float, restore_rate: float, now: float) -> None:
        """Believe what the store said in an answer."""


@dataclass(frozen=True, slots=True)
class BucketState:
    """`available` may be negative: points promised ahead. `busy_until`: the last promise is charged by then.

    The defaults are those of Shopify's Standard plan, until the first answer tells.
    """

    available: float = 2000.0
    maximum: float = 2000.0
    restore_rate: float = 100.0
    at: float = 0.0
    busy_until: float = 0.0


def restored(state: BucketState, now: float) -> BucketState:
    """The bucket at `now`. A clock set back gives nothing and takes nothing."""
    elapsed = now - state.at
    if elapsed < 0:
        return replace(state, at=now, busy_until=state.busy_until + elapsed)
    available = min(state.maximum, state.available + elapsed * state.restore_rate)
    return replace(state, available=available, at=now)


def reserved(state: BucketState, points: int, now: float) -> tuple[BucketState, float]:
    """The bucket without `points`, and the wait: (requested + cushion - available) / restore rate.

    The cushion is what the store restores in FLIGHT_SECONDS. A full bucket at the store restores
    nothing until the first charge arrives, while ours counts from the promise: without a cushion
    the first of a crowd that has to wait comes that much too early.
    """
    current = restored(state, now)
    taken = min(points, current.maximum)
    cushion = min(current.restore_rate * FLIGHT_SECONDS, current.maximum - taken)
    left = current.available - taken
    wait = max(0.0, (cushion - left) / current.restore_rate)
    busy_until = max(current.busy_until, now + wait + FLIGHT_SECONDS)
    return replace(current, available=left, busy_until=busy_until), wait


def learned(state: BucketState, available: float, maximum: float, restore_rate: float, now: float) -> BucketState:
    """The bucket after the store's word. While promises are out, only a lower figure is believed."""
    own = restored(state, now)
    believed = min(own.available, available) if now < own.busy_until else available
    if restore_rate <= 0 or maximum <= 0:
        return replace(own, available=believed)
    return replace(own, available=believed, maximum=maximum, restore_rate=restore_rate)


class MemoryBucket:
    """A bucket for one process, safe between its threads."""

    def __init__(self, state: BucketState | None = None) -> None:
        self._state = state or BucketState()
        self._lock = Lock()

    def reserve(self, points: int, now: float) -> float:
        """Take `points` and give the seconds to wait before sending."""
        with self._lock:
            self._state, wait = reserved(self._state, points, now)
            return wait

    def learn(self, available: float, maximum: float, restore_rate: float, now: float) -> None:
        """Believe what the store said in an answer."""
        with self._lock:
            self._state = learned(self._state, available, maximum, restore_rate, now)
