"""Encrypt every stored secret with the first of the field keys, so that older keys can be thrown away.

Workers may renew tokens meanwhile: each value is replaced only if it is still the ciphertext that was read. A second
run finds everything done. Not here: making keys, which belongs to the settings (docs/operate/security.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction

from offerwell.models.encrypted_text import EncryptedText

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Model

AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Rotation:
    """How many secrets there are, how many were encrypted anew, and where those are that no key opens."""

    secrets: int
    encrypted_anew: int
    unreadable: tuple[str, ...]


def rotate_secrets() -> Rotation:
    """Go through every encrypted column of ours and what allauth keeps of second factors. In steps of AT_ONCE rows."""
    keys = _Keys.configured()
    found = [_rotated_column(model, field.attname, keys) for model, field in encrypted_columns()]
    found.append(_rotated_factors(keys))
    return Rotation(
        sum(one.secrets for one in found), sum(one.encrypted_anew for one in found),
        tuple(place for one in found for place in one.unreadable),
    )  # fmt: skip


def encrypted_columns() -> Iterator[tuple[type[Model], EncryptedText]]:
    """Every column that is ciphertext, also those that will be added."""
    for model in apps.get_app_config("offerwell").get_models():
        for field in model._meta.concrete_fields:  # noqa: SLF001  Django's documented way to its fields
            if isinstance(field, EncryptedText):
                yield model, field


@dataclass(frozen=True, slots=True)
class _Keys:
    first: Fernet
    all: MultiFernet

    @classmethod
    def configured(cls) -> _Keys:
        keys = [Fernet(key) for key in settings.OFFERWELL_FIELD_KEYS]
        return cls(keys[0], MultiFernet(keys))

    def renewed(self, ciphertext: str) -> str:
        """The value under the first key; the same text when it is already. Raises InvalidToken."""
        try:
            self.first.decrypt(ciphertext.encode())
        except InvalidToken:
            return self.all.rotate(ciphertext.encode()).decode()
        return ciphertext


def _rotated_column(model: type[Model], column: str, keys: _Keys) -> Rotation:
    """Below the ORM, which would decrypt on the way out and has no ciphertext to compare."""
    table, after = model._meta.db_table, 0  # noqa: SLF001
    seen = renewed = 0
    unreadable: list[str] = []
    while rows := _rows(table, column, after):
        after, seen = rows[-1][0], seen + len(rows)
        changes = []
        for number, ciphertext in rows:
            try:
                fresh = keys.renewed(ciphertext)
            except InvalidToken:
                unreadable.append(f"{table}.{column} of row {number}")
                continue
            if fresh != ciphertext:
                changes.append((fresh, number, ciphertext))
        renewed += len(changes)
        _write(table, column, changes)
    return Rotation(seen, renewed, tuple(unreadable))


def _rows(table: str, column: str, after: int) -> list[tuple[int, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, {_q(column)} FROM {_q(table)} WHERE id > %s AND {_q(column)} <> '' ORDER BY id LIMIT %s",  # noqa: S608  names of ours
            [after, AT_ONCE],
        )
        return cursor.fetchall()


def _write(table: str, column: str, changes: list[tuple[str, int, str]]) -> None:
    if not changes:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {_q(table)} SET {_q(column)} = %s WHERE id = %s AND {_q(column)} = %s",  # noqa: S608  names of ours
            changes,
        )


def _q(name: str) -> str:
    return connection.ops.quote_name(name)


def _rotated_factors(keys: _Keys) -> Rotation:
    """TOTP secrets and the seeds of recovery codes, which allauth keeps in JSON under our adapter's cipher."""
    seen = renewed = after = 0
    unreadable: list[str] = []
    while True:
        with transaction.atomic():
            rows = list(Authenticator.objects.select_for_update().filter(pk__gt=after).order_by("pk")[:AT_ONCE])
            if not rows:
                return Rotation(seen, renewed, tuple(unreadable))
            after = rows[-1].pk
            for row in rows:
                outcome = _rotated_factor(row.data, keys)
                if outcome is None:
                    unreadable.append(f"second factor {row.pk}")
                    continue
                data, count = outcome
                seen += count
                if data != row.data:
                    renewed += count
                    Authenticator.objects.filter(pk=row.pk).update(data=data)


def _rotated_factor(data: dict[str, Any], keys: _Keys) -> tuple[dict[str, Any], int] | None:
    """The same data under the first key, and how many secrets it holds; None when no key opens one of them."""
    fresh, count = dict(data), 0
    try:
        for name in ("secret", "seed"):
            if isinstance(data.get(name), str):
                fresh[name], count = keys.renewed(data[name]), count + 1
        if isinstance(data.get("migrated_codes"), list):
            fresh["migrated_codes"] = [keys.renewed(code) for code in data["migrated_codes"]]
            count += len(data["migrated_codes"])
    except InvalidToken:
        return None
    return fresh, count
