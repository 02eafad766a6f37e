"""Text for a cell that a spreadsheet will open: it must never run as a formula (trust T14)."""

from __future__ import annotations

# Full-width forms too: some spreadsheets read ＝ as =.
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def spreadsheet_cell(text: str) -> str:
    """`text`, with an apostrophe before it where a spreadsheet would run it."""
    return f"'{text}" if text.lstrip(" ").startswith(_STARTS_FORMULA) or text.startswith(_STARTS_FORMULA) else text
