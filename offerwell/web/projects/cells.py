"""Codes and links of a member in a project's offers, as board, list and their polls all show them.

Drawn here and not by nested templates, as in `web/sales_tracking/cells.py`: each badge is drawn once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from offerwell.models import OfferPart
from offerwell.rules.offer_status import EffectiveStatus
from offerwell.ui.templatetags.offerwell import status_badge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offerwell.queries.member_statuses import SeenPart
    from offerwell.queries.project_members import StageRow

# More stand as a number with the texts in its title.
_SHOWN = 3
_SHOWN_ON_CARD = 2


@dataclass(frozen=True, slots=True)
class StageCells:
    """A row with its codes and links, each with its status."""

    row: StageRow
    parts: SafeString


def cells_of(rows: Sequence[StageRow]) -> list[StageCells]:
    """The cells of rows of a list, in order."""
    return _cells(rows, _SHOWN)


def cards_of(rows: Sequence[StageRow], *, with_parts: bool) -> list[StageCells]:
    """The same for cards of the board, which have less room; only some stages show codes and links there."""
    return _cells(rows, _SHOWN_ON_CARD) if with_parts else [StageCells(row, SafeString("")) for row in rows]


def _cells(rows: Sequence[StageRow], most: int) -> list[StageCells]:
    drawn: dict[tuple[str, str, str], SafeString] = {}
    return [StageCells(row, _parts(row.parts, drawn, most)) for row in rows]


def _parts(parts: Sequence[SeenPart], drawn: dict[tuple[str, str, str], SafeString], most: int) -> SafeString:
    if not parts:
        return format_html('<span class="muted small">{}</span>', "No code or link yet")
    shown = format_html_join(
        "",
        '<span class="pair"><span class="mono{}">{}</span>{}</span>',
        ((_strike(part), part.text, _badge(part, drawn)) for part in parts[:most]),
    )
    rest = [part.text for part in parts[most:]]
    if not rest:
        return shown
    return format_html('{}<span class="pill" title="{}">+{}</span>', shown, ", ".join(rest), len(rest))


def _strike(part: SeenPart) -> str:
    return " struck" if part.seen.status == EffectiveStatus.DEACTIVATED else ""


def _badge(part: SeenPart, drawn: dict[tuple[str, str, str], SafeString]) -> SafeString:
    key = (str(part.seen.status), str(part.part), part.seen.why)
    if key not in drawn:
        kind = key[1] if part.part == OfferPart.LINKS else ""
        drawn[key] = status_badge(key[0], kind, "", key[2])
    return drawn[key]
