"""A member belongs to an offer. Enrollments are never deleted; codes and links are deactivated."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from offerwell.models.member import Member
from offerwell.models.offer import Offer
from offerwell.models.payout import PayoutOption
from offerwell.models.workspace import WorkspaceOwned


class Enrollment(WorkspaceOwned):
    """One member in one offer.

    `name_key` and `search_text` are copies (member's name; names, e-mail, handles, codes), so that
    a page or a search of a million members reads one index of one table (docs/performance.md).
    `payout_option` is one of the offer's; `payout_change_id` is the bulk change that chose it (empty: it is
    the default of the day the member joined).
    """

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, db_index=False, related_name="enrollments")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="enrollments")
    name_key = models.CharField(max_length=600, blank=True)
    search_text = models.TextField(blank=True)
    enrolled_at = models.DateTimeField()
    payout_option = models.ForeignKey(
        PayoutOption, on_delete=models.PROTECT, null=True, db_index=False, related_name="enrollments"
    )
    payout_change_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["offer", "member"], name="enrollment_once")]
        indexes: ClassVar = [
            models.Index(fields=["offer", "name_key", "id"], name="enrollment_by_name"),
            models.Index(fields=["offer", "id"], name="enrollment_by_offer"),
        ]
