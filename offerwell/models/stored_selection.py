"""The members a person chose, kept on the server so that a million ids never travel."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from offerwell.models.offer import Offer
from offerwell.models.workspace import WorkspaceOwned


class StoredSelection(WorkspaceOwned):
    """`body` is `rules.selection.MemberSelection` as JSON.

    `offer` is null until one is chosen: in a project, on a profile, for a message. `origin` is the path of the
    screen where the person selected, to go back to; `chooser` the path of the list of offers that this one was
    chosen from (empty: it was known from the start).
    """

    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, null=True, related_name="+")
    origin = models.CharField(max_length=300, blank=True)
    chooser = models.CharField(max_length=300, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    body = models.JSONField()
    created_at = models.DateTimeField()
