"""Names of saved views."""

from __future__ import annotations

LONGEST_NAME = 80


class ViewRefused(ValueError):
    """The view cannot be saved so. The text is for a person; nothing was done."""


def view_name(text: str) -> str:
    """The name with single spaces. Raises ViewRefused."""
    name = " ".join(text.replace("\0", "").split())
    if not name:
        raise ViewRefused("Give the view a name.")
    if len(name) > LONGEST_NAME:
        raise ViewRefused(f"The name has {len(name)} characters. {LONGEST_NAME} is the most.")
    if name.lower() == "all":
        raise ViewRefused("All is the view of all members. Choose another name.")
    return name
