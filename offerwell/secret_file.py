"""The signing key and the field keys: from the environment, else made once in the data folder."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Secrets:
    """`field_keys` are Fernet keys; the first encrypts, all decrypt (rotation)."""

    signing_key: str
    field_keys: tuple[str, ...]


def read_or_make_secrets(folder: Path, environ: Mapping[str, str]) -> Secrets:
    """Environment first (several machines must share them); else `secrets.json`, readable by its owner only."""
    signing, fields = environ.get("OFFERWELL_SECRET_KEY", ""), environ.get("OFFERWELL_FIELD_KEYS", "")
    if signing and fields:
        return Secrets(signing, tuple(fields.split(",")))
    stored = _stored(folder)
    return Secrets(signing or stored.signing_key, tuple(fields.split(",")) if fields else stored.field_keys)


def _stored(folder: Path) -> Secrets:
    path = folder / "secrets.json"
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _write_once(path)
    kept = json.loads(path.read_text())
    return Secrets(kept["signing_key"], tuple(kept["field_keys"]))


def _write_once(path: Path) -> None:
    """Two processes may start at once: the link succeeds for one, the other reads what that one wrote."""
    fresh = {"signing_key": secrets.token_urlsafe(48), "field_keys": [Fernet.generate_key().decode()]}
    draft = path.with_name(f".secrets-{os.getpid()}")
    draft.write_text(json.dumps(fresh))
    draft.chmod(0o600)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
