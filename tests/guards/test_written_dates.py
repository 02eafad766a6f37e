"""Dates for people had five forms, each of them fine where it stood. Now one file decides: rules/written_dates.py."""

from __future__ import annotations

import re
from pathlib import Path

import offerwell

PACKAGE = Path(offerwell.__file__).parent
DECIDES = {PACKAGE / "rules" / "written_dates.py"}
# `%b` and `%B` are names of months. Fields of type="date" want ISO 8601.
OTHER_WAYS = re.compile(r"date_format\(|%-?[bB]\b|\|date\b(?!:'Y-m-d')")


def test_nothing_else_writes_a_date_in_words():
    files = [path for ending in ("py", "html", "txt") for path in PACKAGE.rglob(f"*.{ending}")]
    found = {path for path in files if OTHER_WAYS.search(path.read_text())}
    assert found == DECIDES
