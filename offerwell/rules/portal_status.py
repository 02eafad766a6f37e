"""What a creator sees of a code or link: what a shopper would get from it (trust §2, "Portal").

Active only when every store has confirmed it. A wanted deactivation shows at once, whatever the stores say yet; a
wanted activation is *coming on* until they have. Why a store is behind or differs is the brand's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.offer_status import OfferState, StoreView


class PortalStatus(StrEnum):
    """The statuses of the portal."""

    ACTIVE = "active"
    COMING_ON = "coming_on"
    ON_HOLD = "on_hold"
    DEACTIVATED = "deactivated"
    SCHEDULED = "scheduled"
    EXPIRED = "expired"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class ShownStatus:
    """A status, and the moment that belongs to it: since when, from when or until when."""

    status: PortalStatus
    at: datetime | None = None

    @property
    def is_usable(self) -> bool:
        """Whether a shopper can use it now."""
        return self.status == PortalStatus.ACTIVE

    @property
    def is_over(self) -> bool:
        """Whether shoppers cannot use it any more: it is struck out."""
        return self.status in {PortalStatus.DEACTIVATED, PortalStatus.EXPIRED, PortalStatus.ENDED}


@dataclass(frozen=True, slots=True)
class Switch:
    """A code's or link's intent, since when, and its own dates. `has_address`: a link that leads nowhere has none."""

    is_active: bool
    since: datetime
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    has_address: bool = True


def portal_status(
    switch: Switch, offer: OfferState, stores: tuple[StoreView, ...], *, is_archived: bool, at: datetime
) -> ShownStatus:
    """What to show at `at`. A link has no stores."""
    if not switch.is_active:
        return ShownStatus(PortalStatus.DEACTIVATED, switch.since)
    if is_archived:
        return ShownStatus(PortalStatus.ENDED)
    ends = switch.ends_at or offer.ends_at
    if ends is not None and ends <= at:
        return ShownStatus(PortalStatus.EXPIRED, ends)
    if not offer.is_running:
        return ShownStatus(PortalStatus.PAUSED)
    starts = switch.starts_at or offer.starts_at
    if starts is not None and at < starts:
        return ShownStatus(PortalStatus.SCHEDULED, starts)
    return _told_by_stores(switch, stores, ends)


def _told_by_stores(switch: Switch, stores: tuple[StoreView, ...], ends: datetime | None) -> ShownStatus:
    """Wanted, and in its time: whether a shopper gets it."""
    if any(store.problem for store in stores):
        return ShownStatus(PortalStatus.ON_HOLD)
    if not switch.has_address or any(store.is_behind or store.is_suspect for store in stores):
        return ShownStatus(PortalStatus.COMING_ON)
    return ShownStatus(PortalStatus.ACTIVE, ends)
