"""A bounded list of every call, so that a person or a test can see what a client did."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict, dataclass, field

KEPT = 50_000


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One call to the store."""

    seq: int
    at: str
    operation: str
    mutation: bool
    cost: int | None
    status: int
    throttled: bool
    fault: str | None = None

    def shown(self) -> dict[str, object]:
        """The call as JSON."""
        return asdict(self)


@dataclass(slots=True)
class RequestLog:
    """The calls since the last clearing, newest last."""

    calls: deque[LoggedCall] = field(default_factory=lambda: deque(maxlen=KEPT))
    total: int = 0

    def add(self, **told: object) -> None:
        """Enter a call."""
        self.total += 1
        self.calls.append(LoggedCall(seq=self.total, **told))  # type: ignore[arg-type]

    def since(self, seq: int) -> list[LoggedCall]:
        """Answer the calls after one."""
        return [call for call in self.calls if call.seq > seq]

    def clear(self) -> None:
        """Forget the calls; the numbering goes on."""
        self.calls.clear()

    def summary(self) -> dict[str, object]:
        """Count the kept calls."""
        return {
            "calls": len(self.calls),
            "mutations": sum(call.mutation for call in self.calls),
            "reads": sum(not call.mutation for call in self.calls),
            "throttled": sum(call.throttled for call in self.calls),
            "cost": sum(call.cost or 0 for call in self.calls),
            "by_operation": dict(Counter(call.operation for call in self.calls)),
            "by_status": {str(status): count for status, count in Counter(call.status for call in self.calls).items()},
        }
