"""Places in a list as short text for an address, and pagers in words. A place that cannot be read is the start."""

from __future__ import annotations

import base64
import binascii
import json

from offerwell.queries.keyset_page import COUNTED_UP_TO, ListPage, Place

_LONGEST = 4_000


def place_text(place: Place | None) -> str:
    """The place for an address; empty for none."""
    if place is None:
        return ""
    rank = [] if place.rank is None else [place.rank]
    packed = json.dumps([place.name_key, place.pk, place.before, *rank], ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def place_from(text: str) -> Place | None:
    """The place in an address. None when there is none or somebody mangled it: the list then starts anew."""
    if not text or len(text) > _LONGEST:
        return None
    try:
        name_key, pk, before, *ranks = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, TypeError):
        return None
    numbers = (pk, before, *ranks)
    if not isinstance(name_key, str) or len(ranks) > 1 or not all(isinstance(one, int) for one in numbers):
        return None
    fits = before >= 0 and all(abs(one) < 2**63 for one in numbers)
    return Place(name_key, pk, before, *ranks) if fits else None


def number_from(text: str | None) -> int | None:
    """A positive whole number of an address, else None."""
    if not text or not text.isascii() or not text.isdigit() or len(text) > 18:  # noqa: PLR2004  below 2**63
        return None
    return int(text)


def pager_text(page: ListPage[object], total: int | None, *, is_capped: bool) -> str:
    """Say "1–50 of 248", "1–50 of more than 1,000", or without a known total "1–50"."""
    if not page.rows:
        return ""
    shown = f"{page.first:,}–{page.last:,}"
    if total is None:
        return shown
    if is_capped and total > COUNTED_UP_TO:
        return f"{shown} of more than {max(COUNTED_UP_TO, page.last):,}"
    return f"{shown} of {max(total, page.last):,}"
