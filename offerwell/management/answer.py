"""What a command says: answers on standard output (text or one JSON document), the rest on standard error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from offerwell.management.refusal import Refused

json_option = click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document.")


def answer(text: str) -> None:
    """One line of the answer."""
    click.echo(text)


def answer_json(body: Any) -> None:
    """The answer as one JSON document."""
    click.echo(json.dumps(body, ensure_ascii=False, indent=2))


def note(text: str) -> None:
    """Progress or a remark, apart from the answer."""
    click.echo(text, err=True)


def tell_refusal(refusal: Refused, *, as_json: bool) -> None:
    """The sentence and the next step on standard error, the same as JSON on standard output when asked."""
    note(refusal.sentence)
    for line in refusal.lines:
        note(f"  {line}")
    if refusal.next_step:
        note(f"Next: {refusal.next_step}")
    if as_json:
        answer_json(refusal.to_json())


def answer_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns as wide as their widest cell; numbers to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[n]) for row in [list(head), *cells]) for n in range(len(head))]
    for row in [list(head), *cells]:
        answer("  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _padded(cell: str, width: int) -> str:
    return cell.rjust(width) if cell.replace(",", "").isdigit() else cell.ljust(width)


def some_of(lines: Sequence[str], shown: int = 20) -> tuple[str, ...]:
    """The first lines, and how many more there are."""
    rest = len(lines) - shown
    return (*lines[:shown], f"… and {rest:,} more") if rest > 0 else tuple(lines)


def answer_import(told: str, facts: dict[str, Any], rejected: Sequence[tuple[int, str]], *, as_json: bool) -> None:
    """What a file brought, and its rejected rows, (line, reason): as JSON, or the first of them in words."""
    if as_json:
        answer_json({**facts, "rejected_rows": [{"line": line, "reason": reason} for line, reason in rejected]})
        return
    answer(told)
    for line in some_of([f"Line {number}: {reason}" for number, reason in rejected]):
        note(line)
