"""Send the letters of a confirmed message: the rows are the queue, and each letter is handed over at most once.

A worker holds the message by a lease. For each letter it first writes down that it hands it over (only while the
letter waits, the message is being sent, the lease is its own and the address is not suppressed), then hands it over,
then writes down what the carrier said. SMTP has no idempotency: a letter between the first and the last step when a
worker dies becomes *unknown* and is never sent again by itself (trust G18).
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import F, Min, Q
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from offerwell.actions.letter_rows import BATCH, Hands, back_to_wait, begin, give_up_abandoned, settle
from offerwell.actions.mail_pace import PACE
from offerwell.actions.record_event import record_event
from offerwell.actions.write_letter import letter_to, signature_of, written
from offerwell.integrations.mail import MailError, MailFateUnknown, hand_over, open_carrier
from offerwell.models import Message, MessageRecipient, TeamMember
from offerwell.queries.message_values import About, values_of
from offerwell.rules.message_states import MISSED_REASON, LetterState, MessageState
from offerwell.rules.message_times import LATE_LIMIT, letter_pause, pause_after
from offerwell.rules.permissions import Action, Actor, may

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.core.mail.backends.base import BaseEmailBackend

    from offerwell.actions.write_letter import Signature, Written
    from offerwell.integrations.mail import Letter

log = logging.getLogger("offerwell.mail")
OUR_ERROR = "Offerwell met an error of its own. Its log has the details."
UNDER_WAY = (MessageState.SCHEDULED, MessageState.SENDING)
_OFFERWELL = Actor(name="Offerwell", door="worker")


class _Stop(Exception):
    """Nothing more can be done of this message now; its row says when to go on."""


def messages_due(*, at: datetime, most: int = 100) -> list[int]:
    """Messages, of all workspaces, with letters to send that no worker holds. For the sweep."""
    with scopes_disabled():
        due = Message.objects.filter(due_at__lte=at).filter(Q(lease_until=None) | Q(lease_until__lt=at))
        return list(due.order_by("due_at", "pk").values_list("pk", flat=True)[:most])


def give_up_cancelled(*, at: datetime) -> None:
    """A letter in a worker's hands when its message was cancelled, and the worker died: nobody claims that any more."""
    with scopes_disabled():
        lately = Message.objects.filter(state=MessageState.CANCELLED, ended_at__gte=at - timedelta(days=1))
        free = lately.filter(Q(lease_until=None) | Q(lease_until__lt=at)).select_related("workspace")
        found = list(free.order_by("pk"))
    for message in found:
        with scope(workspace=message.workspace):
            give_up_abandoned(message, at=at)


def deliver_message(*, message_id: int, should_stop: Callable[[], bool] = lambda: False) -> None:
    """Send what waits of one message, until nothing does, the mail server is away, or the worker is told to stop."""
    owner = secrets.token_hex(8)
    message = _claimed(message_id, owner)
    if message is None:
        return
    with scope(workspace=message.workspace):
        run = _Run(message, owner, signature_of(message.workspace), should_stop)
        try:
            run.send_all()
        except _Stop:
            pass
        except Exception:
            run.put_off_for_our_error()
            raise
        finally:
            Message.objects.filter(pk=message.pk, lease_owner=owner).update(lease_owner="", lease_until=None)


def _claimed(message_id: int, owner: str) -> Message | None:
    """The message, held for us; None when it is not due or somebody holds it."""
    at = timezone.now()
    with scopes_disabled():
        due = Message.objects.filter(pk=message_id, due_at__lte=at)
        free = due.filter(Q(lease_until=None) | Q(lease_until__lt=at))
        if not free.update(lease_owner=owner, lease_until=_lease_end(at)):
            return None
        return Message.objects.select_related("workspace", "offer", "change__offer").get(pk=message_id)


def _lease_end(at: datetime) -> datetime:
    return at + timedelta(seconds=settings.OFFERWELL_MAIL_LEASE)


@dataclass(slots=True)
class _Run:
    """One worker's turn with one message."""

    message: Message
    owner: str
    signature: Signature
    should_stop: Callable[[], bool]
    after: int = 0

    def send_all(self) -> None:
        """Everything that waits and is due."""
        if not self._is_to_be_sent(timezone.now()):
            return
        give_up_abandoned(self.message, at=timezone.now())
        carrier = open_carrier()
        try:
            self._open(carrier)
            while batch := self._next_batch():
                self._send(batch, carrier)
        finally:
            _close(carrier)
        self._finish(at=timezone.now())

    def _is_to_be_sent(self, at: datetime) -> bool:
        """A scheduled message begins now; one that comes up far too late is missed."""
        message = self.message
        if message.state != MessageState.SCHEDULED:
            return message.state == MessageState.SENDING
        if hindrance := self._hindrance(at):
            self._miss(hindrance, at)
            return False
        own = Message.objects.filter(pk=message.pk, lease_owner=self.owner, state=MessageState.SCHEDULED)
        return bool(own.update(state=MessageState.SENDING))

    def _hindrance(self, at: datetime) -> str:
        """Why a scheduled message must not begin any more, with what to do; empty: nothing."""
        message = self.message
        if message.send_at is not None and at - message.send_at > LATE_LIMIT:
            return "No worker was running when its time came. Nothing was sent: send it again if it still fits."
        if message.actor_id is None:
            return ""
        places = TeamMember.objects.filter(
            workspace_id=message.workspace_id, user_id=message.actor_id, user__is_active=True
        )
        if any(may(place.role, Action.SEND_MESSAGES) for place in places):
            return ""
        return (
            f"{message.confirmed_by} may not send messages in this workspace any more. Nothing was sent: send it "
            "yourself if it is still wanted."
        )

    def _miss(self, why: str, at: datetime) -> None:
        with transaction.atomic():
            letters = MessageRecipient.objects.filter(message=self.message, state=LetterState.WAITING)
            left = letters.update(state=LetterState.SKIPPED, reason=MISSED_REASON, settled_at=at)
            Message.objects.filter(pk=self.message.pk, state=MessageState.SCHEDULED).update(
                state=MessageState.MISSED, due_at=None, ended_at=at, skipped=F("skipped") + left, reason=why
            )
            self._record("message_missed", at=at)

    def _open(self, carrier: BaseEmailBackend) -> None:
        try:
            carrier.open()
        except OSError as away:
            self._put_off(f"The mail server could not be reached: {away}")

    def _next_batch(self) -> list[MessageRecipient]:
        """From where the last batch ended: looking from the start each time would read all that went before."""
        due = Q(next_attempt_at=None) | Q(next_attempt_at__lte=timezone.now())
        waiting = MessageRecipient.objects.filter(due, message=self.message, state=LetterState.WAITING)
        batch = list(waiting.filter(pk__gt=self.after).select_related("member").order_by("pk")[:BATCH])
        if batch:
            self.after = batch[-1].pk
        return batch

    def _send(self, batch: list[MessageRecipient], carrier: BaseEmailBackend) -> None:
        """Values of the whole batch first: four statements for fifty letters."""
        about = About(self.signature.brand, self.message.offer, self.message.change)
        values = values_of([letter.member for letter in batch], about)
        for letter in batch:
            if self.should_stop():
                raise _Stop
            PACE.wait()
            self._hold_on()
            texts = written(self.message.subject, self.message.body, values[letter.member_id])
            self._send_one(letter, texts, carrier)

    def _hold_on(self) -> None:
        """Renew the lease before it is half over; without it another worker has taken over."""
        now = timezone.now()
        if self.message.lease_until and self.message.lease_until - now > timedelta(
            seconds=settings.OFFERWELL_MAIL_LEASE / 2
        ):
            return
        self.message.lease_until = _lease_end(now)
        own = Message.objects.filter(pk=self.message.pk, lease_owner=self.owner)
        if not own.update(lease_until=self.message.lease_until):
            raise _Stop

    def _send_one(self, letter: MessageRecipient, texts: Written, carrier: BaseEmailBackend) -> None:
        mail = self._written(letter, texts)
        if mail is None:
            return
        hands = begin(letter, texts, owner=self.owner, at=timezone.now())
        if hands == Hands.NOT_OURS:
            raise _Stop
        if hands == Hands.SKIPPED:
            return
        try:
            ref = hand_over(mail, carrier)
        except MailFateUnknown as unknown:
            settle(letter, LetterState.UNKNOWN, f"{unknown} It may have arrived.", at=timezone.now())
            self._put_off(str(unknown))
        except MailError as refused:
            self._refused(letter, refused)
        else:
            settle(letter, LetterState.SENT, at=timezone.now(), carrier_ref=ref)
            self._is_well()

    def _written(self, letter: MessageRecipient, texts: Written) -> Letter | None:
        """The whole mail. One that we cannot write fails alone: the others do not wait for it."""
        try:
            return letter_to(letter.member.email, texts, self.signature, letter_id=letter.pk)
        except Exception:
            log.exception("letter %s could not be written", letter.pk)
            settle(letter, LetterState.FAILED, OUR_ERROR, at=timezone.now())
            return None

    def _refused(self, letter: MessageRecipient, refused: MailError) -> None:
        """For good: failed. For now: it waits, alone, or with all the others when it is not about this letter."""
        now = timezone.now()
        pause = letter_pause(letter.attempts + 1)
        if refused.stops_all:
            back_to_wait(letter, refused.reason, attempts=letter.attempts, next_attempt_at=None)
            self._put_off(refused.reason)
        elif refused.is_permanent or pause is None:
            settle(letter, LetterState.FAILED, refused.reason, at=now)
        else:
            back_to_wait(letter, refused.reason, attempts=letter.attempts + 1, next_attempt_at=now + pause)

    def _is_well(self) -> None:
        if self.message.attempts:
            self.message.attempts = 0
            Message.objects.filter(pk=self.message.pk).update(attempts=0, reason="")

    def put_off_for_our_error(self) -> None:
        """An error of ours: say so, and try again later instead of each second."""
        try:
            self._put_off(OUR_ERROR)
        except _Stop:
            return

    def _put_off(self, reason: str) -> None:
        """Say why, and look again soon; the letters stay as they are."""
        self.message.attempts += 1
        Message.objects.filter(pk=self.message.pk, state__in=UNDER_WAY).update(
            attempts=self.message.attempts, reason=reason,
            due_at=timezone.now() + pause_after(self.message.attempts),
        )  # fmt: skip
        raise _Stop

    def _finish(self, *, at: datetime) -> None:
        """Over, or due again when the first letter that was put off is."""
        with transaction.atomic():
            own = Message.objects.filter(pk=self.message.pk, state=MessageState.SENDING, lease_owner=self.owner)
            waiting = MessageRecipient.objects.filter(message=self.message, state=LetterState.WAITING)
            if (next_at := waiting.aggregate(first=Min("next_attempt_at"))["first"]) is not None:
                own.update(due_at=next_at, reason="Some addresses are asked again later.")
            elif own.update(state=MessageState.SENT, due_at=None, ended_at=at, reason=""):
                self._record("message_sent", at=at)

    def _record(self, kind: str, *, at: datetime) -> None:
        self.message.refresh_from_db()
        counts = ("recipients", "sent", "skipped", "failed", "unknown", "bounced", "complained")
        record_event(
            workspace_id=self.message.workspace_id, kind=kind, subject=f"message:{self.message.pk}",
            facts={name: getattr(self.message, name) for name in counts}, by=_OFFERWELL, at=at,
        )  # fmt: skip


def _close(carrier: BaseEmailBackend) -> None:
    """A connection that is gone cannot be closed, and that is as good."""
    try:
        carrier.close()
    except OSError:
        return
