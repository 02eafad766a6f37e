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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from offerwell.actions.take_in_webhook import Taken, take_in_webhook
from offerwell.integrations.shopify.webhook_delivery import delivery_in
from offerwell.models.encrypted_text import UnreadableSecret
from offerwell.webhooks.raw_body import BodyRefused, raw_body

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger("offerwell.webhooks")

# An order of a thousand lines is some 2 MB. Whatever is refused for its size comes eight times, then never again.
LARGEST_BODY = 5 * 1024 * 1024
REFUSED = "The signature, the shop or the address is wrong.\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """As it goes out, with its length: nothing behind this door sets it, and without it an answer travels in chunks."""

    status: int
    body: bytes = b""
    allow: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """By name."""
        allow = {"Allow": self.allow} if self.allow else {}
        return {"Content-Type": "text/plain", "Content-Length": str(len(self.body)), **allow}


@csrf_exempt
def receive(request: HttpRequest, key: str = "") -> HttpResponse:
    """As `hear`, where Django has the call (`first.py` takes most before it)."""
    said = hear(request.META, key)
    return HttpResponse(said.body, status=said.status, headers=said.headers)


def hear(environ: Mapping[str, Any], key: str) -> Answer:
    """Store what a WSGI call brings, then say so."""
    if environ["REQUEST_METHOD"] != "POST":
        return Answer(405, allow="POST")
    try:
        body = raw_body(environ, LARGEST_BODY)
        delivery = delivery_in(lambda name: environ.get(f"HTTP_{name.upper().replace('-', '_')}", ""))
        taken = take_in_webhook(key=key, delivery=delivery, body=body, at=timezone.now())
    except BodyRefused as refused:
        return Answer(refused.status, f"{refused}\n".encode())
    except (DatabaseError, UnreadableSecret):
        log.exception("webhook_not_stored")
        return Answer(503, b"Not stored. Deliver it again.\n")
    return Answer(401, REFUSED.encode()) if taken is Taken.REFUSED else Answer(200)
