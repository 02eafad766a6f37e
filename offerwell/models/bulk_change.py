"""One confirmed change to many codes or links, with one item each. Never updated, never deleted."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from offerwell.models.offer import Offer
from offerwell.models.payout import PayoutOption
from offerwell.models.store import Store
from offerwell.models.workspace import WorkspaceOwned
from offerwell.rules.bulk_changes import What
from offerwell.rules.creator_notice import LONGEST_REASON


class ChangeKind(models.TextChoices):
    """What a bulk change changes."""

    STATUS = "status", "Status"
    REFRESH = "refresh", "Text of codes"
    PAYOUT = "payout", "Payout option"


class OfferPart(models.TextChoices):
    """Which part of an offer a change is about. A payout is about the members' places in the offer."""

    CODES = "codes", "Codes"
    LINKS = "links", "Links"
    MEMBERS = "members", "Members"


class BulkChange(WorkspaceOwned):
    """A person's confirmed intent. Ids rise in the workspace's order of intents.

    `kind` says how it was written, `what` what it is about. `to_active` means something for the kind *status* only,
    `payout_option` for the kind *payout* (empty where an undo gives each member back its own). `selected` counts
    members; `changed` and `already_so` count codes, links or, of a payout, members; `excluded_reasons` maps a reason
    of `rules.offer_status.Exclusion` to how many. `key` makes a repeat harmless. `creator_reason` is a sentence for the
    members it changes, shown in their portal.
    """

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="bulk_changes")
    kind = models.CharField(max_length=8, choices=ChangeKind, default=ChangeKind.STATUS, db_default="status")
    part = models.CharField(max_length=8, choices=OfferPart)
    to_active = models.BooleanField()
    payout_option = models.ForeignKey(PayoutOption, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=160)
    door = models.CharField(max_length=16)
    key = models.CharField(max_length=80)
    body_hash = models.CharField(max_length=64)
    selection = models.JSONField()
    selected = models.PositiveIntegerField()
    changed = models.PositiveIntegerField()
    already_so = models.PositiveIntegerField()
    excluded = models.PositiveIntegerField()
    excluded_reasons = models.JSONField(default=dict)
    members_changed = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    undoes = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="undone_by")
    creator_reason = models.CharField(max_length=LONGEST_REASON, blank=True, default="", db_default="")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace", "key"], name="bulk_change_key_once")]
        indexes: ClassVar = [models.Index(fields=["workspace", "-id"], name="bulk_change_latest")]

    @property
    def what(self) -> What:
        """What it is about. A change of the kind *status* may have left the status and set dates or names only."""
        return What(self.selection.get("what", What.STATUS) if self.kind == ChangeKind.STATUS else self.kind)

    @property
    def target(self) -> str:
        """The target in one word or name, as the documented JSON has it."""
        if self.kind == ChangeKind.STATUS:
            return "active" if self.to_active else "deactivated"
        if self.undoes_id is not None:
            return "as_before"
        return self.payout_option.name if self.payout_option else "new_text"

    @property
    def answers(self) -> dict[str, str]:
        """`{"answers_drift": "adopt"}` or `"restore"` when it answers differences found in a store."""
        return {"answers_drift": self.selection["verb"]} if "verb" in self.selection else {}


class BulkChangeItem(WorkspaceOwned):
    """One code, link or place of a member that the change changed. No foreign keys: they cost at a million rows.

    It says what it replaced: the intent (`was_active`), the payout option (`was_option_id`, where `was_active`
    means nothing); the text before and after a refresh is in the code's history, which names the change.
    """

    change_id = models.BigIntegerField()
    target_id = models.BigIntegerField()
    enrollment_id = models.BigIntegerField()
    member_id = models.BigIntegerField()
    was_active = models.BooleanField()
    was_option_id = models.BigIntegerField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["change_id", "target_id"], name="change_item_once")]


class OutcomeResult(models.TextChoices):
    """What became of one item on one store."""

    CONFIRMED = "confirmed", "Changed"
    ALREADY_SO = "already_so", "Already so"
    RECREATED = "recreated", "Re-created"
    CONFLICT = "conflict", "Conflict"
    FAILED = "failed", "Failed"
    SUPERSEDED = "superseded", "Superseded"


class ItemOutcome(WorkspaceOwned):
    """The last known outcome of one item on one store. `reason` is for a person."""

    change_id = models.BigIntegerField()
    store_id = models.BigIntegerField()
    code_id = models.BigIntegerField()
    result = models.CharField(max_length=10, choices=OutcomeResult)
    reason = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["change_id", "store_id", "code_id"], name="item_outcome_once")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["change_id", "code_id"],
                condition=models.Q(result__in=["failed", "conflict"]),
                name="item_outcome_bad",
            )
        ]


class ChangeProgress(WorkspaceOwned):
    """How far one store has followed one change: a running count of its outcomes (`verify` recounts)."""

    change = models.ForeignKey(BulkChange, on_delete=models.PROTECT, related_name="progress")
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+")
    items = models.PositiveIntegerField()
    confirmed = models.PositiveIntegerField(default=0)
    already_so = models.PositiveIntegerField(default=0)
    recreated = models.PositiveIntegerField(default=0)
    conflict = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    superseded = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["change", "store"], name="change_progress_once")]

    @property
    def waiting(self) -> int:
        """Items the store has not answered for yet."""
        return self.items - (
            self.confirmed + self.already_so + self.recreated + self.conflict + self.failed + self.superseded
        )
