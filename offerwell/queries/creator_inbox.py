"""The letters a person got from their brands, newest first, and which of them are unread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from offerwell.models import MessageRecipient, ReadLetter
from offerwell.rules.message_states import LetterState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.models import Workspace

PAGE_SIZE = 30
# More unread ones are "9+".
MOST_COUNTED = 10
# What left for the person, whether their mailbox took it or not: here they can read it all the same.
_HANDED_OVER = [str(state) for state in (
    LetterState.SENT, LetterState.BOUNCED, LetterState.COMPLAINED, LetterState.UNKNOWN
)]  # fmt: skip


@dataclass(frozen=True, slots=True)
class OwnLetter:
    """A letter as its member reads it."""

    pk: int
    brand: Workspace
    subject: str
    text: str
    at: datetime
    is_read: bool


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Some letters; `next` is the id to go on from, None at the end."""

    letters: tuple[OwnLetter, ...]
    next: int | None


def inbox_page(member_ids: Sequence[int], *, before: int | None = None) -> InboxPage:
    """The newest letters, or those older than `before`."""
    rows = _letters(member_ids)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = [_own(row) for row in rows[: PAGE_SIZE + 1]]
    return InboxPage(tuple(found[:PAGE_SIZE]), found[PAGE_SIZE - 1].pk if len(found) > PAGE_SIZE else None)


def own_letter(member_ids: Sequence[int], letter_id: int) -> OwnLetter | None:
    """One of the person's letters; None when it is not theirs."""
    row = _letters(member_ids).filter(pk=letter_id).first()
    return None if row is None else _own(row)


def unread_letters(member_ids: Sequence[int]) -> int:
    """How many, up to `MOST_COUNTED`."""
    return _received(member_ids).filter(~Exists(_read_marks()))[:MOST_COUNTED].count()


def _letters(member_ids: Sequence[int]) -> QuerySet[MessageRecipient]:
    rows = _received(member_ids).annotate(is_read=Exists(_read_marks()))
    return rows.select_related("workspace").order_by("-pk")


def _received(member_ids: Sequence[int]) -> QuerySet[MessageRecipient]:
    handed_over = MessageRecipient.objects.filter(state__in=_HANDED_OVER, handed_over_at__isnull=False)
    return handed_over.filter(member_id__in=member_ids)


def _read_marks() -> QuerySet[ReadLetter]:
    return ReadLetter.objects.filter(letter=OuterRef("pk"))


def _own(row: MessageRecipient) -> OwnLetter:
    assert row.handed_over_at is not None  # noqa: S101  asked for
    is_read: bool = row.is_read  # type: ignore[attr-defined]
    return OwnLetter(row.pk, row.workspace, row.subject, row.text, row.handed_over_at, is_read)
