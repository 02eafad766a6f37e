"""The leaky bucket of query points, one for each access token."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Pacing(StrEnum):
    """Whose limits apply; only Standard is recorded, the bucket sizes of the others are assumed (20 s of restore)."""

    OFF = "off"
    STANDARD = "standard"
    ADVANCED = "advanced"
    PLUS = "plus"

    @property
    def restore_rate(self) -> int:
        """Points that come back each second."""
        return {"off": 50_000, "standard": 100, "advanced": 200, "plus": 1000}[self.value]

    @property
    def maximum(self) -> int:
        """Points a full bucket holds."""
        return self.restore_rate * 20


@dataclass(slots=True)
class Bucket:
    """Points of one token."""

    pacing: Pacing
    clock: Callable[[], float]
    level: float = 0.0
    seen_at: float = 0.0

    def __post_init__(self) -> None:
        """Start full."""
        self.level = float(self.pacing.maximum)
        self.seen_at = self.clock()

    def refill(self) -> None:
        """Add what came back since the last look."""
        now = self.clock()
        restored = max(0.0, now - self.seen_at) * self.pacing.restore_rate
        self.level = min(float(self.pacing.maximum), self.level + restored)
        self.seen_at = now

    def take(self, points: int) -> bool:
        """Take points, or answer False and take none."""
        self.refill()
        if self.pacing is Pacing.OFF:
            return True
        if self.level < points:
            return False
        self.level -= points
        return True

    def give_back(self, points: int) -> None:
        """Return what a request did not use."""
        if self.pacing is not Pacing.OFF:
            self.level = min(float(self.pacing.maximum), self.level + points)

    def wait_for(self, points: int) -> float:
        """Seconds until so many points are there."""
        return max(0.0, points - self.level) / self.pacing.restore_rate
