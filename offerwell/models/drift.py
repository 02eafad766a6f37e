"""What a store shows that the brand did not ask for, and how far the regular look at a store has come."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from offerwell.models.store import Store
from offerwell.models.store_code import StoreCode
from offerwell.models.workspace import WorkspaceOwned


class Drift(WorkspaceOwned):
    """The difference of one code on one store as last seen. It stands while `StoreCode.problem` is *drifted*.

    `kind` is a `rules.store_sync.Difference`; `status`, the window, `text` and `codes_count` are what the store
    shows. Equal `adopts`: adopting them comes to the same. `version` rises whenever any of that changes, so that a
    plan notices. `restores` counts how often the policy *enforce* put our state back since `restores_from`.
    """

    store_code = models.OneToOneField(StoreCode, on_delete=models.CASCADE, related_name="drift")
    kind = models.CharField(max_length=12)
    status = models.CharField(max_length=10)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    text = models.CharField(max_length=255, blank=True)
    codes_count = models.PositiveIntegerField(default=0)
    adopts = models.CharField(max_length=80, blank=True)
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)
    restores = models.PositiveIntegerField(default=0)
    restores_from = models.DateTimeField(null=True, blank=True)
    restored_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["workspace", "-restored_at"],
                condition=models.Q(restored_at__isnull=False),
                name="drift_restored",
            )
        ]


class WindowItem(WorkspaceOwned):
    """The planned window of one code before and after a bulk change that moved it. Null: as the offer.

    After a *restore* both stand the other way round: `was_…` is what the store showed, so that undoing takes it over.
    """

    change_id = models.BigIntegerField()
    code_id = models.BigIntegerField()
    was_starts_at = models.DateTimeField(null=True, blank=True)
    was_ends_at = models.DateTimeField(null=True, blank=True)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["change_id", "code_id"], name="window_item_once")]


class StoreAudit(WorkspaceOwned):
    """How far the regular look at a store's codes has come, in the order of their refs.

    A round began at `began_at` and has passed `cursor`; the next batch is due at `next_at`. `asked_at`: a person
    (or a gap in the webhooks) wants every code read that was not read since; the round then does not wait.
    """

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="audit")
    cursor = models.CharField(max_length=120, blank=True)
    codes = models.PositiveIntegerField(default=0)
    began_at = models.DateTimeField()
    next_at = models.DateTimeField(db_index=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
