"""What browsers report by the snippet, and the snippet itself: a file that never changes under its address.

Only pages of the shop's listed domains are heard, by the `Origin` that browsers send. Whoever sends one by hand gains
nothing that a browser could not: see `actions/take_in_browser_report.py`.
"""

from __future__ import annotations

import logging

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from offerwell.actions.call_pace import TooManyCalls
from offerwell.actions.take_in_browser_report import listed_shop, take_in_browser_report
from offerwell.actions.take_in_told_order import CallRefused
from offerwell.rules.told_order import OrderUnreadable
from offerwell.rules.web_address import read_address
from offerwell.ui.network import network_of
from offerwell.ui.snippet import SNIPPET
from offerwell.webhooks.order_views import answer, problem, slow_down
from offerwell.webhooks.raw_body import BodyRefused, raw_body

log = logging.getLogger("offerwell.webhooks")

LARGEST_REPORT = 8 * 1024
_YEAR = 365 * 24 * 3600
_HEADERS = {
    "Content-Length": str(len(SNIPPET)), "Cache-Control": f"public, max-age={_YEAR}, immutable",
    # So that a page may hold it to a hash (integrity), and any page may load it.
    "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}  # fmt: skip


def snippet(request: HttpRequest) -> HttpResponse:
    """The file."""
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    return HttpResponse(SNIPPET, content_type="text/javascript; charset=utf-8", headers=_HEADERS)


@csrf_exempt
def hear_browser(request: HttpRequest, key: str) -> HttpResponse:
    """Keep the report, then say so. An `OPTIONS` is answered for pages that ask first."""
    if request.method not in {"POST", "OPTIONS"}:
        return HttpResponseNotAllowed(["POST", "OPTIONS"])
    origin = request.headers.get("Origin", "")
    page = read_address(origin)
    domain = page.domain if page else ""
    try:
        listed_shop(key=key, domain=domain)
        said = _asked() if request.method == "OPTIONS" else _heard(request, key, domain)
    except CallRefused:
        return problem(403, "This page is not one of the shop’s in Offerwell.")
    except DatabaseError:
        log.exception("browser_report_not_stored")
        return problem(503, "Not kept.")
    said["Access-Control-Allow-Origin"] = origin
    said["Vary"] = "Origin"
    return said


def _asked() -> HttpResponse:
    return HttpResponse(
        status=204,
        headers={
            "Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": "Content-Type",
            "Access-Control-Max-Age": "86400",
        },
    )  # fmt: skip


def _heard(request: HttpRequest, key: str, domain: str) -> HttpResponse:
    try:
        body = raw_body(request.META, LARGEST_REPORT)
        is_new = take_in_browser_report(
            key=key, domain=domain, network=network_of(request), body=body, at=timezone.now()
        )
    except BodyRefused as refused:
        return problem(refused.status, str(refused))
    except TooManyCalls:
        return slow_down()
    except OrderUnreadable as odd:
        return answer({"problems": odd.problems}, status=422)
    return answer({"is_new": is_new})
