"""What a mail provider tells: bounced, complained, unsubscribed. Proven by the secret in its address, or by signature.

| answer | when |
|---|---|
| 200 | read; what is about no letter of ours is left |
| 400 | cannot be read |
| 401 | the secret is wrong, none is set, or it is not the provider of the settings: which is not told |
| 405 | not a POST |
| 503 | the database does not take it now; the provider tells again |
"""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from offerwell.actions.hear_from_carrier import hear_from_carrier
from offerwell.integrations.mail_provider import NewsRefused, NewsUnreadable, news_of
from offerwell.webhooks.views import LARGEST_BODY

log = logging.getLogger("offerwell.webhooks")
_REFUSED = "Not from the mail provider of the settings."


@csrf_exempt
def hear_mail(request: HttpRequest, provider: str) -> HttpResponse:
    """Keep what it tells, then say so."""
    if request.method == "HEAD":  # some providers look whether anybody is there
        return _answer(200, "")
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if provider != settings.OFFERWELL_MAIL_PROVIDER or not settings.ANYMAIL.get("WEBHOOK_SECRET"):
        return _answer(401, _REFUSED)
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > LARGEST_BODY:
        return _answer(413, "The body is too large.")
    return _heard(request, provider)


def _heard(request: HttpRequest, provider: str) -> HttpResponse:
    try:
        hear_from_carrier(news_of(provider, request), at=timezone.now())
    except NewsRefused:
        return _answer(401, _REFUSED)
    except NewsUnreadable as odd:
        return _answer(400, str(odd))
    except DatabaseError:
        log.exception("mail_news_not_stored")
        return _answer(503, "Not stored. Tell it again.")
    return _answer(200, "")


def _answer(status: int, text: str) -> HttpResponse:
    """With its length, as in views.py."""
    body = f"{text}\n" if text else ""
    return HttpResponse(body, status=status, content_type="text/plain", headers={"Content-Length": str(len(body))})
