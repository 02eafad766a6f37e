"""What the sync of a store needs from outside: rows to work on, and values that pass between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, timedelta

    from offerwell.integrations.store import CodeSpec
    from offerwell.rules.store_sync import ClaimedCode, Sighting


@dataclass(frozen=True, slots=True)
class Settled:
    """A row the store agrees with: what it shows, and the outcome as `models.OutcomeResult`."""

    code: ClaimedCode
    status: str
    result: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Drifted:
    """A row whose store shows what nobody here asked for: what it shows, and the sentence for a person."""

    code: ClaimedCode
    seen: Sighting | None
    reason: str


class SyncRows(Protocol):
    """The rows of one store. Every method is one transaction of its own.

    Each change names rows by id and touches only those that this worker still holds.
    """

    def claim(self, limit: int) -> list[ClaimedCode]:
        """Due rows nobody holds, now held by us. A lease taken over makes its row suspect."""

    def hold(self, ids: Iterable[int]) -> set[int]:
        """Lengthen our leases. Gives the rows we still hold."""

    def fence(self, codes: Sequence[ClaimedCode], how: str) -> set[int]:
        """Note that we are about to write. Gives the rows still ours and of the claimed generation.

        A rename (`how`) leaves what is known of the status as it is.
        """

    def acknowledge(self, codes: Sequence[ClaimedCode]) -> None:
        """The store said that our write of each row's wanted status is done."""

    def renamed(self, codes: Sequence[ClaimedCode]) -> None:
        """The store said that our rename of each row is done. It says nothing of their status."""

    def keep_refs(self, refs: Mapping[int, str]) -> None:
        """Store the ids of discounts just made or adopted, at once: a crash must not lose them."""

    def foreign_refs(self, codes: Sequence[ClaimedCode], refs: Sequence[str]) -> set[str]:
        """Which of these discounts other rows of ours hold already."""

    def confirm(self, settled: Sequence[Settled]) -> None:
        """The store agrees with the claimed generation. Lets the rows go."""

    def give_up(self, codes: Sequence[ClaimedCode], *, problem: str, reason: str) -> None:
        """A person must act; not tried again by itself. Lets the rows go."""

    def flag_drifts(self, drifted: Sequence[Drifted]) -> None:
        """Someone else changed the store. Lets the rows go."""

    def put_off(self, codes: Sequence[ClaimedCode], *, until: datetime, reason: str) -> None:
        """Try again at `until`. Lets the rows go."""

    def suspect(self, codes: Sequence[ClaimedCode], *, until: datetime) -> None:
        """A request of unknown fate may land until then, if no earlier one later. Keeps the rows held."""

    def let_go(self, ids: Iterable[int]) -> None:
        """Release rows untouched."""

    def specs(self, codes: Sequence[ClaimedCode]) -> Mapping[int, CodeSpec]:
        """What to create for each row id."""

    def note_store(self, *, trouble: str, pause: timedelta | None) -> None:
        """How the store as a whole is; empty trouble says that it answers."""
