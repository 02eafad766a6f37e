"""How a command ends: exit codes, and refusals with the next step. Nothing was done when one is raised."""

from __future__ import annotations

from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """docs/operate/command-line.md promises these to scripts."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    FAILURES = 3
    OUT_OF_DATE = 4
    STILL_WAITING = 5
    BROKEN = 6


class Refused(Exception):
    """Bad input, or a rule says no. `sentence` says what, `next_step` what to do; `facts` go into the JSON."""

    def __init__(
        self,
        sentence: str,
        next_step: str,
        *,
        code: ExitCode = ExitCode.REFUSED,
        lines: tuple[str, ...] = (),
        facts: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.next_step = next_step
        self.code = code
        self.lines = lines
        self.facts = facts or {}

    def to_json(self) -> dict[str, Any]:
        """One JSON document, so that a script reads refusals like answers."""
        return {"error": self.sentence, "next": self.next_step, **self.facts}
