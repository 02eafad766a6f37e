"""What an answer holds, and what it leaves open."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from offerwell.integrations.store import AGAIN, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offerwell.integrations.graphql.wire import Answer

Json = dict[str, Any]


class Doubt(Exception):
    """The answer does not tell whether the request was carried out. `what` is a clause for a sentence."""

    def __init__(self, what: str, retry_after: float | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.retry_after = retry_after


def parsed(answer: Answer) -> Json | None:
    """The answer's JSON object, or None: a page, half a body, something else."""
    try:
        payload = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


@contextmanager
def understood(question: str) -> Iterator[None]:
    """Around looking into the answer of a read: JSON that is whole and not of the schema's shape is none.

    Raises StoreError. Of a write nobody knows then: that is the connectors' own.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreError(f"The store answered {question} in a form Offerwell does not know. {AGAIN}") from error
