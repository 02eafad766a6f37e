"""Which kind each discount was when it was last read: an update must be that of the discount's own kind."""

from __future__ import annotations

from threading import Lock

# The last so many discounts read, far more than one pass works on.
MOST_KEPT = 50_000


class RememberedKinds:
    """Ref → kind (`DiscountCodeBasic`, …): bounded, safe between threads, corrected by each later read."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._kinds: dict[str, str] = {}
        self._most = most
        self._lock = Lock()

    def of(self, ref: str) -> str | None:
        """The kind as last read; None when it was not read, or is too long ago, or the store had none."""
        return self._kinds.get(ref)

    def learn(self, ref: str, kind: str | None) -> None:
        """Keep what a read said; None forgets. The longest unread goes first."""
        with self._lock:
            self._kinds.pop(ref, None)
            if kind is None:
                return
            self._kinds[ref] = kind
            if len(self._kinds) > self._most:
                del self._kinds[next(iter(self._kinds))]
