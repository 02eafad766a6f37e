"""Does every workspace's event chain still hold? Finds the first event that was altered, added or removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.models import Event
from offerwell.models.event import event_hash
from offerwell.queries.verify_problem import Problem

if TYPE_CHECKING:
    from offerwell.models import Workspace

_AT_ONCE = 2_000


def chain_problem(workspace: Workspace) -> Problem | None:
    """The first event that breaks the chain; the ones after it prove nothing. Streams the rows."""
    seq, last_hash = 0, ""
    for event in Event.objects.filter(workspace=workspace).order_by("seq").iterator(chunk_size=_AT_ONCE):
        wrong = _wrong_with(event, seq, last_hash)
        if wrong:
            return Problem(workspace.slug, "event_chain", f"event {event.seq}", wrong)
        seq, last_hash = event.seq, event.hash
    return None


@dataclass(frozen=True, slots=True)
class ChainTail:
    """The newest events looked through: from which to which, the newest one's hash, and what is wrong, if anything."""

    first: int
    last: int
    hash: str
    problem: Problem | None


def chain_tail(workspace: Workspace, *, events: int) -> ChainTail | None:
    """Whether the newest `events` events hold together; None when there is no event. One statement."""
    read = list(Event.objects.filter(workspace=workspace).order_by("-seq")[: events + 1])[::-1]
    if not read:
        return None
    seq, last_hash, checked = 0, "", read
    if len(read) > events:  # the oldest one serves as the one before
        seq, last_hash, checked = read[0].seq, read[0].hash, read[1:]
    first, problem = seq + 1, None
    for event in checked:
        if wrong := _wrong_with(event, seq, last_hash):
            problem = Problem(workspace.slug, "event_chain", f"event {event.seq}", wrong)
            break
        seq, last_hash = event.seq, event.hash
    return ChainTail(first, read[-1].seq, read[-1].hash, problem)


def _wrong_with(event: Event, seq: int, last_hash: str) -> str:
    if event.seq != seq + 1:
        gap = f"event {seq + 1}" if event.seq == seq + 2 else f"events {seq + 1} to {event.seq - 1}"
        return f"{gap} missing before it"
    if event.hash != event_hash(event):
        return f"altered: its facts ({event.kind}, {event.subject}, {event.actor_name}) do not give its hash"
    if event.previous_hash != last_hash:
        return "it does not follow the event before it: one of the two was replaced"
    return ""


def count_events(workspace: Workspace) -> int:
    """How many events the chain has."""
    return Event.objects.filter(workspace=workspace).count()
