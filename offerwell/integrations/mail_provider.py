"""Mail providers by their API (anymail): what their errors mean, and what their webhooks tell of bounces."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Any

import requests
from anymail.exceptions import (
    AnymailAPIError,
    AnymailConfigurationError,
    AnymailError,
    AnymailRecipientsRefused,
    AnymailWebhookValidationFailure,
)

from offerwell.integrations.mail_errors import MailError, MailFateUnknown

if TYPE_CHECKING:
    from django.http import HttpRequest

# Provider → its view of webhooks in anymail. All of them prove themselves by the secret in their address.
VIEWS = {
    "brevo": "BrevoTrackingWebhookView",
    "mailgun": "MailgunTrackingWebhookView",
    "postmark": "PostmarkTrackingWebhookView",
    "sendgrid": "SendGridTrackingWebhookView",
    "sparkpost": "SparkPostTrackingWebhookView",
}
_REFUSED_SIGN_IN = (401, 403)
_NOT_NOW = (429, 503)
_OURS = range(400, 500)


class NewsRefused(Exception):
    """A webhook that does not prove it comes from the provider."""


class NewsUnreadable(Exception):
    """It proved itself, and cannot be read."""


class NewsKind(StrEnum):
    """What a provider tells of a letter. *Deferred* and the like are left out: the provider goes on trying."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class News:
    """One fact about one letter: the provider's id for it, whose it was, and what was said."""

    kind: NewsKind
    carrier_ref: str
    address: str
    said: str


_KINDS = {
    "bounced": NewsKind.BOUNCED,
    "complained": NewsKind.COMPLAINED,
    "unsubscribed": NewsKind.UNSUBSCRIBED,
    "rejected": NewsKind.FAILED,
    "failed": NewsKind.FAILED,
}
_LONGEST = 500


def news_of(provider: str, request: HttpRequest) -> list[News]:
    """What a webhook tells, once it has proved itself. Raises NewsRefused, NewsUnreadable."""
    view = _view(provider)
    try:
        view.run_validators(request)
        events = view.parse_events(request)
    except AnymailWebhookValidationFailure as refused:
        raise NewsRefused("The webhook does not carry the secret of the settings.") from refused
    except (AnymailError, AnymailConfigurationError, ValueError, KeyError, TypeError, AttributeError) as odd:
        raise NewsUnreadable("The webhook could not be read.") from odd
    return [_news(event) for event in events if event.event_type in _KINDS]


def _view(provider: str) -> Any:
    return getattr(import_module(f"anymail.webhooks.{provider}"), VIEWS[provider])()


def _news(event: Any) -> News:
    said = event.mta_response or event.description or event.reject_reason or ""
    return News(_KINDS[event.event_type], str(event.message_id or ""), str(event.recipient or ""), str(said)[:_LONGEST])


def provider_refusal(error: Exception) -> MailError | MailFateUnknown | None:
    """What an error of a provider's API means; None: it is none."""
    if isinstance(error, AnymailRecipientsRefused):
        return MailError("The mail provider refused the address.", is_permanent=True)
    if isinstance(error, requests.ConnectTimeout) or (
        isinstance(error, requests.ConnectionError) and _never_connected(error)
    ):
        return MailError("The mail provider could not be reached.", is_permanent=False, stops_all=True)
    if isinstance(error, requests.RequestException) and getattr(error, "response", None) is None:
        return MailFateUnknown("The mail provider did not answer.")
    if isinstance(error, AnymailAPIError):
        return _by_status(error.status_code)
    if isinstance(error, AnymailError):
        return MailError(f"This letter cannot be sent: {str(error)[:_LONGEST]}", is_permanent=True)
    return None


def _by_status(status: int | None) -> MailError | MailFateUnknown:
    if status in _REFUSED_SIGN_IN:
        return MailError("The mail provider refused the key of the settings.", is_permanent=False, stops_all=True)
    if status in _NOT_NOW:
        return MailError("The mail provider takes no more for now.", is_permanent=False, stops_all=True)
    if status in _OURS:
        return MailError(f"The mail provider refused the letter ({status}).", is_permanent=True)
    return MailFateUnknown(f"The mail provider met an error of its own ({status}).")


def _never_connected(error: BaseException) -> bool:
    """Whether no connection was made: only then nothing can have been sent."""
    seen: BaseException | None = error
    while seen is not None:
        if type(seen).__name__ in {"NewConnectionError", "ConnectionRefusedError", "gaierror"}:
            return True
        reason = getattr(seen.args[0], "reason", None) if seen.args else None
        seen = reason if isinstance(reason, BaseException) else seen.__cause__
    return False
