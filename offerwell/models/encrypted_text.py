"""A text column that is ciphertext in the database (MultiFernet; the first key encrypts)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


class UnreadableSecret(Exception):
    """The value was encrypted with a key that is not configured any more."""


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


class EncryptedText(models.TextField):  # type: ignore[type-arg]
    """Text that is readable here and ciphertext in the database, its backups and its logs."""

    def get_prep_value(self, value: Any) -> Any:
        """The ciphertext; empty stays empty."""
        if not value:
            return ""
        return _cipher(tuple(settings.OFFERWELL_FIELD_KEYS)).encrypt(str(value).encode()).decode()

    def from_db_value(self, value: str | None, _expression: object, _connection: BaseDatabaseWrapper) -> str:
        """The plain text. Raises UnreadableSecret when no configured key opens it."""
        return _plain_text(value, tuple(settings.OFFERWELL_FIELD_KEYS)) if value else ""


def remembered_text(value: str) -> str:
    """As `from_db_value`, for what is read very often: the answer is remembered.

    It can never be old: what is written anew is another ciphertext.
    """
    return _remembered(value, tuple(settings.OFFERWELL_FIELD_KEYS)) if value else ""


def _plain_text(value: str, keys: tuple[str, ...]) -> str:
    try:
        return _cipher(keys).decrypt(value.encode()).decode()
    except InvalidToken as error:
        message = "A stored secret opens with none of OFFERWELL_FIELD_KEYS. Add the key it was made with."
        raise UnreadableSecret(message) from error


_remembered = lru_cache(maxsize=512)(_plain_text)
