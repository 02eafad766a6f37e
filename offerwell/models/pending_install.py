"""An installation between "agree at the store" and the way back."""

from __future__ import annotations

from django.db import models

from offerwell.models.encrypted_text import EncryptedText
from offerwell.models.store import Store
from offerwell.models.workspace import WorkspaceOwned


class PendingInstall(WorkspaceOwned):
    """What the way back needs, so that nothing of it travels. The row is gone once it was used.

    `nonce` is what the store's answer must carry, signed; `session_mark` stands for the browser session that
    started. `store` is the connected store that is installed again; without it a new one is connected.
    The kind is kept as text: which kinds can be installed is the action's to say.
    """

    nonce = models.CharField(max_length=64, unique=True)
    session_mark = models.CharField(max_length=64)
    user_id = models.BigIntegerField()
    store = models.ForeignKey(Store, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    label = models.CharField(max_length=80)
    kind = models.CharField(max_length=12)
    address = models.CharField(max_length=255)
    client_id = models.CharField(max_length=255)
    client_secret = EncryptedText()
    started_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.label} at {self.address}"
