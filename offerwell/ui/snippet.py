"""The snippet that shops put into their pages: the file itself, and the line that loads it."""

from __future__ import annotations

import base64
import hashlib
import html
from pathlib import Path

from django.urls import reverse

SNIPPET = (Path(__file__).parent / "offerwell.1.js").read_bytes()
# A page that holds the file to this runs nothing else under its address, whoever may answer there one day.
INTEGRITY = f"sha384-{base64.b64encode(hashlib.sha384(SNIPPET).digest()).decode()}"


def snippet_line(base: str, key: str, days: int) -> str:
    """The line for every page, as text. `base` is Offerwell's own public address, `days` how long a click counts."""
    address = html.escape(base.rstrip("/") + reverse("snippet"))
    return (
        f'<script src="{address}" data-shop="{html.escape(key)}" data-days="{days}" integrity="{INTEGRITY}" '
        'crossorigin="anonymous"></script>'
    )
