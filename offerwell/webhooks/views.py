"""Receive one webhook: 200 says that it is stored, and nothing else does.

| answer | when |
|---|---|
| 200 | stored now, or stored before |
| 400, 411, 413 | no whole body, no length, more than LARGEST_BODY: said before the body is read |
| 401 | wrong signature, another shop, an unknown store: which of them is not told |
| 405 | not a POST |
| 503 | the database does not take it now; the store delivers again |
"""

from __future__ import annotations

import logging

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from offerwell.actions.take_in_webhook import Taken, take_in_webhook
from offerwell.integrations.shopify.webhook_delivery import delivery_in
from offerwell.models.encrypted_text import UnreadableSecret

log = logging.getLogger("offerwell.webhooks")

# An order of a thousand lines is some 2 MB. Whatever is refused for its size comes eight times, then never again.
LARGEST_BODY = 5 * 1024 * 1024
REFUSED = "The signature, the shop or the address is wrong.\n"


@csrf_exempt
def receive(request: HttpRequest, key: str = "") -> HttpResponse:
    """Store it, then say so."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    body = _raw_body(request)
    if isinstance(body, HttpResponse):
        return body
    try:
        delivery = delivery_in(lambda name: request.headers.get(name, ""))
        taken = take_in_webhook(key=key, delivery=delivery, body=body, at=timezone.now())
    except (DatabaseError, UnreadableSecret):
        log.exception("webhook_not_stored")
        return _answer(503, "Not stored. Deliver it again.\n")
    return _answer(401, REFUSED) if taken is Taken.REFUSED else _answer(200, "")


def _raw_body(request: HttpRequest) -> bytes | HttpResponse:
    """The bytes as they came, or the refusal of them."""
    length = request.META.get("CONTENT_LENGTH") or ""
    if not (length.isascii() and length.isdigit()):
        return _answer(411, "Say how long the body is.\n")
    if int(length) > LARGEST_BODY:
        return _answer(413, f"The body is larger than {LARGEST_BODY} bytes.\n")
    try:
        body = request.read(int(length))
    except OSError:
        body = b""
    return body if len(body) == int(length) else _answer(400, "The body is not whole.\n")


def _answer(status: int, text: str) -> HttpResponse:
    """With its length: nothing behind this door sets it, and an answer of unknown length travels in chunks."""
    return HttpResponse(text, status=status, content_type="text/plain", headers={"Content-Length": str(len(text))})
