"""How far a message is, and what became of each of its letters. Source: trust G18 and G19, ui 6.6."""

from __future__ import annotations

from enum import StrEnum


class MessageState(StrEnum):
    """A draft is only ever sent by a person who confirms it; *scheduled* and *sending* were confirmed."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    SENT = "sent"
    CANCELLED = "cancelled"
    MISSED = "missed"

    @property
    def label(self) -> str:
        """The word people read."""
        return self.value.capitalize()

    @property
    def is_under_way(self) -> bool:
        """Whether letters of it may still go, and it can be cancelled."""
        return self in {MessageState.SCHEDULED, MessageState.SENDING}


class LetterState(StrEnum):
    """One letter. *Handed over*: in a worker's hands, the carrier has not answered yet.

    *Unknown*: the worker died or the connection broke just then; it may have been sent and is never sent again.
    *Sent*: the carrier took it. It may bounce or be complained about later.
    """

    WAITING = "waiting"
    SKIPPED = "skipped"
    HANDED_OVER = "handed_over"
    SENT = "sent"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    FAILED = "failed"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        """The word people read."""
        return self.value.replace("_", " ").capitalize()


# Why a member who was meant gets no letter: the standing of an address, and what people read.
LEFT_OUT = {
    "no_email": "No e-mail address",
    "unsubscribed": "Unsubscribed",
    "bounced": "An earlier message bounced",
    "complained": "Complained about an earlier message",
    "by_hand": "On the list of addresses that get no messages",
}
CANCELLED_BEFORE = "Cancelled before it was sent"
MISSED_REASON = "The message was not sent at its time"
NOT_KNOWN = "The worker stopped while it was being sent. It may have arrived; it is never sent again by itself."
