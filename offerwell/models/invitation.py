"""An invitation by e-mail into a workspace's team: good once, for some days."""

from __future__ import annotations

import hashlib
from typing import ClassVar

from django.conf import settings
from django.db import models

from offerwell.models.user import Role
from offerwell.models.workspace import WorkspaceOwned


class Invitation(WorkspaceOwned):
    """Open while neither accepted nor revoked; after `expires_at` its link works no more.

    The link's token is not kept, only its hash. `sent_at`: a mail server took the letter; `mail_problem`: why not.
    """

    email = models.EmailField()
    role = models.CharField(max_length=16, choices=Role)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.CharField(max_length=160)
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    mail_problem = models.CharField(max_length=300, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "email"], name="invitation_open_once",
                condition=models.Q(accepted_at=None, revoked_at=None),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.email} ({self.role})"


def token_hash(token: str) -> str:
    """SHA-256 (hex): a token has 256 random bits, so nothing slower is needed."""
    return hashlib.sha256(token.encode()).hexdigest()
