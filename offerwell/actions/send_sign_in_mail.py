"""Send the code and the link that somebody asked for, if a member has the address. Nobody else gets a mail.

The row is the queue (ADR 4). The code and the link are made here, just before they leave: only their hashes are kept.
"""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from django_scopes import scopes_disabled

from offerwell.integrations.mail import Letter, MailError, MailFateUnknown, hand_over, rendered
from offerwell.models import Member, SignInRequest
from offerwell.models.portal import secret_hash
from offerwell.rules.sign_in import CODE_DIGITS, KEPT_FOR

if TYPE_CHECKING:
    from datetime import datetime

log = logging.getLogger("offerwell.portal")
_AGAIN_AFTER = timedelta(seconds=15)
# As long as a mail server may take: another worker does not send the same mail meanwhile.
_HELD_FOR = timedelta(seconds=60)
_FORGOTTEN_AT_ONCE = 5_000


def sign_in_mails_due(*, at: datetime, most: int = 100) -> list[int]:
    """Requests whose mail is to be sent. For the sweep."""
    due = SignInRequest.objects.filter(due_at__lte=at).order_by("due_at")
    return list(due.values_list("pk", flat=True)[:most])


def send_sign_in_mail(*, request_id: int, at: datetime) -> None:
    """Send it once; after a passing error it is tried again while it would still be of use."""
    taken = SignInRequest.objects.filter(pk=request_id, due_at__lte=at).update(due_at=at + _HELD_FOR)
    asked = SignInRequest.objects.filter(pk=request_id).first() if taken else None
    if asked is None:
        return
    if asked.expires_at <= at or not _is_known(asked.email_key):
        _settle(asked, None)
        return
    try:
        _send(asked)
    except MailError as error:
        log.warning("A sign-in mail was not taken: %s", error.reason)
        _settle(asked, None if error.is_permanent else at + _AGAIN_AFTER)
    except MailFateUnknown:
        _settle(asked, None)
    else:
        _settle(asked, None)


def forget_sign_ins(*, at: datetime) -> None:
    """Delete requests that no limit counts any more, some thousands at once."""
    old = SignInRequest.objects.filter(asked_at__lt=at - KEPT_FOR).order_by("pk").values("pk")[:_FORGOTTEN_AT_ONCE]
    SignInRequest.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()


def _is_known(key: str) -> bool:
    with scopes_disabled():  # a person's address, over all workspaces
        return bool(key) and Member.objects.filter(email_key=key).exists()


def _send(asked: SignInRequest) -> None:
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    link = secrets.token_urlsafe(24)
    SignInRequest.objects.filter(pk=asked.pk).update(
        code_hash=secret_hash("code", f"{asked.pk}:{code}"), link_hash=secret_hash("link", link)
    )
    values = {"code": code, "link": f"{asked.origin}/portal/sign-in/link/{link}/"}
    subject, text, html = rendered("portal_sign_in", values)
    hand_over(Letter(to=asked.email_key, subject=subject, text=text, html=html))


def _settle(asked: SignInRequest, due_at: datetime | None) -> None:
    SignInRequest.objects.filter(pk=asked.pk).update(due_at=due_at)
