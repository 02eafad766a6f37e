"""What the brand is taken to want of a code whose discount existed on its stores before Offerwell knew it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class StoresDisagree(Exception):
    """One store has the discount on, another off: only a person knows which is meant."""


class SeenDiscount(Protocol):
    """What is looked at of a store's discount. `status` is active, scheduled or expired."""

    @property
    def status(self) -> str:
        """As the store says."""

    @property
    def starts_at(self) -> datetime | None:
        """Start of its window."""

    @property
    def ends_at(self) -> datetime | None:
        """End of its window; None for no end."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """The intent, and the code's own window where it differs from the offer's (None: as the offer)."""

    is_active: bool = True
    starts_at: datetime | None = None
    ends_at: datetime | None = None


def adoption_of(
    seen: Sequence[tuple[str, SeenDiscount]],
    *,
    offer_starts_at: datetime | None,
    offer_ends_at: datetime | None,
    now: datetime | None = None,
) -> Adoption:
    """The intent and window of a code, from (store's name, discount) of each store that has it.

    Deactivating ends a discount, so an expired one is deactivated, unless it ended when the offer was
    planned to end: before `now`, that is, because one whose end lies ahead was switched off by a flag (Vendure).
    A window in force is kept as the planned one, so that re-activation restores it.
    Raises StoresDisagree.
    """
    if not seen:
        return Adoption()
    wanted = {label: _is_wanted(discount, offer_ends_at, now) for label, discount in seen}
    if len(set(wanted.values())) > 1:
        on = ", ".join(label for label, is_on in wanted.items() if is_on)
        off = ", ".join(label for label, is_on in wanted.items() if not is_on)
        raise StoresDisagree(f"the discount is active in {on} and not in {off}. Make the stores agree, then import it.")
    first = seen[0][1]
    return Adoption(
        is_active=next(iter(wanted.values())),
        starts_at=_own_start(first, offer_starts_at),
        ends_at=_own_end(first, offer_ends_at),
    )


def _is_wanted(discount: SeenDiscount, offer_ends_at: datetime | None, now: datetime | None) -> bool:
    if discount.status != "expired":
        return True
    if discount.ends_at is None or not _same(discount.ends_at, offer_ends_at):
        return False
    return now is None or discount.ends_at <= now


def _own_end(discount: SeenDiscount, offer_ends_at: datetime | None) -> datetime | None:
    """An expired discount's end is when it was switched off, not what was planned."""
    if discount.status == "expired" or _same(discount.ends_at, offer_ends_at):
        return None
    return discount.ends_at


def _own_start(discount: SeenDiscount, offer_starts_at: datetime | None) -> datetime | None:
    """A start that has passed matters only where the offer's says that it has not."""
    if _same(discount.starts_at, offer_starts_at):
        return None
    is_ahead = discount.status == "scheduled"
    is_earlier = bool(offer_starts_at and discount.starts_at and discount.starts_at < offer_starts_at)
    return discount.starts_at if is_ahead or is_earlier else None


def _same(one: datetime | None, other: datetime | None) -> bool:
    """Equal to the second: that is how stores keep times."""
    if one is None or other is None:
        return one is other
    return one.replace(microsecond=0) == other.replace(microsecond=0)
