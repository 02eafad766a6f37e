"""allauth, as we want it: nobody signs up by themselves, TOTP secrets are encrypted at rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-in only: a person joins a workspace by its owner."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  allauth's signature
        """Never: there is no public sign-up."""
        return False


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """allauth keeps TOTP seeds in clear unless these two are given."""

    def encrypt(self, text: str) -> str:
        """Ciphertext under the first field key."""
        return self._cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The seed, under any configured field key."""
        return self._cipher().decrypt(encrypted_text.encode()).decode()

    def _cipher(self) -> MultiFernet:
        return MultiFernet([Fernet(key) for key in settings.OFFERWELL_FIELD_KEYS])
