"""Merge fields of a message: a closed list of placeholders, found by regular expression and filled once.

Never a template language: nothing in a text is looked up, called or repeated (trust T13). `{first_name}` is a
field, `{first_name|there}` has a fallback for members without one. What a value holds is text: it is not read again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FIELDS: dict[str, str] = {
    "first_name": "First name",
    "last_name": "Last name",
    "full_name": "First and last name",
    "code": "Their promo code",
    "codes": "All their promo codes",
    "link": "Their sales link",
    "links": "All their sales links",
    "status": "Active or deactivated",
    "offer": "Name of the offer",
    "brand": "Name of your brand",
    "portal_link": "Address of their Creator Portal",
}
# Anything in single braces that begins like a name is meant as a field: a slip is told, never sent.
_CANDIDATE = re.compile(r"\{[ \t]*([A-Za-z][^{}|\n]{0,60}?)[ \t]*(?:\|([^{}\n]{0,200}))?\}")
_TEMPLATE = re.compile(r"\{\{|\}\}|\{%|%\}")
LONGEST_SUBJECT = 250


@dataclass(frozen=True, slots=True)
class Field:
    """A placeholder as it stands in a text. `fallback` is None where there is none."""

    name: str
    fallback: str | None = None


def fields_in(text: str) -> tuple[Field, ...]:
    """The known fields of a text, each once, in order."""
    found = (Field(match[1], match[2]) for match in _CANDIDATE.finditer(text) if match[1] in FIELDS)
    return tuple(dict.fromkeys(found))


def field_problem(text: str) -> str:
    """What is wrong with the placeholders of a text, with what to do; empty when nothing is."""
    if _TEMPLATE.search(text):
        return "Double braces and {% %} mean nothing here. Write a field in single braces, for example {first_name}."
    unknown = list(dict.fromkeys(match[1] for match in _CANDIDATE.finditer(text) if match[1] not in FIELDS))
    if not unknown:
        return ""
    named = ", ".join(f"{{{name}}}" for name in unknown[:3])
    verb = "is no field" if len(unknown) == 1 else "are no fields"
    return f"{named} {verb}. The fields are {', '.join(f'{{{name}}}' for name in FIELDS)}."


def merged(
    text: str,
    values: Mapping[str, str],
    shown: Callable[[str, str], str] | None = None,
    between: Callable[[str], str] | None = None,
) -> str:
    """The text with its fields filled, once; an empty value is the fallback.

    `shown(name, value)` writes a value, `between(text)` what the author wrote around the fields.
    """
    out, at = [], 0
    for match in _CANDIDATE.finditer(text):
        if match[1] not in FIELDS:
            continue
        value = values.get(match[1], "")
        filled = _written(match[2] or "", between) if not value else value if shown is None else shown(match[1], value)
        out += [_written(text[at : match.start()], between), filled]
        at = match.end()
    return "".join([*out, _written(text[at:], between)])


def _written(text: str, between: Callable[[str], str] | None) -> str:
    return text if between is None else between(text)


def merged_subject(subject: str, values: Mapping[str, str]) -> str:
    """The subject as a header: one line, without control characters, of at most 250 characters."""
    text = " ".join(merged(subject, values).split())
    text = "".join(letter for letter in text if letter >= " " and not "\x7f" <= letter <= "\x9f")
    return text if len(text) <= LONGEST_SUBJECT else f"{text[: LONGEST_SUBJECT - 1]}…"
