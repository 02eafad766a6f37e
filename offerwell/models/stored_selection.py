"""The members a person chose, kept on the server so that a million ids never travel."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from offerwell.models.offer import Offer
from offerwell.models.workspace import WorkspaceOwned


class StoredSelection(WorkspaceOwned):
    """`body` is `rules.selection.MemberSelection` as JSON."""

    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    body = models.JSONField()
    created_at = models.DateTimeField()
