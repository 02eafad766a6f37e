"""Names of promo codes: from a member's name or handle to letters A–Z and digits that nobody has yet.

Source: domain §4. A pattern is text with fields (`GLOW{first_name}{discount}`); prefix and suffix are
text around the fields. Nothing here is random or asks a database: both are passed in.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from collections.abc import Set as AbstractSet
    from decimal import Decimal

# Shopify takes 255; shoppers type it on a phone.
LONGEST = 40
# Below this many letters a code says nothing of its member and is guessed at once.
SHORTEST_NAME = 3
LONGEST_FIXED_TEXT = 20
RANDOM_LETTERS = 6

# Letters that Unicode does not take apart. Upper-case only: folding upper-cases first.
_WHOLE_LETTERS = str.maketrans({
    "Æ": "AE", "Œ": "OE", "Ø": "O", "Đ": "D", "Ð": "D", "Þ": "TH", "Ł": "L", "Ħ": "H", "Ŧ": "T", "Ŋ": "N",
    "ẞ": "SS",
})  # fmt: skip
_NOT_KEPT = re.compile(r"[^A-Z0-9]+")
_FIELD = re.compile(r"\{([^{}]*)\}")
# No 0, O, 1, I: a code that means nothing is at least not misread. 32 of them, so bytes map evenly.
_CLEAR_LETTERS = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_BYTE_TO_LETTER = (_CLEAR_LETTERS * 8)[:256]


class InvalidPattern(ValueError):
    """The pattern cannot name codes. The text is for a person."""


class NamePattern(StrEnum):
    """The patterns a person picks by name."""

    FIRST_INITIAL_LAST_NAME = "{first_initial}{last_name}"
    FIRST_NAME_LAST_INITIAL = "{first_name}{last_initial}"
    FULL_NAME = "{first_name}{last_name}"
    SOCIAL_HANDLE = "{handle}"
    FIRST_NAME_DISCOUNT = "{first_name}{discount}"


class NameSource(NamedTuple):
    """What is known of one member. Any part may be empty; a handle has no @."""

    first_name: str
    last_name: str = ""
    handle: str = ""


@lru_cache(maxsize=1 << 16)
def fold(text: str) -> str:
    """`text` as letters A–Z and digits: accents off, other scripts and signs gone. May be empty."""
    if text.isascii():
        upper = text.upper()
        return upper if upper.isalnum() else _NOT_KEPT.sub("", upper)
    whole = unicodedata.normalize("NFKD", text).upper().translate(_WHOLE_LETTERS)
    return _NOT_KEPT.sub("", whole)


def random_letters(random_bytes: bytes) -> str:
    """One unmistakable letter or digit per byte, each equally likely."""
    return random_bytes.translate(_BYTE_TO_LETTER).decode()


_FIELDS: dict[str, Callable[[NameSource], str]] = {
    "first_name": lambda source: fold(source.first_name),
    "last_name": lambda source: fold(source.last_name),
    "first_initial": lambda source: fold(source.first_name)[:1],
    "last_initial": lambda source: fold(source.last_name)[:1],
    "handle": lambda source: fold(source.handle),
}
_NAME_FIELDS = "{first_name}, {last_name}, {first_initial}, {last_initial}, {handle}"


@dataclass(frozen=True, slots=True)
class CodePattern:
    """A parsed pattern: fixed texts with the name fields between them (`texts` is one longer)."""

    texts: tuple[str, ...]
    fields: tuple[str, ...]

    @property
    def needs_handle(self) -> bool:
        """Whether handles decide more than a fallback."""
        return "handle" in self.fields

    def base(self, source: NameSource) -> str:
        """The name before any number: empty fields fall back to another name; "" when there is none."""
        parts = [_FIELDS[field](source) for field in self.fields]
        if sum(map(len, parts)) < SHORTEST_NAME:
            parts = self._fallback(source, parts)
        if not any(parts):
            return ""
        return self.around(parts)

    def around(self, parts: Sequence[str]) -> str:
        """The fixed texts with `parts` between them, the parts cut where the whole would be too long."""
        fixed = sum(map(len, self.texts))
        if fixed + sum(map(len, parts)) > LONGEST:
            room = (LONGEST - fixed) // len(parts)
            parts = [part[:room] for part in parts]
        pieces = [self.texts[0]]
        for part, text in zip(parts, self.texts[1:], strict=True):
            pieces += (part, text)
        return "".join(pieces)

    def _fallback(self, source: NameSource, parts: list[str]) -> list[str]:
        """The longer of full name and handle, when it says more than the pattern's own fields."""
        others = (fold(source.first_name) + fold(source.last_name), fold(source.handle))
        found = next((other for other in others if len(other) >= SHORTEST_NAME), max(others, key=len))
        if len(found) <= sum(map(len, parts)):
            return parts
        return [found, *[""] * (len(parts) - 1)]


def parse_pattern(text: str, *, discount: Decimal | None = None) -> CodePattern:
    """The pattern `text` with the discount filled in. Raises InvalidPattern."""
    pieces = _FIELD.split(text.strip())
    texts, fields = [_fixed(pieces[0])], []
    for field, after in zip(pieces[1::2], pieces[2::2], strict=True):
        if field == "discount":
            texts[-1] += _whole_number(discount) + _fixed(after)
            continue
        if field not in _FIELDS:
            raise InvalidPattern(f"{{{field}}} is not a field. Use {_NAME_FIELDS} or {{discount}}.")
        fields.append(field)
        texts.append(_fixed(after))
    if not fields:
        raise InvalidPattern(f"The pattern gives every member the same code. Add one of {_NAME_FIELDS}.")
    if sum(map(len, texts)) > LONGEST_FIXED_TEXT:
        raise InvalidPattern(f"Use at most {LONGEST_FIXED_TEXT} letters and digits around the fields.")
    return CodePattern(tuple(texts), tuple(fields))


def _fixed(text: str) -> str:
    folded = fold(text)
    if folded != text.upper():
        raise InvalidPattern(f"“{text}” has other signs than letters A–Z and digits. Leave them out.")
    return folded


def _whole_number(discount: Decimal | None) -> str:
    """20 for 20 %; a broken 12.5 reads 12: a code has no decimal point."""
    return "" if discount is None or discount < 1 else str(int(discount))


class CodeNamer:
    """Names codes batch after batch. Remembers how far each common name is numbered.

    With `random_suffix`, each name ends with so many letters that nobody can guess.
    """

    def __init__(self, pattern: CodePattern, random_bytes: Callable[[int], bytes], *, random_suffix: int = 0) -> None:
        self._pattern = pattern
        self._random_bytes = random_bytes
        self._random_suffix = random_suffix
        self._numbers: dict[str, int] = {}

    def names(self, sources: Sequence[NameSource], taken: Callable[[Sequence[str]], AbstractSet[str]]) -> list[str]:
        """One free name per source, in order; the same name again gets a number: NORA20, NORA202.

        `taken` gives those of its argument that exist already, names of earlier batches included.
        """
        bases = [self._suffixed(self._pattern.base(source) or self._random_base()) for source in sources]
        used: set[str] = set()
        names = [self._free(base, used) for base in bases]
        asked, jump = list(range(len(names))), 0
        while clashing := taken([names[index] for index in asked]):
            asked = [index for index in asked if names[index] in clashing]
            for base in {bases[index] for index in asked}:
                # Twice as far each round: thousands of a name already there cost a dozen look-ups.
                self._numbers[base] = self._numbers.get(base, 1) + jump
            for index in asked:
                names[index] = self._free(bases[index], used)
            jump = 2 * jump + 1
        return names

    def _suffixed(self, base: str) -> str:
        if not self._random_suffix:
            return base
        return base[: LONGEST - self._random_suffix] + random_letters(self._random_bytes(self._random_suffix))

    def _random_base(self) -> str:
        return self._pattern.around(
            [random_letters(self._random_bytes(RANDOM_LETTERS)), *[""] * (len(self._pattern.fields) - 1)]
        )

    def _free(self, base: str, used: set[str]) -> str:
        number = self._numbers.get(base, 1)
        name = _numbered(base, number)
        while name in used:
            number += 1
            name = _numbered(base, number)
        if number > 1:
            self._numbers[base] = number
        used.add(name)
        return name


def _numbered(base: str, number: int) -> str:
    if number == 1:
        return base
    digits = str(number)
    return base[: LONGEST - len(digits)] + digits


def typed_code_trouble(text: str) -> str:
    """What is wrong with a code a person typed, as a sentence with the next step; empty when it is fine."""
    if not text:
        return "Type a code."
    if len(text) > LONGEST:
        return f"This code is {len(text)} characters long. Use at most {LONGEST}."
    if fold(text) != text.upper():
        return "Use only letters A–Z and digits."
    return ""


def split_pattern(text: str) -> tuple[str, str, str]:
    """Prefix, pattern and suffix of a stored pattern that has a name; of another: all in the middle."""
    for known in sorted(NamePattern, key=len, reverse=True):
        before, found, after = text.partition(known)
        if found and "{" not in before + after:
            return before, str(known), after
    return "", text, ""
