"""Signing in to the Creator Portal by e-mail: how long things live, and how often they may be tried.

Design: trust T6, T8 and G16. Six digits are safe because a code dies after five tries, and few can be asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

CODE_LIVES = timedelta(minutes=10)
MOST_TRIES = 5
CODE_DIGITS = 6
# A session ends this long after it was last used, and in any case after the second.
IDLE_FOR = timedelta(days=30)
SESSION_LIVES = timedelta(days=90)
# The cookie's use is noted so often, not at every page.
SEEN_EVERY = timedelta(hours=1)
CHALLENGE_LIVES = timedelta(minutes=5)
# Requests are kept for their limits, then forgotten.
KEPT_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` requests within `within`."""

    most: int
    within: timedelta


# From one network for one address; for one address from anywhere; from one network for any address.
# The first is the tightest, so that a stranger elsewhere cannot easily use up the owner's.
PER_ADDRESS_HERE = Limit(5, timedelta(minutes=15))
PER_ADDRESS = Limit(20, timedelta(hours=1))
PER_NETWORK = Limit(60, timedelta(minutes=15))


def email_key(text: str) -> str:
    """An address as members are found by it."""
    return text.strip().lower()


def looks_like_email(text: str) -> bool:
    """Whether it is worth asking for: one @ with something on both sides, in one word that can be seen."""
    name, _, host = text.partition("@")
    is_plain = all(letter.isprintable() and not letter.isspace() for letter in text)
    return bool(name and host) and "@" not in host and is_plain and len(text) <= 320  # noqa: PLR2004  the column


def typed_code(text: str) -> str:
    """The digits of a code as typed, with or without spaces; empty when it cannot be one."""
    digits = "".join(letter for letter in text if not letter.isspace() and letter != "-")
    is_code = len(digits) == CODE_DIGITS and digits.isascii() and digits.isdigit()
    return digits if is_code else ""


_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"),
             ("CriOS/", "Chrome"), ("FxiOS/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))  # fmt: skip
_SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
            ("Mac OS X", "Mac"), ("CrOS", "ChromeOS"), ("Linux", "Linux"))  # fmt: skip


def browser_words(user_agent: str) -> str:
    """`Chrome on Android`: what a person recognises a browser by."""
    browser = next((word for mark, word in _BROWSERS if mark in user_agent), "A browser")
    system = next((word for mark, word in _SYSTEMS if mark in user_agent), "")
    return f"{browser} on {system}" if system else browser
