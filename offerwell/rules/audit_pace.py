"""How the regular look at a store's codes is spread over the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

# Four reads of a Shopify store: a bulk change that comes now waits for no more than these.
BATCH = 1_000
# A store that is never idle is looked at all the same once its batch is so late.
PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class AuditPace:
    """Every code is read at least once in `interval`.

    A round passes all codes in less than half of that, and marks those that would grow too old before the next
    round comes by: so a code that nothing else reads is read every other round, and the reads are spread evenly.
    """

    interval: timedelta

    @property
    def round(self) -> timedelta:
        """How long one round takes."""
        return self.interval * 0.45

    def read_before(self, at: datetime, asked_at: datetime | None) -> datetime:
        """Codes last read before this are read now. When asked for: all that were not read since."""
        overdue = at - (self.interval - self.round)
        return overdue if asked_at is None else max(overdue, asked_at)

    def next_batch(self, at: datetime, codes: int, *, is_asked: bool) -> datetime:
        """When the next batch of a round over so many codes is due. One that was asked for does not wait."""
        if is_asked:
            return at
        return at + self.round * min(1.0, BATCH / max(codes, 1))
