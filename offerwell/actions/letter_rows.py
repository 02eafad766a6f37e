"""The rows of letters under way: taken into the hands, settled, put back. Counts move in the same transaction."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from offerwell.models import Message, MessageRecipient, Suppression
from offerwell.rules.message_states import LEFT_OUT, NOT_KNOWN, LetterState, MessageState

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.actions.write_letter import Written

BATCH = 50
COUNTED = frozenset({
    LetterState.SKIPPED, LetterState.SENT, LetterState.FAILED, LetterState.UNKNOWN, LetterState.BOUNCED,
    LetterState.COMPLAINED,
})  # fmt: skip


class Hands(Enum):
    """What came of taking a letter into one's hands."""

    OURS = "ours"
    SKIPPED = "skipped"
    NOT_OURS = "not ours"


def begin(letter: MessageRecipient, texts: Written, *, owner: str, at: datetime) -> Hands:
    """Write down that the letter is being handed over, with its texts: the one step that lets it go.

    Suppression is asked here, not before: who unsubscribed a second ago gets nothing.
    """
    email = letter.member.email
    if not email:
        settle(letter, LetterState.SKIPPED, LEFT_OUT["no_email"], at=at)
        return Hands.SKIPPED
    held = Message.objects.filter(pk=OuterRef("message_id"), state=MessageState.SENDING, lease_owner=owner)
    stopped = Suppression.objects.filter(address_key=letter.member.email_key)
    ours = MessageRecipient.objects.filter(Exists(held), ~Exists(stopped), pk=letter.pk, state=LetterState.WAITING)
    if ours.update(
        state=LetterState.HANDED_OVER, to=email, subject=texts.subject, text=texts.text, html=texts.html,
        handed_over_at=at, reason="", next_attempt_at=None,
    ):  # fmt: skip
        return Hands.OURS
    reason = stopped.values_list("reason", flat=True).first()
    if reason is None:
        return Hands.NOT_OURS
    settle(letter, LetterState.SKIPPED, LEFT_OUT[reason], at=at)
    return Hands.SKIPPED


def settle(
    letter: MessageRecipient, state: LetterState, reason: str = "", *, at: datetime, carrier_ref: str = ""
) -> None:
    """Keep what became of it, and count it. Who knows the answer also corrects *unknown*."""
    kept = {"state": state, "reason": reason, "settled_at": at, "carrier_ref": carrier_ref}
    with transaction.atomic():
        rows = MessageRecipient.objects.filter(pk=letter.pk)
        if rows.filter(state__in=[LetterState.HANDED_OVER, LetterState.WAITING]).update(**kept):
            _count(letter.message_id, up=state)
        elif state != LetterState.UNKNOWN and rows.filter(state=LetterState.UNKNOWN).update(**kept):
            _count(letter.message_id, up=state, down=LetterState.UNKNOWN)


def back_to_wait(letter: MessageRecipient, reason: str, *, attempts: int, next_attempt_at: datetime | None) -> None:
    """The carrier did not take it, so it waits again. What was written of it goes: nobody received it."""
    MessageRecipient.objects.filter(pk=letter.pk, state=LetterState.HANDED_OVER).update(
        state=LetterState.WAITING, reason=reason, attempts=attempts, next_attempt_at=next_attempt_at,
        handed_over_at=None, subject="", text="", html="",
    )  # fmt: skip


def give_up_abandoned(message: Message, *, at: datetime) -> int:
    """Letters that a worker before us had in its hands: nobody knows whether they went."""
    with transaction.atomic():
        left = MessageRecipient.objects.filter(message=message, state=LetterState.HANDED_OVER)
        count = left.update(state=LetterState.UNKNOWN, reason=NOT_KNOWN, settled_at=at)
        if count:
            Message.objects.filter(pk=message.pk).update(unknown=F("unknown") + count)
    return count


def move_letter(letter: MessageRecipient, to: LetterState, reason: str, *, at: datetime) -> bool:
    """News of the carrier about a letter it had taken. Gives whether it was new. Inside a transaction."""
    before = MessageRecipient.objects.select_for_update().filter(pk=letter.pk).values_list("state", flat=True).first()
    if before is None or before == to or before not in {LetterState.SENT, LetterState.UNKNOWN, LetterState.BOUNCED}:
        return False
    MessageRecipient.objects.filter(pk=letter.pk).update(state=to, reason=reason, settled_at=at)
    _count(letter.message_id, up=to, down=LetterState(before))
    return True


def _count(message_id: int, *, up: LetterState, down: LetterState | None = None) -> None:
    """One more of a state, one less of another."""
    moved = {str(up): F(str(up)) + 1} if up in COUNTED else {}
    if down is not None:
        moved[str(down)] = F(str(down)) - 1
    Message.objects.filter(pk=message_id).update(**moved)
