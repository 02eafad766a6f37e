"""What one store should show of one code, and what is known of it. The row is the queue."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from offerwell.models.promo_code import PromoCode
from offerwell.models.store import Store
from offerwell.models.workspace import WorkspaceOwned


class StoreProblem(models.TextChoices):
    """Why a person must look at this code on this store."""

    NONE = "", "None"
    FAILED = "failed", "Failed"
    CONFLICT = "conflict", "Conflict"
    DRIFTED = "drifted", "Differs in store"


class StoreCode(WorkspaceOwned):
    """One code on one store (design: trust §3).

    `generation` is the id of the bulk change that set the intent (0: since it was made), and
    `observed_generation` the last one the store was seen to agree with (-1: never). Facts that must
    stay apart: `check_at` (a look is due), `suspect_until` (a request of unknown fate may land until
    then; `create_until`: one to create the code), `next_attempt_at` (back-off), `is_redated` (the planned
    dates moved: the store must follow, though nobody changed the intent). `due_at` only says when the row
    is next worth claiming.
    """

    store = models.ForeignKey(Store, on_delete=models.PROTECT, db_index=False, related_name="codes")
    code = models.ForeignKey(PromoCode, on_delete=models.PROTECT, db_index=False, related_name="store_codes")
    ref = models.CharField(max_length=120, blank=True)
    generation = models.BigIntegerField(default=0)
    observed_generation = models.BigIntegerField(default=-1)
    observed_status = models.CharField(max_length=10, blank=True)
    observed_at = models.DateTimeField(null=True, blank=True)
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    problem = models.CharField(max_length=10, choices=StoreProblem, blank=True, default="")
    check_at = models.DateTimeField(null=True, blank=True)
    is_redated = models.BooleanField(default=False, db_default=False)
    suspect_until = models.DateTimeField(null=True, blank=True)
    create_until = models.DateTimeField(null=True, blank=True)
    last_write_at = models.DateTimeField(null=True, blank=True)
    acked_active = models.BooleanField(null=True, blank=True)
    written_generation = models.BigIntegerField(default=-1)
    written_how = models.CharField(max_length=10, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["code", "store"], name="store_code_once")]
        indexes: ClassVar = [
            models.Index(fields=["store", "due_at"], condition=models.Q(due_at__isnull=False), name="store_code_due"),
            models.Index(fields=["store", "code"], condition=~models.Q(problem=""), name="store_code_problem"),
            models.Index(
                fields=["workspace", "store", "code"],
                condition=models.Q(problem="drifted"),
                name="store_code_drifted",
            ),
            models.Index(fields=["store", "ref"], condition=~models.Q(ref=""), name="store_code_by_ref"),
        ]
