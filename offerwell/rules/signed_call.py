"""A call that a shop's server signed: HMAC-SHA256 over the time and the raw body. A late or old one is refused."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

VERSION = "v1"
LATE = timedelta(minutes=5)
_LONGEST = 200


def signature_of(secret: str, timestamp: str, body: bytes) -> str:
    """`v1=` and 64 hexadecimal digits. `timestamp` is Unix seconds, as it stands in its header."""
    signed = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"{VERSION}={signed.hexdigest()}"


def is_signed(body: bytes, *, timestamp: str, signature: str, secrets: Sequence[str]) -> bool:
    """Whether one of the secrets made the signature. Every one is tried: how long it takes tells nothing."""
    if len(timestamp) + len(signature) > _LONGEST or not (timestamp.isascii() and signature.isascii()):
        return False
    tried = [hmac.compare_digest(signature_of(secret, timestamp, body), signature) for secret in secrets]
    return any(tried)


def is_timely(timestamp: str, now: datetime) -> bool:
    """Whether it was signed within LATE of now, either way: clocks differ."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):  # noqa: PLR2004
        return False
    return abs(now.timestamp() - int(timestamp)) <= LATE.total_seconds()
