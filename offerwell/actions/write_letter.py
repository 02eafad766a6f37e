"""One member's letter from a message's text: what the preview shows is what is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core import signing

from offerwell.integrations.mail import Letter, rendered, sender_line
from offerwell.models import MailSettings, Workspace
from offerwell.queries.public_addresses import public_address
from offerwell.rules.merge_fields import merged_subject
from offerwell.rules.message_markup import as_html, as_text

if TYPE_CHECKING:
    from collections.abc import Mapping

_SALT = "offerwell.unsubscribe"


@dataclass(frozen=True, slots=True)
class Signature:
    """How messages of a workspace are signed."""

    brand: str
    sender_name: str = ""
    reply_to: str = ""
    postal_address: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A letter's texts. `html` is the body alone, as a fragment."""

    subject: str
    text: str
    html: str


def signature_of(workspace: Workspace) -> Signature:
    """The settings of this workspace; its name where nothing is set."""
    own = MailSettings.objects.filter(workspace=workspace).first()
    if own is None:
        return Signature(workspace.name, workspace.name)
    return Signature(workspace.name, own.sender_name or workspace.name, own.reply_to, own.postal_address)


def sender_of(signature: Signature) -> str:
    """The sender as mail programs show it."""
    return sender_line(signature.sender_name)


def written(subject: str, body: str, values: Mapping[str, str]) -> Written:
    """The texts with the member's values."""
    return Written(merged_subject(subject, values), as_text(body, values), as_html(body, values))


def letter_to(address: str, texts: Written, signature: Signature, *, letter_id: int | None) -> Letter:
    """The whole mail: frame, footer, and how to unsubscribe by one press (RFC 8058). Without id: a test."""
    stop = public_address("unsubscribe", unsubscribe_token(letter_id or 0))
    _subject, text, html = rendered("message", {
        "subject": texts.subject, "text": texts.text, "html": texts.html, "brand": signature.brand,
        "postal_address": signature.postal_address, "unsubscribe": stop,
    })  # fmt: skip
    headers = {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if stop else {}
    return Letter(
        to=address, subject=texts.subject, text=text, html=html, sender=sender_of(signature),
        reply_to=signature.reply_to, headers=headers,
    )  # fmt: skip


def unsubscribe_token(letter_id: int) -> str:
    """Says which letter the address came with; nobody else can make one. It never expires."""
    return signing.Signer(salt=_SALT).sign(str(letter_id))


def letter_of_token(token: str) -> int | None:
    """The letter's id; 0: of a test; None: somebody made the address up."""
    try:
        return int(signing.Signer(salt=_SALT).unsign(token))
    except (signing.BadSignature, ValueError):
        return None
