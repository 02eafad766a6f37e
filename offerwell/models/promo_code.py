"""Promo codes and sales links: what the brand wants of each, and the history of code texts."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from offerwell.models.enrollment import Enrollment
from offerwell.models.offer import Offer
from offerwell.models.workspace import WorkspaceOwned


class Switchable(WorkspaceOwned):
    """A code or a link. `is_active` is the brand's intent, never what a store says.

    `last_change_id` is the bulk change that set the intent last (0: none since it was made).
    One narrow index holds `is_active`: without it a view that few of a million are in takes seconds.
    """

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, db_index=False, related_name="+")
    enrollment = models.ForeignKey(Enrollment, on_delete=models.PROTECT, related_name="%(class)ss")
    is_active = models.BooleanField(default=True)
    last_change_id = models.BigIntegerField(default=0)
    changed_at = models.DateTimeField()
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True


class PromoCode(Switchable):
    """Text a shopper types. `text_key` is upper-cased: stores compare codes without case.

    `starts_at` and `ends_at` are this code's planned window where it differs from the offer's.
    `text_change_id` is the bulk change that gave it this text (empty: it was made with it).
    """

    text = models.CharField(max_length=255)
    text_key = models.CharField(max_length=255)
    text_change_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace", "text_key"], name="code_text_once")]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "offer", "is_active", "enrollment", "ends_at"], name="code_by_offer")
        ]

    def __str__(self) -> str:
        return self.text


class SalesLink(Switchable):
    """Tracked, redirecting address of one member."""

    slug = models.CharField(max_length=80, unique=True)
    destination = models.URLField(max_length=2000, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["workspace", "offer", "is_active", "enrollment", "ends_at"], name="link_by_offer")
        ]

    def __str__(self) -> str:
        return self.slug


class CodeHistory(WorkspaceOwned):
    """Which member a code text belonged to, from when until when. Kept for ever.

    A text that was once a member's is never given to another one: orders by it still belong to the first.
    `opened_by` and `closed_by` are the bulk changes that gave and took it (empty: it came with the code, has it still).
    """

    code = models.ForeignKey(PromoCode, on_delete=models.PROTECT, related_name="history")
    member_id = models.BigIntegerField()
    text = models.CharField(max_length=255)
    text_key = models.CharField(max_length=255)
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True, blank=True)
    opened_by = models.BigIntegerField(null=True, blank=True)
    closed_by = models.BigIntegerField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["workspace", "text_key"], name="code_history_by_text")]
