"""Trying again after passing trouble: a few times, further apart each time, never in step with others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from offerwell.integrations.store import FateUnknown, StoreError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

Result = TypeVar("Result")

ATTEMPTS = 4
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class Retries:
    """`run` repeats what raises a passing StoreError; permanent ones and unknown fates go straight up."""

    sleep: Callable[[float], None]
    rng: random.Random

    def run(self, attempt: Callable[[], Result]) -> Result:
        """The first result, or the last error after ATTEMPTS tries. A long Retry-After goes up at once."""
        for number in range(1, ATTEMPTS):
            try:
                return attempt()
            except FateUnknown:
                raise
            except StoreError as error:
                if error.permanent or (error.retry_after or 0.0) > LONGEST_PAUSE:
                    raise
                self.sleep(error.retry_after or self.pause(number))
        return attempt()

    def pause(self, number: int) -> float:
        """Seconds before the try after try `number`: between half and all of 0.5, 1, 2 and so on."""
        return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (number - 1)) * self.rng.uniform(0.5, 1.0)
