"""The mails that became files, for reading them in a demo: sign-in codes of creators stand there too."""

from __future__ import annotations

import email
from dataclasses import dataclass
from email import policy
from typing import TYPE_CHECKING

from django.conf import settings

from offerwell.integrations.mailbox import mailbox_folder, newest_mails

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

_MOST = 100
_BACKEND = "offerwell.integrations.mailbox.MailboxBackend"


@dataclass(frozen=True, slots=True)
class SeenMail:
    """One mail. `name` is its file's."""

    name: str
    to: str
    sender: str
    subject: str
    date: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...]


def is_open() -> bool:
    """Only where mails go to files and the demo runs for this machine alone."""
    return bool(settings.OFFERWELL_DEMO) and settings.EMAIL_BACKEND == _BACKEND


def mails() -> list[SeenMail]:
    """The newest first."""
    return [_seen(path) for path in newest_mails(_MOST)]


def read_mail(name: str) -> SeenMail | None:
    """The mail in the file of this name; None when there is none."""
    path = mailbox_folder() / name
    if path.parent != mailbox_folder() or path.suffix != ".eml" or name.startswith(".") or not path.is_file():
        return None
    return _seen(path)


def _seen(path: Path) -> SeenMail:
    mail: EmailMessage = email.message_from_bytes(path.read_bytes(), policy=policy.default)
    return SeenMail(
        path.name, str(mail["To"] or ""), str(mail["From"] or ""), str(mail["Subject"] or "").strip(),
        str(mail["Date"] or ""), _part(mail, "plain"), _part(mail, "html"),
        tuple((name, str(value)) for name, value in mail.items() if not name.startswith("Content-")),
    )  # fmt: skip


def _part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    return str(body.get_content()) if body is not None else ""
