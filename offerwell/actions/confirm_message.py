"""Send: a person confirms a draft, and its letters are written down. The only way from a draft to a letter (G19)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import BigIntegerField, Case, CharField, Count, F, IntegerField, TextField, Value, When
from django.db.models.functions import Cast

from offerwell.actions.record_event import record_event
from offerwell.models import Message, MessageRecipient, lock_workspace
from offerwell.models.insert_select import insert_select
from offerwell.queries.mail_day import letters_on_day
from offerwell.queries.message_audience import (
    REACHED,
    Reach,
    audience_members,
    audience_of,
    has_public_address,
    with_standing,
)
from offerwell.rules.merge_fields import field_problem
from offerwell.rules.message_states import LEFT_OUT, LetterState, MessageState
from offerwell.rules.message_times import UNDO_WINDOW
from offerwell.rules.schedule import MOST_AHEAD, known_zone, local_time
from offerwell.rules.written_dates import day_text

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor
    from offerwell.rules.schedule import ZonedTime


class MessageRefused(Exception):
    """The message cannot be sent as it is. `field` names where (subject, body, when, to). Nothing was done."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class AudienceMoved(Exception):
    """Others would get it now than the person was shown. Nothing was done; `reach` is who would."""

    def __init__(self, reach: Reach) -> None:
        super().__init__("Who gets the message has changed since you looked. Nothing was sent; look again.")
        self.reach = reach


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The message, and whether somebody had confirmed it before (a second press)."""

    message: Message
    was_confirmed: bool


def confirm_message(
    *, workspace_id: int, message_id: int, shown: Reach, when: ZonedTime | None, by: Actor, at: datetime
) -> Confirmed:
    """Write a letter for each member who was shown; they go after the undo window, or at `when`.

    A second press changes nothing. Raises MessageRefused, AudienceMoved; each leaves everything as it was.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        message = Message.objects.select_related("offer", "change__offer").get(pk=message_id)
        if message.state != MessageState.DRAFT:
            return Confirmed(message, was_confirmed=True)
        check_message(message, when=when, at=at)
        reach = _write_letters(message)
        if (reach.meant, reach.reached, reach.left_out) != (shown.meant, shown.reached, shown.left_out):
            raise AudienceMoved(reach)
        if not reach.reached:
            raise MessageRefused("to", "Nobody of these members can get the message, so there is nothing to send.")
        _refuse_too_many(message, reach.reached, on=when.at if when else at)
        _keep(message, reach, when, by=by, at=at)
        _record(message, reach, by=by, at=at)
    return Confirmed(message, was_confirmed=False)


def check_message(message: Message, *, when: ZonedTime | None, at: datetime) -> None:
    """Raises MessageRefused when the text, the time or this installation does not do."""
    if not message.subject.strip():
        raise MessageRefused("subject", "Write a subject: mail programs show it first.")
    if not message.body.strip():
        raise MessageRefused("body", "Write a message first.")
    for field, text in (("subject", message.subject), ("body", message.body)):
        if problem := field_problem(text):
            raise MessageRefused(field, problem)
    if not has_public_address():
        raise MessageRefused(
            "to",
            "Offerwell does not know its own address, so nobody could unsubscribe. Set OFFERWELL_PUBLIC_URL.",
        )
    if when is not None and when.at <= at:
        clock = local_time(at, when.zone)
        raise MessageRefused("when", f"That time has passed: it is {clock}. Choose a later one.")
    if when is not None and when.at > at + MOST_AHEAD:
        raise MessageRefused("when", "That is more than two years ahead. Choose an earlier time.")


def _refuse_too_many(message: Message, letters: int, *, on: datetime) -> None:
    """Raises MessageRefused where the day has not room for so many more (T19)."""
    most = settings.OFFERWELL_MAIL_PER_DAY
    if not most:
        return
    had = letters_on_day(message.workspace, on)
    if had + letters > most:
        day = day_text(on.astimezone(known_zone(message.workspace.timezone) or UTC))
        raise MessageRefused(
            "to",
            f"This workspace may send {most:,} letters a day. {had:,} are sent or planned for {day}, so {letters:,}"
            " more are too many. Nothing was sent: choose fewer members, or another day.",
        )


def _write_letters(message: Message) -> Reach:
    """One statement writes them all, by name; one counts what was written."""
    rows = with_standing(audience_members(audience_of(message))).order_by("name_key", "pk")
    words = Case(
        *(When(standing=name, then=Value(text)) for name, text in LEFT_OUT.items()),
        default=Value(""), output_field=TextField(),
    )  # fmt: skip
    state = Case(
        When(standing=REACHED, then=Value(str(LetterState.WAITING))),
        default=Value(str(LetterState.SKIPPED)), output_field=CharField(),
    )  # fmt: skip
    empty = Cast(Value(""), TextField())
    insert_select(
        MessageRecipient,
        (
            "workspace_id", "message_id", "member_id", "state", "reason", "to", "subject", "text", "html", "attempts",
            "carrier_ref",
        ),
        rows.values_list(
            "workspace_id", Cast(Value(message.pk), BigIntegerField()), "pk", state, words, F("email"), empty, empty,
            empty, Cast(Value(0), IntegerField()), empty,
        ),
    )  # fmt: skip
    return _counted(message)


def _counted(message: Message) -> Reach:
    letters = MessageRecipient.objects.filter(message=message).order_by()
    counts = dict(letters.values_list("reason").annotate(n=Count("pk")))
    reached = counts.pop("", 0)
    names = {text: name for name, text in LEFT_OUT.items()}
    left_out = tuple(sorted((names[text], n) for text, n in counts.items()))
    return Reach(reached + sum(counts.values()), reached, left_out)


def _keep(message: Message, reach: Reach, when: ZonedTime | None, *, by: Actor, at: datetime) -> None:
    message.state = str(MessageState.SENDING if when is None else MessageState.SCHEDULED)
    message.confirmed_at, message.confirmed_by, message.changed_at = at, by.name, at
    message.actor_id, message.door = by.user_id, by.door
    message.send_at = when.at if when else at
    message.due_at = when.at if when else at + UNDO_WINDOW
    message.zone = when.zone if when else ""
    message.recipients, message.skipped = reach.meant, reach.meant - reach.reached
    message.sent = message.failed = message.unknown = message.bounced = message.complained = message.attempts = 0
    message.reason, message.ended_at = "", None
    message.save()


def _record(message: Message, reach: Reach, *, by: Actor, at: datetime) -> None:
    record_event(
        workspace_id=message.workspace_id, kind="message_confirmed", subject=f"message:{message.pk}",
        facts={
            "subject": message.subject, "reached": reach.reached, "left_out": dict(reach.left_out),
            "change": message.change_id, "send_at": message.send_at and message.send_at.isoformat(),
            "is_scheduled": message.state == MessageState.SCHEDULED,
        },
        by=by, at=at,
    )  # fmt: skip
