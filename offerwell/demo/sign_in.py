"""The demo's sign-in, kept in OFFERWELL_DATA/demo-sign-in.json for the terminal and the sign-in page."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from django.conf import settings

from offerwell.models import User

if TYPE_CHECKING:
    from pathlib import Path

EMAIL = "ana@glowlab.example"
# In the documentation for everyone to read: used only while nobody but this machine can reach the pages.
FIXED_PASSWORD = "glow-lab-demo"  # noqa: S105  public on purpose


@dataclass(frozen=True, slots=True)
class SignIn:
    """What to type on the sign-in page."""

    email: str
    password: str


def _path() -> Path:
    return settings.DATA / "demo-sign-in.json"


def write_sign_in(*, fixed: bool) -> SignIn:
    """Choose the password and keep it in a file that its owner alone reads."""
    sign_in = SignIn(EMAIL, FIXED_PASSWORD if fixed else secrets.token_urlsafe(12))
    settings.DATA.mkdir(parents=True, exist_ok=True)
    _path().touch(mode=0o600)
    _path().write_text(json.dumps(asdict(sign_in)))
    return sign_in


def read_sign_in() -> SignIn | None:
    """The demo's sign-in, while there is a demo."""
    try:
        return SignIn(**json.loads(_path().read_text()))
    except (OSError, ValueError, TypeError):
        return None


def protect_sign_in(*, loopback: bool) -> bool:
    """Whether there is a demo sign-in. Beyond this machine the public password is replaced by a secret one."""
    sign_in = read_sign_in()
    if sign_in is None:
        return False
    if not loopback and sign_in.password == FIXED_PASSWORD:
        _change_password(write_sign_in(fixed=False))
    return True


def _change_password(sign_in: SignIn) -> None:
    user = User.objects.filter(email=sign_in.email).first()
    if user is not None:
        user.set_password(sign_in.password)
        user.save()
