"""Where there is no mail server: every letter becomes a file in the data folder, whole, for somebody to read."""

from __future__ import annotations

import time
from itertools import count
from os import getpid
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from django.core.mail import EmailMessage

_numbers = count(1)


class MailboxBackend(BaseEmailBackend):
    """Django's e-mail backend that writes `<nanoseconds>-<process>-<number>.eml` into OFFERWELL_DATA/mail."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write each; a file has its name only once it is whole."""
        folder = mailbox_folder()
        folder.mkdir(parents=True, exist_ok=True)
        for mail in email_messages:
            name = f"{time.time_ns()}-{getpid()}-{next(_numbers)}.eml"
            unfinished = folder / f".{name}"
            unfinished.write_bytes(mail.message().as_bytes())
            unfinished.rename(folder / name)
        return len(email_messages)


def mailbox_folder() -> Path:
    """Where the files are."""
    return settings.DATA / "mail"


def newest_mails(most: int) -> list[Path]:
    """The newest files first."""
    return sorted(mailbox_folder().glob("*.eml"), reverse=True)[:most]
