"""Payouts: what members are paid up to a day, one statement for each member and currency, and the payments.

Once a payout is approved it and its statements never change (triggers on both databases); payments are only added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models

from offerwell.models.ledger import LedgerEntry
from offerwell.models.member import Member
from offerwell.models.workspace import WorkspaceOwned
from offerwell.rules.statements import Settlement, Signer, settled

if TYPE_CHECKING:
    from collections.abc import Mapping


class RunState(models.TextChoices):
    """Draft: only drawn up. Approving: confirmed, a worker freezes it. Approved: never changes again.

    Cancelled: a draft that was dropped.
    """

    DRAFT = "draft", "Draft"
    APPROVING = "approving", "Approving"
    APPROVED = "approved", "Approved"
    CANCELLED = "cancelled", "Cancelled"


class PayoutRun(WorkspaceOwned):
    """A payout: everything that was earned by orders placed before `until`, which is the end of `last_day`.

    `minimums` (currency → smallest units) are those of the day it was drawn up, `digest` is what was drawn up.
    At most one that is not approved yet. `approved_…` is who confirmed it and when, `top_entry` the last ledger entry
    that can be in it then. While it is approved, `done_statements` are frozen, of members up to `last_member`, and
    `beat_at` is the last sign of life of a worker. `problem` says why what was confirmed could not be approved: it is
    taken back, and a draft again.
    """

    last_day = models.DateField()
    until = models.DateTimeField()
    state = models.CharField(max_length=9, choices=RunState, default=RunState.DRAFT)
    minimums = models.JSONField(default=dict)
    drawn_at = models.DateTimeField()
    drawn_by = models.CharField(max_length=160)
    drawn_by_id = models.BigIntegerField(null=True, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.CharField(max_length=160, blank=True)
    approved_by_id = models.BigIntegerField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    top_entry = models.BigIntegerField(default=0, db_default=0)
    last_member = models.BigIntegerField(default=0, db_default=0)
    done_statements = models.PositiveIntegerField(default=0, db_default=0)
    beat_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=200, blank=True, default="", db_default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace"], condition=models.Q(state__in=["draft", "approving"]), name="payout_run_one_open"
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=models.Q(state="approving"), name="payout_run_due"),
        ]

    def __str__(self) -> str:
        return f"Payout {self.pk}"

    @property
    def is_draft(self) -> bool:
        """Whether it may still change."""
        return self.state == RunState.DRAFT

    @property
    def is_approving(self) -> bool:
        """Whether it is confirmed and a worker freezes it, or takes that back."""
        return self.state == RunState.APPROVING

    @property
    def drawer(self) -> Signer:
        """Who drew it up."""
        return Signer(self.drawn_by_id, self.drawn_by)


class Statement(WorkspaceOwned):
    """What one member earned in one currency, and what of it is paid. Smallest units.

    `opening` is what earlier statements carried on, `earned` the sum of the lines; `hash` is set when it is frozen.
    """

    run = models.ForeignKey(PayoutRun, on_delete=models.PROTECT, db_index=False, related_name="statements")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False, related_name="+")
    currency = models.CharField(max_length=3)
    opening = models.BigIntegerField()
    earned = models.BigIntegerField()
    pays = models.BigIntegerField()
    lines = models.PositiveIntegerField()
    last_entry = models.BigIntegerField()
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "member", "currency"], name="statement_once"),
            models.CheckConstraint(condition=models.Q(pays__gte=0), name="statement_pays"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "member"], name="statement_by_member"),
            models.Index(fields=["run", "id"], name="statement_by_run"),
        ]

    @property
    def carries(self) -> int:
        """What opens the next statement."""
        return self.opening + self.earned - self.pays

    def should_be(self, minimums: Mapping[str, int]) -> Settlement:
        """What the rule makes of it."""
        return settled(self.opening, self.earned, minimums.get(self.currency, 0))


class StatementEntry(WorkspaceOwned):
    """This ledger entry is a line of this statement: of one at most, for ever once its payout is approved.

    No foreign keys in the database: rows are made from both tables by one statement, and neither loses any.
    """

    entry = models.OneToOneField(
        LedgerEntry, on_delete=models.PROTECT, primary_key=True, db_constraint=False, related_name="on_statement"
    )
    statement = models.ForeignKey(
        Statement, on_delete=models.PROTECT, db_constraint=False, related_name="entries"
    )  # fmt: skip


class Payment(WorkspaceOwned):
    """Money that was sent for a statement (`amount` above zero), or came back (below); they alternate by `seq`.

    So the sum is what is paid: nothing, or what the statement pays.
    """

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, db_index=False, related_name="payments")
    seq = models.PositiveIntegerField()
    amount = models.BigIntegerField()
    sent_on = models.DateField()
    reference = models.CharField(max_length=120, blank=True)
    by = models.CharField(max_length=160)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["statement", "seq"], name="payment_once"),
            models.CheckConstraint(condition=~models.Q(amount=0), name="payment_moves"),
        ]


class PayoutTotal(WorkspaceOwned):
    """What a payout comes to in one currency; `paid_…` is counted on as payments are added. Smallest units."""

    run = models.ForeignKey(PayoutRun, on_delete=models.PROTECT, db_index=False, related_name="totals")
    currency = models.CharField(max_length=3)
    statements = models.PositiveIntegerField()
    payable = models.PositiveIntegerField()
    pays = models.BigIntegerField()
    carries = models.BigIntegerField()
    paid_count = models.PositiveIntegerField(default=0)
    paid = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "currency"], name="payout_total_once")]


class PayoutPolicy(WorkspaceOwned):
    """What the workspace says of payouts; without a row, one person is enough and there is no minimum."""

    needs_second = models.BooleanField(default=False)
    minimums = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace"], name="payout_policy_once")]


class PayoutAddress(WorkspaceOwned):
    """Where a member wants to be paid, set by the creator in the portal; without a row, the member's e-mail."""

    member = models.OneToOneField(Member, on_delete=models.CASCADE, related_name="payout_address")
    email = models.CharField(max_length=320)
    at = models.DateTimeField()
