"""Messages of a workspace as lists, and the letters of one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from offerwell.models import Message, MessageRecipient, MessageTemplate, Suppression
from offerwell.rules.message_states import LetterState, MessageState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

PAGE_SIZE = 50


class Shelf(StrEnum):
    """The lists of messages, and which states each holds."""

    SENT = "sent"
    SCHEDULED = "scheduled"
    DRAFTS = "drafts"

    @property
    def states(self) -> tuple[MessageState, ...]:
        """What lies on it."""
        if self == Shelf.DRAFTS:
            return (MessageState.DRAFT,)
        if self == Shelf.SCHEDULED:
            return (MessageState.SCHEDULED,)
        return (MessageState.SENDING, MessageState.SENT, MessageState.CANCELLED, MessageState.MISSED)


@dataclass(frozen=True, slots=True)
class MessagePage:
    """A page of messages, newest first. `next` is the id to go on from."""

    rows: tuple[Message, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class LetterPage:
    """A page of letters in their order."""

    rows: tuple[MessageRecipient, ...]
    next: int | None


def message_page(shelf: Shelf, *, before: int | None = None, size: int = PAGE_SIZE) -> MessagePage:
    """The messages on a shelf, newest first; without their texts."""
    rows = Message.objects.filter(state__in=shelf.states).select_related("offer").defer("body", "audience")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: size + 1])
    return MessagePage(tuple(found[:size]), found[size - 1].pk if len(found) > size else None)


def shelf_counts() -> dict[Shelf, int]:
    """How many messages lie on each."""
    counts: dict[Shelf, int] = {}
    for shelf in Shelf:
        counts[shelf] = Message.objects.filter(state__in=shelf.states).count()
    return counts


def found_message(message_id: int) -> Message | None:
    """One of this workspace, with what it is about."""
    rows = Message.objects.select_related("workspace", "offer", "change__offer", "change__payout_option")
    return rows.filter(pk=message_id).first()


def letter_page(message: Message, state: LetterState | None, *, after: int = 0, size: int = PAGE_SIZE) -> LetterPage:
    """The letters of a message, or those in one state, after letter `after`. Two statements."""
    rows = _letters(message, state).filter(pk__gt=after).order_by("pk")
    found = list(rows.select_related("member").defer("text", "html")[: size + 1])
    return LetterPage(tuple(found[:size]), found[size - 1].pk if len(found) > size else None)


def every_letter(message: Message, state: LetterState | None, *, size: int = 1_000) -> Iterator[LetterPage]:
    """All pages, for an export."""
    after = 0
    while True:
        page = letter_page(message, state, after=after, size=size)
        yield page
        if page.next is None:
            return
        after = page.next


def _letters(message: Message, state: LetterState | None) -> QuerySet[MessageRecipient]:
    rows = MessageRecipient.objects.filter(message=message)
    return rows if state is None else rows.filter(state=state)


def letter_counts(message: Message) -> list[tuple[LetterState, int]]:
    """The states that occur with how many letters are in them: from the message's own counts."""
    counted: dict[LetterState, int] = {
        state: getattr(message, str(state))
        for state in LetterState
        if state not in {LetterState.WAITING, LetterState.HANDED_OVER}
    }
    return [(LetterState.WAITING, message.waiting), *((state, n) for state, n in counted.items())]


def templates() -> list[MessageTemplate]:
    """The workspace's own, by name."""
    return list(MessageTemplate.objects.order_by("name_key"))


@dataclass(frozen=True, slots=True)
class SuppressionPage:
    """A page of addresses that get no messages, newest first."""

    rows: tuple[Suppression, ...]
    next: int | None


def suppression_page(text: str = "", *, before: int | None = None, size: int = PAGE_SIZE) -> SuppressionPage:
    """Those whose address contains `text`, newest first."""
    wanted: Any = Q(address_key__contains=text.lower()) if text else Q()
    rows = Suppression.objects.filter(wanted)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: size + 1])
    return SuppressionPage(tuple(found[:size]), found[size - 1].pk if len(found) > size else None)


def messages_about(change_id: int) -> list[Message]:
    """Messages to the members of a bulk change that were confirmed."""
    rows = Message.objects.filter(change_id=change_id).exclude(state=MessageState.DRAFT)
    return list(rows.select_related("offer").defer("body", "audience").order_by("pk")[:5])
