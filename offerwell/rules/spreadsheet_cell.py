"""Text for a cell that a spreadsheet will open: it must never run as a formula (trust T14)."""

from __future__ import annotations

import re

# Full-width forms too: some spreadsheets read ＝ as =.
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# A sum below zero is a number to every spreadsheet, and no formula.
_NUMBER = re.compile(r"-\d+(\.\d+)?")


def spreadsheet_cell(text: str) -> str:
    """`text`, with an apostrophe before it where a spreadsheet would run it."""
    if _NUMBER.fullmatch(text):
        return text
    return f"'{text}" if text.lstrip(" ").startswith(_STARTS_FORMULA) or text.startswith(_STARTS_FORMULA) else text
