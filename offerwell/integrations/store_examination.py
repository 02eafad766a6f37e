"""What `offerwell stores doctor` asks of a store beyond the connector protocol: small, so that few stores need it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from offerwell.integrations.store import StoreConnector

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class UnknownField:
    """A field or argument that one of our operations uses and the store's schema has not, or calls deprecated."""

    operation: str
    what: str
    is_deprecated: bool = False


class ExaminedStore(StoreConnector, Protocol):
    """A store that can be examined."""

    def delete(self, ref: str) -> str:
        """Delete one discount for good. The refusal sentence; empty when it is gone, or was before."""

    def count_subscriptions(self) -> int:
        """How many webhook subscriptions our app has there."""

    def unknown_fields(self) -> Sequence[UnknownField]:
        """What our operations use and the store's schema does not have. Asks for the schema only."""

    def operations_count(self) -> int:
        """How many operations `unknown_fields` compares."""
