"""The refusals inside a mutation's answer, verbatim: which field, which code, which words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offerwell.integrations.graphql.answers import Json


@dataclass(frozen=True, slots=True)
class UserError:
    """One refusal as the store words it. `code` is empty where it gives none."""

    message: str
    code: str = ""
    field: tuple[str, ...] = ()

    def __str__(self) -> str:
        """`Code must be unique. Please try a different code. (TAKEN, basicCodeDiscount.code)`."""
        where = ", ".join(part for part in (self.code, ".".join(self.field)) if part)
        return f"{self.message} ({where})" if where else self.message


def user_errors(payload: Json) -> tuple[UserError, ...]:
    """All refusals of one mutation's payload; KeyError when it is not one."""
    entries = payload["userErrors"]
    return tuple(
        UserError(str(entry["message"]), str(entry.get("code") or ""), tuple(map(str, entry.get("field") or ())))
        for entry in entries
    )


def refusal_in(errors: Sequence[UserError]) -> str:
    """One line for a person; empty without refusals."""
    return " ".join(str(error) for error in errors)
