"""Orders that a shop's own server tells, one a call, signed (docs/api/conversions.md).

| answer | when |
|---|---|
| 200 | recorded: `{"order": …, "is_new": true}`; false: this state of it was known |
| 400, 411, 413 | no whole body, no length, more than LARGEST_ORDER: said before the body is read |
| 401 | unknown shop, wrong signature, signed more than five minutes ago: which of them is not told |
| 403 | the store is switched off |
| 405 | not a POST |
| 422 | `{"problems": {field: sentence}}` |
| 429 | too many in this minute; `Retry-After` says when |
| 503 | the database does not take it now: tell it again |
"""

from __future__ import annotations

import logging
from http import HTTPStatus

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from offerwell.actions.call_pace import MINUTE, TooManyCalls
from offerwell.actions.take_in_told_order import CallRefused, ShopIsOff, take_in_told_order
from offerwell.models.encrypted_text import UnreadableSecret
from offerwell.rules.told_order import OrderUnreadable
from offerwell.webhooks.raw_body import BodyRefused, raw_body

log = logging.getLogger("offerwell.webhooks")

LARGEST_ORDER = 1024 * 1024


@csrf_exempt
def hear_order(request: HttpRequest, key: str) -> HttpResponse:
    """Record it, then say so."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        return _heard(request, key, raw_body(request.META, LARGEST_ORDER))
    except BodyRefused as refused:
        return problem(refused.status, str(refused))
    except (DatabaseError, UnreadableSecret):
        log.exception("told_order_not_stored")
        return problem(503, "Not recorded. Tell it again.")


def _heard(request: HttpRequest, key: str, body: bytes) -> HttpResponse:
    try:
        heard = take_in_told_order(
            key=key, timestamp=request.headers.get("Offerwell-Timestamp", ""),
            signature=request.headers.get("Offerwell-Signature", ""), body=body, at=timezone.now(),
        )  # fmt: skip
    except CallRefused:
        return problem(401, "The key, the signature or the time is wrong. The store’s page in Offerwell says which.")
    except TooManyCalls:
        return slow_down()
    except ShopIsOff:
        return problem(403, "This store is switched off in Offerwell.")
    except OrderUnreadable as odd:
        return answer({"problems": odd.problems}, status=422)
    return answer({"order": heard.ref, "is_new": heard.is_new})


def problem(status: int, said: str) -> HttpResponse:
    """One sentence about the whole call."""
    return answer({"problems": {"": said}}, status=status)


def slow_down() -> HttpResponse:
    """Too many calls."""
    response = problem(HTTPStatus.TOO_MANY_REQUESTS, "Too many calls in this minute.")
    response["Retry-After"] = str(MINUTE)
    return response


def answer(body: dict[str, object], *, status: int = 200) -> HttpResponse:
    """With its length: nothing behind this door sets it, and an answer of unknown length travels in chunks."""
    response = JsonResponse(body, status=status, json_dumps_params={"ensure_ascii": False})
    response["Content-Length"] = str(len(response.content))
    response["Cache-Control"] = "no-store"
    return response
