"""What a bulk operation did with each line of its file: a JSON line for each, by the line's number."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from offerwell.integrations.shopify.user_errors import UserError, refusal_in, user_errors
from offerwell.integrations.store import BatchRefused, Created, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offerwell.integrations.graphql.answers import Json


def created_lines(lines: Iterable[bytes], count: int) -> list[Created | None]:
    """The outcome of each of `count` lines; None where the report does not tell it.

    Lines may come in any order. One that is cut off, of another shape, or an error without a refusal leaves
    its code untold: it is looked up.
    """
    told: list[Created | None] = [None] * count
    for line in lines:
        found = _outcome_in(line)
        if found is not None and 0 <= found[0] < count:
            told[found[0]] = found[1]
    return told


def created(outcome: Json | BatchRefused) -> Created:
    """One creation's payload; KeyError or TypeError when it is none."""
    if isinstance(outcome, BatchRefused):
        return Created(refusal=outcome.reason)
    if errors := user_errors(outcome):
        return Created(refusal=refusal_in(errors), taken=any(is_taken(error) for error in errors))
    return Created(ref=str(outcome["codeDiscountNode"]["id"]))


def report_in(operation: Json | None) -> str:
    """Where the report is; empty for an operation that ended without one: it did nothing, as far as it tells."""
    if operation is None:
        raise StoreError("The store does not know its own job any more. Offerwell looks the codes up.")
    return str(operation["url"] or operation["partialDataUrl"] or "")


def _outcome_in(line: bytes) -> tuple[int, Created] | None:
    try:
        told = json.loads(line)
        [payload] = told["data"].values()
        return int(told["__lineNumber"]), created(payload)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def is_taken(error: UserError) -> bool:
    """Whether the store refuses a code because another discount has it."""
    return error.code == "TAKEN" and error.field[-1:] == ("code",)
