"""What the store keeps about a discount, and the rules of its window.

The rules are those recorded on real stores: a status follows from the window, deactivation ends the window now,
activation opens it, and both lose what was planned.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(StrEnum):
    """The discount types of the schema that the sandbox can create."""

    CODE_BASIC = "DiscountCodeBasic"
    CODE_BXGY = "DiscountCodeBxgy"
    CODE_FREE_SHIPPING = "DiscountCodeFreeShipping"
    AUTOMATIC_BASIC = "DiscountAutomaticBasic"
    AUTOMATIC_BXGY = "DiscountAutomaticBxgy"
    AUTOMATIC_FREE_SHIPPING = "DiscountAutomaticFreeShipping"

    @property
    def has_codes(self) -> bool:
        """Whether a customer types a code (else the discount applies by itself)."""
        return self.value.startswith("DiscountCode")

    @property
    def node_type(self) -> str:
        """The type of the node that holds this discount, which is also part of its id."""
        return "DiscountCodeNode" if self.has_codes else "DiscountAutomaticNode"


class Status(StrEnum):
    """The three statuses; there is none for "deactivated"."""

    ACTIVE = "ACTIVE"
    EXPIRED = "EXPIRED"
    SCHEDULED = "SCHEDULED"


@dataclass(slots=True)
class RedeemCode:
    """One code a customer can type."""

    number: int
    code: str
    usage: int = 0

    @property
    def gid(self) -> str:
        """The global id."""
        return f"gid://shopify/DiscountRedeemCode/{self.number}"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reader saw before the latest change, for the stale-read fault."""

    title: str
    starts_at: int
    ends_at: int | None
    updated_at: int
    until: float


@dataclass(slots=True)
class Discount:
    """One discount; moments are whole seconds since 1970, as the real store keeps them [recorded]."""

    number: int
    kind: Kind
    title: str
    starts_at: int
    ends_at: int | None
    created_at: int
    updated_at: int
    terms: Mapping[str, Any]
    tags: tuple[str, ...] = ()
    codes: list[RedeemCode] = field(default_factory=list)
    before: Seen | None = None

    @property
    def gid(self) -> str:
        """The global id."""
        return f"gid://shopify/{self.kind.node_type}/{self.number}"

    def status(self, now: float) -> Status:
        """Derive the status from the window and the clock [recorded]."""
        return window_status(self.starts_at, self.ends_at, now)

    def remember(self, now: float) -> None:
        """Keep what readers saw until now."""
        self.before = Seen(self.title, self.starts_at, self.ends_at, self.updated_at, now)

    def activate(self, now: float) -> bool:
        """Open the window; answer whether anything changed (an active discount is left alone [recorded])."""
        status = self.status(now)
        if status is Status.ACTIVE:
            return False
        self.remember(now)
        if status is Status.SCHEDULED:
            self.starts_at = int(now)  # a planned end after it stays: assumed, no recording shows one
        else:
            self.ends_at = None
        self.updated_at = int(now)
        return True

    def deactivate(self, now: float) -> bool:
        """End the window now; a scheduled one loses its planned start, an expired one is left alone [recorded]."""
        status = self.status(now)
        if status is Status.EXPIRED:
            return False
        self.remember(now)
        self.ends_at = int(now)
        if status is Status.SCHEDULED:
            self.starts_at = self.ends_at
        self.updated_at = int(now)
        return True


def window_status(starts_at: int, ends_at: int | None, now: float) -> Status:
    """Tell where the clock stands in a window; an end that has come wins over a start still to come."""
    if ends_at is not None and ends_at <= now:
        return Status.EXPIRED
    return Status.SCHEDULED if starts_at > now else Status.ACTIVE


def share_terms(terms: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer one shared object for equal terms: ten thousand codes of an offer have the same ones."""
    return _terms_of(json.dumps(dict(terms), sort_keys=True))


@lru_cache(maxsize=4096)
def _terms_of(text: str) -> Mapping[str, Any]:
    return MappingProxyType(json.loads(text))
