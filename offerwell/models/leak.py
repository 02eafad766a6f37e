"""Codes whose use departs from their creator's reach: the newest score of each, and when they were scored."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from offerwell.models.promo_code import PromoCode
from offerwell.models.workspace import WorkspaceOwned


class CodeLeak(WorkspaceOwned):
    """The newest score of a code, for the text it had then; `parts` are those of `rules.leak_score`.

    `dismissed_score` is what it was when a person said that this is fine: it is not listed until the score has grown.
    """

    code = models.OneToOneField(PromoCode, on_delete=models.PROTECT, related_name="leak")
    text_key = models.CharField(max_length=255)
    score = models.PositiveSmallIntegerField()
    orders = models.PositiveIntegerField()
    parts = models.JSONField(default=list)
    scored_at = models.DateTimeField()
    dismissed_score = models.PositiveSmallIntegerField(null=True, blank=True)
    dismissed_reason = models.CharField(max_length=200, blank=True)
    dismissed_by = models.CharField(max_length=160, blank=True)
    dismissed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["workspace", "-score", "code"], name="code_leak_by_score")]


class LeakCheck(WorkspaceOwned):
    """When the codes of a workspace were last scored."""

    checked_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace"], name="leak_check_once")]
