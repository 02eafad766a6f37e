"""Marks: what a brand puts on its members to find them again. A group or a tag; both have a name."""

from __future__ import annotations

from enum import StrEnum

from offerwell.rules.imported_cells import LONGEST_LABEL

# An imported or exported cell holds several, separated by these.
_SEPARATORS = ",;|"


class MarkKind(StrEnum):
    """The two kinds. The values appear in addresses and events."""

    GROUP = "group"
    TAG = "tag"

    @property
    def plural(self) -> str:
        """Say "groups", "tags"."""
        return f"{self}s"


class MarkRefused(ValueError):
    """The name cannot be used, or the mark not be changed. The text is for a person; nothing was done."""


def mark_name(text: str, kind: MarkKind) -> str:
    """The name with single spaces. Raises MarkRefused."""
    name = " ".join(text.replace("\0", "").split())
    if not name:
        raise MarkRefused(f"Give the {kind} a name.")
    if len(name) > LONGEST_LABEL:
        raise MarkRefused(f"The name has {len(name)} characters. {LONGEST_LABEL} is the most.")
    if any(letter in name for letter in _SEPARATORS):
        raise MarkRefused(
            f"A {kind}’s name can’t hold a comma, semicolon or bar: files separate {kind.plural} by them."
        )
    return name
