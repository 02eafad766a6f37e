"""What an answer of Vendure's Admin API means: data, a refusal of one of several, "who are you", or doubt.

`NoAccess`, `Halted` and `Doubt` are for the client and the connector, which know whether the request could
have acted; everything that is certain for every request is raised as a StoreError here.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from offerwell.integrations.graphql.answers import Doubt, Json
from offerwell.integrations.store import AGAIN, AccessRefused, BatchRefused, StoreError

if TYPE_CHECKING:
    from offerwell.integrations.graphql.wire import Answer


RECONNECT = "Check its address and credentials under Settings › Stores."
NO_CHANNEL = (
    "The store has no channel with this token. Look at what stands behind the # of its address, and connect it again."
)
GONE = "ENTITY_NOT_FOUND"

_NO_ACCESS = frozenset({"FORBIDDEN", "UNAUTHORIZED"})
# Raised by one operation, whose transaction is rolled back.
_REFUSALS = frozenset({"USER_INPUT_ERROR", "ILLEGAL_OPERATION", GONE})
_NOT_UNDERSTOOD = frozenset({"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED", "BAD_REQUEST"})
_BEFORE_ANY_WORK = frozenset(range(300, 500)) - {HTTPStatus.REQUEST_TIMEOUT}
_ALIAS = re.compile(r"r(\d+)")


class NoAccess(Exception):
    """Nothing was done: the session or the key is not accepted, or may not do this."""


class Halted(Exception):
    """Of several operations in one request the first `done` were carried out, the next was refused, the rest not tried.

    `code` is Vendure's; empty when it was for want of access, so that it may be tried again after a new login.
    """

    def __init__(self, done: int, refusal: str, code: str) -> None:
        super().__init__(refusal)
        self.done = done
        self.refusal = refusal
        self.code = code


def result_of(answer: Answer, payload: Json | None) -> Json:
    """The `data` of a good answer; raises what the others mean."""
    if payload is not None and payload.get("errors") and answer.status in {HTTPStatus.OK, HTTPStatus.BAD_REQUEST}:
        _judge_errors(payload)
    _judge_status(answer)
    if payload is None:
        raise Doubt("it answered with something that is not data")
    result = payload.get("data")
    if not isinstance(result, dict):
        raise Doubt("its answer holds no data")
    return result


def _judge_status(answer: Answer) -> None:
    status = answer.status
    if status == HTTPStatus.OK:
        return
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise NoAccess(f"HTTP {status}")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise StoreError(f"The store asks for a pause (HTTP 429). {AGAIN}", retry_after=answer.retry_after)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        raise BatchRefused("The store takes no request of this size (HTTP 413).", permanent=True)
    if status not in _BEFORE_ANY_WORK:
        raise Doubt(f"it answered with HTTP {status}", answer.retry_after)
    if status == HTTPStatus.NOT_FOUND:
        raise AccessRefused(f"No Admin API of Vendure answers at this address (HTTP 404). {RECONNECT}", permanent=True)
    if status < HTTPStatus.BAD_REQUEST:
        raise StoreError(
            f"The store answers from another address ({answer.location[:100] or 'not named'}). "
            "Enter that one under Settings › Stores.",
            permanent=True,
        )
    raise StoreError(f"The store refused the request (HTTP {status}). Report this to Offerwell.", permanent=True)


def _judge_errors(payload: Json) -> None:
    """Vendure stops at the first operation that fails: its alias tells how many were carried out before."""
    code, message, alias = _first_error(payload["errors"])
    if code in _NO_ACCESS:
        if alias:
            raise Halted(alias, message, "")
        raise NoAccess(message)
    if code == "CHANNEL_NOT_FOUND":
        raise AccessRefused(NO_CHANNEL, permanent=True)
    if code in _REFUSALS and payload.get("data") is None:
        raise Halted(alias or 0, message, code)
    if code in _NOT_UNDERSTOOD and "data" not in payload:
        raise StoreError(
            f"The store does not understand the request: {message} Offerwell needs Vendure 2.2 or later.",
            permanent=True,
        )
    if code == "BAD_USER_INPUT" and "data" not in payload:
        raise BatchRefused(f"The store refused the request: {message}", permanent=True)
    raise Doubt(f"it answered with an error: {message}")


def _first_error(errors: object) -> tuple[str, str, int | None]:
    """Its code, its message cut to a length a person reads, and the number of the alias it is about."""
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    extensions = first.get("extensions")
    code = str(extensions.get("code") or "") if isinstance(extensions, dict) else ""
    path = first.get("path")
    found = _ALIAS.fullmatch(str(path[0])) if isinstance(path, list) and path else None
    return code, sentence(str(first.get("message") or "no message")), int(found[1]) if found else None


def sentence(text: str) -> str:
    """Somebody else's words as one sentence of bearable length."""
    cut = " ".join(text.split())[:300]
    return cut if cut.endswith((".", "?", "!")) else f"{cut}."
