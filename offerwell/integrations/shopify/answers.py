"""What an answer of the Admin API means: data, "slow down", "who are you", a refusal, or doubt.

`Throttled`, `TokenRefused` and `Doubt` are for the client, which knows whether the request could
have acted; everything that is certain for both kinds of request is raised as a StoreError here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from offerwell.integrations.graphql.answers import Doubt, Json
from offerwell.integrations.store import AGAIN, AccessRefused, BatchRefused, StoreError

if TYPE_CHECKING:
    from offerwell.integrations.graphql.wire import Answer

# The store refused the request because of some of it, before doing any of it: fewer may pass.
_SPLITTABLE = frozenset({
    "MAX_INPUT_SIZE_EXCEEDED",
    "MAX_COST_EXCEEDED",
    "INVALID_VARIABLE",
    "RESOURCE_NOT_FOUND",
    "argumentLiteralsIncompatible",
})  # fmt: skip
# Shopify names what a field needs: the scope in backquotes, or bare in older answers.
_REQUIRED_SCOPE = re.compile(r"Required access: `?((?:read|write)_[a-z_]{1,60})`? access scope")
_NO_ACCESS = frozenset({"ACCESS_DENIED", "SHOP_INACTIVE", "UNAUTHORIZED", "FORBIDDEN"})

# Redirects and refusals (3xx, 4xx): given before a request is looked into. A time-out is not.
_BEFORE_ANY_WORK = frozenset(range(300, 500)) - {HTTPStatus.REQUEST_TIMEOUT}
_SECURITY_REJECTION = 430  # Shopify's own

RECONNECT = "Check the app and its credentials under Settings › Stores."


class Throttled(Exception):
    """Nothing was done: the points do not suffice. `requested` is 0 where the store does not say."""

    def __init__(self, retry_after: float | None = None, requested: int = 0) -> None:
        super().__init__("throttled")
        self.retry_after = retry_after
        self.requested = requested


class TokenRefused(Exception):
    """Nothing was done: the token is not, or no longer, accepted."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Cost:
    """The store's own account of the request and of its bucket."""

    requested: int
    available: float
    maximum: float
    restore_rate: float


def cost_of(payload: Json | None) -> Cost | None:
    """What `extensions.cost` says; None when it is absent or not as documented."""
    try:
        cost = (payload or {})["extensions"]["cost"]
        bucket = cost["throttleStatus"]
        return Cost(
            int(cost.get("requestedQueryCost") or 0),
            float(bucket["currentlyAvailable"]),
            float(bucket["maximumAvailable"]),
            float(bucket["restoreRate"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def result_of(answer: Answer, payload: Json | None) -> Json:
    """The `data` of a good answer; raises what the others mean."""
    _judge_status(answer)
    if payload is None:
        raise Doubt(f"it answered with {_kind_of_body(answer.body)} instead of data")
    if payload.get("errors"):
        _judge_errors(payload)
    result = payload.get("data")
    if not isinstance(result, dict):
        raise Doubt("its answer holds no data")
    return result


def _judge_status(answer: Answer) -> None:
    status = answer.status
    if status == HTTPStatus.OK:
        return
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise Throttled(answer.retry_after)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise TokenRefused(status)
    if status not in _BEFORE_ANY_WORK:
        raise Doubt(f"it answered with HTTP {status}", answer.retry_after)
    raise _refusal_by_status(answer)


def _refusal_by_status(answer: Answer) -> StoreError:
    """Statuses that come before any work is done on the request."""
    status = answer.status
    if status == HTTPStatus.PAYMENT_REQUIRED:
        return AccessRefused(
            "The store is frozen by Shopify (HTTP 402). Its owner has to settle that first.", permanent=True
        )
    if status == HTTPStatus.NOT_FOUND:
        return AccessRefused(f"No store answers at this address (HTTP 404). {RECONNECT}", permanent=True)
    if status == HTTPStatus.LOCKED:
        return StoreError(
            f"The store is locked by Shopify for now (HTTP 423). {AGAIN}",
            retry_after=answer.retry_after or 600.0,
        )
    if status == _SECURITY_REJECTION:
        return StoreError(
            f"Shopify held the request back as a security risk (HTTP 430). {AGAIN}",
            retry_after=answer.retry_after or 120.0,
        )
    if status < HTTPStatus.BAD_REQUEST:
        return StoreError(
            f"The store answers from another address ({answer.location[:100] or 'not named'}). "
            "Enter its NAME.myshopify.com address under Settings › Stores.",
            permanent=True,
        )
    return StoreError(f"The store refused the request (HTTP {status}). Report this to Offerwell.", permanent=True)


def _judge_errors(payload: Json) -> None:
    """Top-level errors. Without a `data` member, GraphQL promises that nothing was executed."""
    codes, message = _codes_and_message(payload["errors"])
    if "THROTTLED" in codes:
        cost = cost_of(payload)
        raise Throttled(requested=cost.requested if cost else 0)
    if codes & _NO_ACCESS:
        raise _denied(message)
    if payload.get("data") is None and codes and codes <= _SPLITTABLE:
        raise BatchRefused(f"The store refused the request: {message}", permanent=True)
    if "data" in payload or "INTERNAL_SERVER_ERROR" in codes:
        raise Doubt(f"it answered with an error: {message}")
    raise StoreError(f"The store does not understand the request: {message}", permanent=True)


def _denied(message: str) -> AccessRefused:
    """The store names the scope it asks for; nothing was done."""
    if found := _REQUIRED_SCOPE.search(message):
        lacks = f"The app lacks the scope {found[1]}. Add it to the app, release a new version and install it again"
        return AccessRefused(f"{lacks}, then choose Test connection under Settings › Stores.", permanent=True)
    return AccessRefused(f"The store denies access: {message} {RECONNECT}", permanent=True)


def _codes_and_message(errors: object) -> tuple[frozenset[str], str]:
    """Every error's code, and the first message, cut to a length a person reads."""
    entries = [entry for entry in errors if isinstance(entry, dict)] if isinstance(errors, list) else []
    if not entries:
        return frozenset(), _sentence(str(errors))
    codes = (_code_of(entry) for entry in entries)
    return frozenset(code for code in codes if code), _sentence(str(entries[0].get("message") or "no message"))


def _code_of(entry: Json) -> str:
    extensions = entry.get("extensions")
    return str(extensions.get("code") or "") if isinstance(extensions, dict) else ""


def _sentence(text: str) -> str:
    cut = " ".join(text.split())[:300]
    return cut if cut.endswith((".", "?", "!")) else f"{cut}."


def _kind_of_body(body: bytes) -> str:
    start = body.lstrip()[:20].lower()
    if not start:
        return "nothing"
    return "a web page" if start.startswith((b"<!doctype", b"<html", b"<")) else "a broken text"
