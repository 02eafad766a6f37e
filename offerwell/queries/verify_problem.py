"""One thing that does not agree."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """`check` is the kind, `where` the row a person can look up, `wrong` what does not agree."""

    workspace: str
    check: str
    where: str
    wrong: str
