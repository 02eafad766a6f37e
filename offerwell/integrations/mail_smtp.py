"""Django's SMTP backend that knows whether a broken connection had begun to take the letter."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING, Any

from django.core.mail.backends.smtp import EmailBackend

if TYPE_CHECKING:
    from django.core.mail import EmailMessage


class Unanswered(smtplib.SMTPServerDisconnected):
    """The letter was given and no answer came: the server may have taken it."""


class _Watched:
    """Notes when the text of a letter begins to travel."""

    has_begun = False

    def mail(self, *given: Any, **options: Any) -> Any:
        self.has_begun = False
        return super().mail(*given, **options)  # type: ignore[misc]

    def data(self, msg: Any) -> Any:
        self.has_begun = True
        return super().data(msg)  # type: ignore[misc]


class _Plain(_Watched, smtplib.SMTP):
    pass


class _Encrypted(_Watched, smtplib.SMTP_SSL):
    pass


class SmtpBackend(EmailBackend):
    """As Django's, but a connection that breaks after the text went raises Unanswered."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        """The watched kind of connection."""
        return _Encrypted if self.use_ssl else _Plain

    def _send(self, email_message: EmailMessage) -> bool:
        try:
            return super()._send(email_message)  # type: ignore[misc]
        except (smtplib.SMTPServerDisconnected, OSError) as broken:
            has_answer = isinstance(broken, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused)
            if not has_answer and getattr(self.connection, "has_begun", False):
                raise Unanswered(str(broken)) from broken
            raise
