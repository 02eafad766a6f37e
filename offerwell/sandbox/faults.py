"""Switches that make the store break, one kind at a time or many together."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class FaultKind(StrEnum):
    """What can go wrong."""

    THROTTLE = "throttle"
    ERROR_BEFORE_EFFECT = "error_before_effect"
    ERROR_AFTER_EFFECT = "error_after_effect"
    TIMEOUT = "timeout"
    HTML_INSTEAD_OF_JSON = "html_instead_of_json"
    TRUNCATED_JSON = "truncated_json"
    SLOW_JOB = "slow_job"
    HALF_FAILED_JOB = "half_failed_job"
    STALE_READ = "stale_read"
    CLOCK_SKEW = "clock_skew"
    TOKEN_REVOKED = "token_revoked"  # noqa: S105  # the name of a fault, not a password
    TOKEN_EXPIRED = "token_expired"  # noqa: S105
    INSTALLATION_REVOKED = "installation_revoked"
    SCOPES_CHANGED = "scopes_changed"
    OUTSIDE_EDIT = "outside_edit"
    APP_UNINSTALLED = "app_uninstalled"
    WEBHOOK_LOST = "webhook_lost"
    WEBHOOK_DUPLICATE = "webhook_duplicate"
    WEBHOOK_REORDERED = "webhook_reordered"


class FaultRefusedError(ValueError):
    """A fault that was asked for wrongly."""


@dataclass(slots=True)
class Fault:
    """An armed switch: it strikes with a probability (`rate`) or so many times (`count`), and counts its hits.

    `seconds` is the length of a delay or of staleness, `status` the HTTP status of an error, `style` "429" makes a
    throttle answer HTTP 429 with Retry-After, `after` strikes after the effect, `operation` limits it to operations
    whose name contains the text, `mutations` to mutations (or, false, to reads).
    """

    kind: FaultKind
    rate: float | None = None
    count: int | None = None
    seconds: float | None = None
    status: int | None = None
    style: str | None = None
    after: bool = True
    operation: str | None = None
    mutations: bool | None = None
    hits: int = 0

    def fits(self, operation: str, *, mutation: bool) -> bool:
        """Tell whether the switch is meant for this call."""
        if self.count == 0 or (self.mutations is not None and self.mutations is not mutation):
            return False
        return self.operation is None or self.operation in operation

    def strike(self, chance: float) -> bool:
        """Strike or not; a switch without rate and count strikes always."""
        if self.rate is not None and chance >= self.rate:
            return False
        if self.count is not None:
            self.count -= 1
        self.hits += 1
        return True


@dataclass(slots=True)
class Faults:
    """All switches, and the seeded chance behind them."""

    armed: list[Fault] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(0))  # faults, not secrets
    past_hits: dict[str, int] = field(default_factory=dict)

    def arm(self, given: Mapping[str, Any]) -> Fault:
        """Arm a switch from its JSON."""
        known = set(Fault.__dataclass_fields__) - {"hits"}
        strange = set(given) - known
        if strange:
            message = f"Unknown fault options: {', '.join(sorted(strange))}. Known: {', '.join(sorted(known))}."
            raise FaultRefusedError(message)
        try:
            fault = Fault(**{**given, "kind": FaultKind(given.get("kind", ""))})
        except ValueError:
            message = f"Unknown fault kind {given.get('kind')!r}. Known: {', '.join(FaultKind)}."
            raise FaultRefusedError(message) from None
        self.armed.append(fault)
        return fault

    def strike(self, kind: FaultKind, operation: str = "", *, mutation: bool = False) -> Fault | None:
        """Answer the switch of this kind that strikes now, if one does."""
        for fault in self.armed:
            if fault.kind is kind and fault.fits(operation, mutation=mutation) and fault.strike(self.chance.random()):
                return fault
        return None

    def strike_named(self, kind: FaultKind, operation: str) -> Fault | None:
        """As `strike`, but only switches whose `operation` names this one: a token endpoint is spared otherwise."""
        for fault in self.armed:
            named = fault.operation is not None and fault.operation in operation
            if fault.kind is kind and named and fault.count != 0 and fault.strike(self.chance.random()):
                return fault
        return None

    def note(self, kind: FaultKind) -> None:
        """Count a hit of a fault that acts at once and is never armed."""
        self.past_hits[kind.value] = self.past_hits.get(kind.value, 0) + 1

    def clear(self) -> None:
        """Disarm everything; the hits stay counted."""
        for fault in self.armed:
            self.past_hits[fault.kind.value] = self.past_hits.get(fault.kind.value, 0) + fault.hits
        self.armed.clear()

    def seed(self, number: int) -> None:
        """Start the chance anew."""
        self.chance.seed(number)

    def shown(self) -> dict[str, object]:
        """The switches as JSON: those armed, and how often each kind struck in all."""
        hits = dict(self.past_hits)
        for fault in self.armed:
            hits[fault.kind.value] = hits.get(fault.kind.value, 0) + fault.hits
        return {"active": [asdict(fault) for fault in self.armed], "hits": hits}
