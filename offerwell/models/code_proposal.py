"""New texts proposed for codes, kept on the server: a person looks through them, page by page, then confirms."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from offerwell.models.offer import Offer
from offerwell.models.promo_code import PromoCode
from offerwell.models.workspace import WorkspaceOwned


class ProposalBatch(WorkspaceOwned):
    """Proposals for one selection. `revision` rises with every edit, so that a plan knows what it showed.

    `user` is empty for the command line. `is_complete` says that every code of the selection has its proposal.
    """

    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    selection = models.JSONField()
    pattern = models.CharField(max_length=80)
    has_random_suffix = models.BooleanField(default=False)
    codes = models.PositiveIntegerField(default=0)
    revision = models.PositiveIntegerField(default=1)
    is_complete = models.BooleanField(default=False)
    created_at = models.DateTimeField()


class CodeProposal(WorkspaceOwned):
    """The text proposed for one code. `seen_change_id` is what had renamed the code last when it was proposed.

    `on_store` names the store that has the text already; only texts that were looked up there can tell.
    """

    batch = models.ForeignKey(ProposalBatch, on_delete=models.CASCADE, db_index=False, related_name="proposals")
    code = models.ForeignKey(PromoCode, on_delete=models.CASCADE, db_index=False, related_name="proposals")
    text = models.CharField(max_length=255)
    text_key = models.CharField(max_length=255)
    seen_change_id = models.BigIntegerField(default=0)
    is_looked_up = models.BooleanField(default=False)
    on_store = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["batch", "code"], name="proposal_once"),
            models.UniqueConstraint(fields=["batch", "text_key"], name="proposal_text_once"),
        ]
