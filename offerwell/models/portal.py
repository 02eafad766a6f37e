"""Who signs in to the Creator Portal: a person, by e-mail. What they see is decided by the members with that e-mail.

Those tables belong to no workspace: one person may be a member of several brands.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import connection, models
from django.utils.crypto import salted_hmac

from offerwell.models.message import MessageRecipient
from offerwell.models.workspace import WorkspaceOwned


class Creator(models.Model):
    """A person who signed in to the portal once. The members with this e-mail, at each request, are what they see.

    `handle` is what passkeys know the person by (64 hex digits); it says nothing about them.
    """

    email_key = models.CharField(max_length=320, unique=True)
    handle = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.email_key


class PortalSession(models.Model):
    """A browser in which a creator is signed in. Only the hash of its cookie is kept. `browser` is for a person."""

    creator = models.ForeignKey(Creator, on_delete=models.CASCADE, related_name="sessions")
    key_hash = models.CharField(max_length=64, unique=True)
    browser = models.CharField(max_length=80)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()


class SignInRequest(models.Model):
    """Somebody asked for a sign-in mail. Known and unknown addresses make the same row: the door knows neither.

    A worker that finds members with the address makes the code and the link, keeps their hashes and sends the mail;
    `due_at` is when it looks next (none: nothing is left to do). `tries` counts codes that were typed. `network` is
    a hash of where it was asked from. `origin` is the site the link leads to.
    """

    email_key = models.CharField(max_length=320)
    network = models.CharField(max_length=64)
    browser_hash = models.CharField(max_length=64, unique=True)
    origin = models.CharField(max_length=300)
    code_hash = models.CharField(max_length=64, blank=True)
    link_hash = models.CharField(max_length=64, blank=True)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["email_key", "asked_at"], name="sign_in_by_email"),
            models.Index(fields=["network", "asked_at"], name="sign_in_by_network"),
            models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="sign_in_due"),
        ]


class Passkey(models.Model):
    """A passkey of a creator. `public` is what its authenticator told of it (base64); nothing of it is secret."""

    creator = models.ForeignKey(Creator, on_delete=models.CASCADE, related_name="passkeys")
    name = models.CharField(max_length=60)
    credential_hash = models.CharField(max_length=64, unique=True)
    public = models.TextField()
    sign_count = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)


class PasskeyChallenge(models.Model):
    """What a browser was asked to sign, once, by when. `creator` is empty for a sign-in: it is not known yet who."""

    browser_hash = models.CharField(max_length=64, unique=True)
    creator = models.ForeignKey(Creator, on_delete=models.CASCADE, null=True, related_name="+")
    state = models.JSONField()
    expires_at = models.DateTimeField()


class ReadLetter(WorkspaceOwned):
    """The member has read this letter in the portal."""

    letter = models.OneToOneField(MessageRecipient, on_delete=models.CASCADE, related_name="read_mark")
    at = models.DateTimeField()


def secret_hash(purpose: str, secret: str) -> str:
    """What is kept of a secret: keyed with the installation's own key, so that a stolen table gives no code away."""
    return salted_hmac(f"offerwell.portal.{purpose}", secret, algorithm="sha256").hexdigest()


_LOCK_SPACE = 0x0FFE


def lock_sign_ins() -> None:
    """Let sign-in requests stand in line until this transaction ends, so that their limits count right.

    SQLite needs nothing: its transactions begin IMMEDIATE. No workspace has the number 0.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK_SPACE, 0])
