"""The question before a plan is applied. Where nobody can answer, the command refuses."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from offerwell.management.answer import note
from offerwell.management.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def ask_or_refuse(sentence: str, lines: Sequence[str], facts: Mapping[str, Any]) -> None:
    """Show the plan and ask. Refuses with `sentence` where no terminal is, and stops at a no."""
    if not sys.stdin.isatty():
        next_step = "Look at the plan and run the command again with --yes."
        raise Refused(sentence, next_step, lines=tuple(lines), facts=dict(facts))
    for line in lines:
        note(line)
    click.confirm("Apply this?", abort=True, err=True)
