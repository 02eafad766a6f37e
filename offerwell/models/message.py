"""Messages to members: the draft, who gets it, and what became of each letter. The row is the queue (ADR 4)."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from offerwell.models.bulk_change import BulkChange
from offerwell.models.member import Member
from offerwell.models.offer import Offer
from offerwell.models.workspace import WorkspaceOwned
from offerwell.rules.message_states import LetterState, MessageState

MESSAGE_STATES = [(str(state), state.label) for state in MessageState]
LETTER_STATES = [(str(state), state.label) for state in LetterState]


class Message(WorkspaceOwned):
    """One text for many members. Nothing of it is sent before a person pressed Send.

    `audience` is a `rules.selection.MemberSelection` as JSON: among the members of `offer`, of a crowd, or those
    that `change` changed; its rows exist only once it was confirmed. `offer` is also what {code} and {link} are
    about (none: all offers of the member). `key` comes with the form: a repeat is the same draft. `actor` wrote the
    draft, or confirmed it. `send_at` is when it was to go, in the clocks of `zone`; `due_at` when a worker looks next
    (none: nothing to do). The counts are of `recipients` and add up with those that wait. `reason` is a sentence
    for a person.
    """

    state = models.CharField(max_length=10, choices=MESSAGE_STATES, default=str(MessageState.DRAFT))
    subject = models.CharField(max_length=300, blank=True)
    body = models.TextField(blank=True)
    audience = models.JSONField()
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, null=True, related_name="+")
    change = models.ForeignKey(BulkChange, on_delete=models.PROTECT, null=True, related_name="messages")
    key = models.CharField(max_length=80)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=160)
    door = models.CharField(max_length=16)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.CharField(max_length=160, blank=True)
    zone = models.CharField(max_length=64, blank=True)
    send_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    recipients = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    sent = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    unknown = models.PositiveIntegerField(default=0)
    bounced = models.PositiveIntegerField(default=0)
    complained = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "key"], name="message_key_once"),
            # No worker ever looks at a draft, whatever a mistake elsewhere writes.
            models.CheckConstraint(
                condition=models.Q(state__in=["scheduled", "sending"], due_at__isnull=False)
                | (~models.Q(state__in=["scheduled", "sending"]) & models.Q(due_at=None)),
                name="message_due_while_under_way",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="message_due"),
            models.Index(fields=["workspace", "state", "-changed_at", "-id"], name="message_latest"),
        ]

    @property
    def title(self) -> str:
        """The subject for lists, with the offer's name; fields of members stay fields."""
        return self.subject.replace("{offer}", self.offer.name) if self.offer else self.subject

    @property
    def waiting(self) -> int:
        """How many letters are still to go, the one in a worker's hands included."""
        return self.recipients - (
            self.skipped + self.sent + self.failed + self.unknown + self.bounced + self.complained
        )


class MessageRecipient(WorkspaceOwned):
    """One letter: a message for one member. The constraint makes it at most one.

    Address and texts are those of the moment it was handed over, kept for the member's inbox. `html` is the body
    alone, a fragment of p, ul, li, a, strong, em and code without styles; the frame of the mail is put around it
    on the way. `attempts` and `next_attempt_at` are for refusals that pass. `carrier_ref` is the carrier's own id.
    """

    message = models.ForeignKey(Message, on_delete=models.CASCADE, db_index=False, related_name="letters")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="letters")
    state = models.CharField(max_length=12, choices=LETTER_STATES)
    reason = models.TextField(blank=True)
    to = models.CharField(max_length=320, blank=True)
    subject = models.TextField(blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    handed_over_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    carrier_ref = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "member"], name="message_recipient_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["message", "state", "id"], name="message_recipient_by_state"),
            models.Index(fields=["message", "id"], name="message_recipient_in_order"),
            models.Index(fields=["carrier_ref"], condition=~models.Q(carrier_ref=""), name="message_recipient_by_ref"),
        ]


class MessageTemplate(WorkspaceOwned):
    """A text to begin a message with. `name_key` is the name lower-cased. Offerwell's own stand in rules/."""

    name = models.CharField(max_length=120)
    name_key = models.CharField(max_length=120)
    subject = models.CharField(max_length=300, blank=True)
    body = models.TextField(blank=True)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=160)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "name_key"], name="message_template_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class SuppressionReason(models.TextChoices):
    """Why an address gets no messages."""

    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    BOUNCED = "bounced", "Bounced"
    COMPLAINED = "complained", "Complained"
    BY_HAND = "by_hand", "Added by hand"


class Suppression(WorkspaceOwned):
    """An address that gets no messages of this workspace. `address_key` is lower-cased; `note` for people."""

    address = models.CharField(max_length=320)
    address_key = models.CharField(max_length=320)
    reason = models.CharField(max_length=12, choices=SuppressionReason)
    note = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=160, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace", "address_key"], name="suppression_once")]
        indexes: ClassVar = [models.Index(fields=["workspace", "-id"], name="suppression_latest")]


class MailSettings(WorkspaceOwned):
    """How messages of a workspace are signed: the sender's name, where answers go, the brand's postal address."""

    sender_name = models.CharField(max_length=120, blank=True)
    reply_to = models.CharField(max_length=320, blank=True)
    postal_address = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace"], name="mail_settings_once")]
