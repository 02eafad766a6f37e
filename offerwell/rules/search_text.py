"""What a search looks through: one lower-cased line per member, and per enrollment."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def name_key(first_name: str, last_name: str) -> str:
    """The lower-cased full name, by which lists are ordered."""
    return f"{first_name} {last_name}".strip().lower()


def member_search_text(first_name: str, last_name: str, email: str, handles: Iterable[str]) -> str:
    """Names, e-mail and handles."""
    parts = (name_key(first_name, last_name), email, *handles)
    return " ".join(part for part in parts if part).lower()


def enrollment_search_text(member_text: str, codes: Iterable[str]) -> str:
    """The member's text and the codes it has in the offer."""
    return " ".join((member_text, *codes)).strip().lower()
