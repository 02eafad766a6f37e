"""Mail, in the words of mail: one letter to one person, handed over to whatever carries it.

The carrier is Django's e-mail backend of the settings: SMTP (`mail_smtp.py`), a provider's API (anymail,
`mail_provider.py`), or files in the data folder (`mailbox.py`).
"""

from __future__ import annotations

import smtplib
from dataclasses import dataclass, field
from email.utils import formataddr, parseaddr
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import css_inline
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string

from offerwell.integrations.mail_errors import MailError, MailFateUnknown
from offerwell.integrations.mail_provider import provider_refusal
from offerwell.integrations.mail_smtp import Unanswered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.core.mail.backends.base import BaseEmailBackend

REFUSED_FOR_GOOD = range(500, 600)
__all__ = ["Letter", "MailError", "MailFateUnknown", "hand_over", "open_carrier", "rendered"]


@dataclass(frozen=True, slots=True)
class Letter:
    """One e-mail to one address. `text` is always there; `html` has its styles inlined. Headers hold no line break."""

    to: str
    subject: str
    text: str
    html: str = ""
    sender: str = ""
    reply_to: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def hand_over(letter: Letter, carrier: BaseEmailBackend | None = None) -> str:
    """Give the letter to the carrier; returns when the carrier has taken it, with its own id for it ("" without).

    `carrier` is an open connection when many follow one another (`open_carrier`). Raises MailError, MailFateUnknown.
    """
    carrier = carrier or get_connection()
    mail = EmailMultiAlternatives(
        subject=letter.subject, body=letter.text, from_email=letter.sender or settings.DEFAULT_FROM_EMAIL,
        to=[letter.to], reply_to=[letter.reply_to] if letter.reply_to else None, headers=dict(letter.headers),
        connection=carrier,
    )  # fmt: skip
    if letter.html:
        mail.attach_alternative(letter.html, "text/html")
    try:
        _send(mail, carrier)
    except Exception as error:
        refusal = provider_refusal(error) or _refusal(error)
        if refusal is None:
            raise
        raise refusal from error
    status = getattr(mail, "anymail_status", None)
    return str(status.message_id) if status is not None and isinstance(status.message_id, str) else ""


def _send(mail: EmailMultiAlternatives, carrier: BaseEmailBackend) -> None:
    """A connection that the server closed while nothing was said is opened again, once."""
    try:
        mail.send()
    except Unanswered:
        raise
    except smtplib.SMTPServerDisconnected:
        carrier.close()
        carrier.open()
        mail.send()


def _refusal(error: Exception) -> MailError | MailFateUnknown | None:
    """What an error of SMTP or of the network means; None: it is none."""
    if isinstance(error, Unanswered):
        return MailFateUnknown("The connection to the mail server broke while it was taking the letter.")
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return MailError("The mail server refused the sign-in of the settings.", is_permanent=False, stops_all=True)
    if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError):
        code, reason = _answer(error)
        is_sender = isinstance(error, smtplib.SMTPSenderRefused)
        return MailError(reason, is_permanent=code in REFUSED_FOR_GOOD and not is_sender, stops_all=is_sender)
    if isinstance(error, OSError):  # SMTP's other errors are of this kind too
        return MailError(f"The mail server could not be reached: {error}", is_permanent=False, stops_all=True)
    # An address that cannot be one, a line break in a header.
    return MailError(f"This letter cannot be written: {error}", is_permanent=True) if _is_odd(error) else None


def _is_odd(error: Exception) -> bool:
    return isinstance(error, ValueError)


def open_carrier() -> BaseEmailBackend:
    """A connection for many letters. Close it."""
    return get_connection()


def rendered(name: str, values: Mapping[str, Any]) -> tuple[str, str, str]:
    """Subject, text and HTML of `emails/<name>/`, styles inlined (media queries stay, for dark mode and phones)."""
    subject = " ".join(render_to_string(f"emails/{name}/subject.txt", dict(values)).split())
    text = render_to_string(f"emails/{name}/body.txt", dict(values)).strip() + "\n"
    html = render_to_string(f"emails/{name}/body.html", dict(values))
    return subject, text, _inliner().inline(html)


def sender_line(name: str) -> str:
    """The sender of the settings under another name: providers vouch for the address, not for the name."""
    own_name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return address_line(name or own_name, address)


def address_line(name: str, address: str) -> str:
    """`Name <address>`, encoded where it must be. Line breaks in the name are spaces."""
    return formataddr((" ".join(name.split()), address))


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    # Without a network: a stylesheet by address would be a way out of this machine.
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)


def _answer(refused: smtplib.SMTPException) -> tuple[int, str]:
    if isinstance(refused, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(refused.recipients.values()))
    else:
        code, said = refused.smtp_code, refused.smtp_error  # type: ignore[attr-defined]
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return code, f"The mail server refused: {code} {text}".strip()
