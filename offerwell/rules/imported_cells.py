"""What a cell of an imported file means: names, e-mails, handles, labels, codes. Nothing is guessed silently."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

LONGEST_NAME = 300
LONGEST_EMAIL = 320
LONGEST_HANDLE = 120
LONGEST_LABEL = 80
LONGEST_CODE = 255
MOST_LABELS = 100

_EMAIL = re.compile(r"[^@\s,;<>()\[\]\"\\]+@[^@\s,;<>()\[\]\"\\.]+(\.[^@\s,;<>()\[\]\"\\.]+)+")
_ADDRESS = re.compile(r"^(?:https?://)?(?:www\.|m\.)?([a-z0-9-]+(?:\.[a-z]{2,})+)/+(.*)$", re.IGNORECASE)
_NETWORK_OF_HOST = {
    "instagram.com": "instagram", "tiktok.com": "tiktok", "youtube.com": "youtube", "facebook.com": "facebook",
    "fb.com": "facebook", "twitter.com": "x", "x.com": "x", "twitch.tv": "twitch", "pinterest.com": "pinterest",
    "snapchat.com": "snapchat", "linkedin.com": "linkedin",
}  # fmt: skip
_BEFORE_HANDLE = {"in", "add", "channel", "c", "user", "profile", "company"}
_PARTICLES = {"van", "von", "de", "der", "den", "del", "della", "di", "da", "dos", "das", "du", "la", "le", "el", "al",
              "bin", "ibn", "ter", "ten", "zu", "y"}  # fmt: skip
_SUFFIXES = {"jr", "jr.", "sr", "sr.", "ii", "iii", "iv"}
OTHER_NETWORK = "other"


class BadCell(ValueError):
    """A cell cannot be used. The text is the reason a person reads beside the line."""


@dataclass(frozen=True, slots=True)
class Handle:
    """A name on a network, without @. `key` is how handles are compared."""

    network: str
    text: str

    @property
    def key(self) -> str:
        """Lower-cased: networks do not tell case apart."""
        return self.text.lower()


def email_in(cell: str) -> str:
    """The e-mail, or empty. Raises BadCell when it is none, or holds several."""
    text = cell.strip()
    if text.lower().startswith("mailto:"):
        text = text[7:]
    inside = re.fullmatch(r"[^<>]*<([^<>]+)>", text)
    text = inside.group(1).strip() if inside else text
    if not text:
        return ""
    if len(text) > LONGEST_EMAIL or not _EMAIL.fullmatch(text):
        raise BadCell(f"“{_short(text)}” is not an e-mail address.")
    return text


def handle_in(cell: str, network: str) -> Handle | None:
    """The handle in a cell that holds "@nora", "nora" or a profile's address. Raises BadCell.

    For a column without a network (`OTHER_NETWORK`) the address tells it.
    """
    text = cell.strip()
    address = _ADDRESS.match(text) if "/" in text else None
    if address:
        network = _network_at(address.group(1).lower(), network)
        text = _handle_at(address.group(2))
    text = text.lstrip("@＠").strip().rstrip("/")
    if not text:
        return None
    if len(text) > LONGEST_HANDLE or re.search(r"[\s/,;<>\"]", text):
        raise BadCell(f"“{_short(cell.strip())}” is not a handle or a profile address.")
    return Handle(network, text)


def split_name(full: str) -> tuple[str, str]:
    """First and last name of a full name: "Nora van den Berg", "Dubois, Nora", "Sam Reed Jr."."""
    text = " ".join(full.split())
    if text.count(",") == 1:
        last, first = (part.strip() for part in text.split(","))
        return (f"{last}", "") if not first else (first, last)
    words = text.split(" ")
    at = len(words) - 1
    if at > 1 and words[at].lower() in _SUFFIXES:
        at -= 1
    while at > 1 and words[at - 1].lower() in _PARTICLES:
        at -= 1
    return (text, "") if len(words) == 1 else (" ".join(words[:at]), " ".join(words[at:]))


def name_in(cell: str) -> str:
    """A name with single spaces. Raises BadCell when it is too long."""
    text = " ".join(cell.split())
    if len(text) > LONGEST_NAME:
        raise BadCell(f"The name “{_short(text)}” is longer than {LONGEST_NAME} characters.")
    return text


def labels_in(cell: str) -> tuple[str, ...]:
    """Tags or groups separated by comma, semicolon, bar or line; each once. Raises BadCell."""
    labels: dict[str, str] = {}
    for part in re.split(r"[,;|\r\n]", cell):
        text = " ".join(part.split())
        if len(text) > LONGEST_LABEL:
            raise BadCell(f"“{_short(text)}” is longer than {LONGEST_LABEL} characters, too long for a tag or group.")
        if text:
            labels.setdefault(text.lower(), text)
    if len(labels) > MOST_LABELS:
        raise BadCell(f"{len(labels)} tags or groups in one cell. {MOST_LABELS} is the most.")
    return tuple(labels.values())


# Years that no zone or store pushes over the edge of what a time can hold.
FIRST_YEAR, LAST_YEAR = 2000, 2100
_LAST_SECOND = time(23, 59, 59)


def moment_in(cell: str, zone: tzinfo, *, is_end: bool) -> datetime | None:
    """A date, or a date with a time, as ISO writes them; None for an empty cell. Raises BadCell.

    Without a zone of its own it is in `zone`. A date alone means the whole day: an end is its last second.
    """
    text = cell.strip()
    if not text:
        return None
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            found = datetime.combine(date.fromisoformat(text), _LAST_SECOND if is_end else time())
        else:
            found = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadCell(f"“{_short(text)}” is not a date. Write it as 2026-12-24 or 2026-12-24 09:00.") from error
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise BadCell(f"The year of {_short(text)} is out of range. Use one from {FIRST_YEAR} to {LAST_YEAR}.")
    return found if found.tzinfo else found.replace(tzinfo=zone)


def code_in(cell: str) -> str:
    """The text of a promo code. Raises BadCell when a shopper could not type it, or a store not hold it."""
    text = cell.strip()
    if not text:
        raise BadCell("The code is blank.")
    if len(text) > LONGEST_CODE:
        raise BadCell(f"The code is {len(text)} characters long. {LONGEST_CODE} is the most.")
    for letter in text:
        if letter.isspace():
            raise BadCell(f"The code “{_short(text)}” has a space in it. A code is one word.")
        if unicodedata.category(letter)[0] == "C" or letter in "<>\"'`\\":
            raise BadCell(f"The code “{_short(text)}” has a character in it that a code can't hold.")
    return text


def _network_at(host: str, network: str) -> str:
    found = _NETWORK_OF_HOST.get(host, network)
    if network not in {OTHER_NETWORK, found}:
        raise BadCell(f"The address is on {host}, the column is for {network.capitalize()}.")
    return found


def _handle_at(path: str) -> str:
    parts = [part for part in re.split(r"[?#]", path)[0].split("/") if part]
    if len(parts) > 1 and parts[0].lower() in _BEFORE_HANDLE:
        parts = parts[1:]
    return parts[0] if parts else ""


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004  what a line of a report holds
