"""A filter of the members list in words: what a saved view shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offerwell.queries.marks import MemberMarks
    from offerwell.rules.selection import MemberFilter


def filter_words(wanted: MemberFilter, marks: MemberMarks) -> str:
    """Say "“nora” · tag VIP · group Paris · from FR · in Summer Glow"; empty when nothing is filtered."""
    said = []
    if wanted.text:
        said.append(f"“{wanted.text}”")
    if wanted.tag:
        said.append(f"tag {dict(marks.tags).get(wanted.tag.lower(), wanted.tag)}")
    if wanted.group:
        said.append(f"group {dict(marks.groups).get(wanted.group.lower(), wanted.group)}")
    if wanted.country:
        said.append(f"from {wanted.country}")
    if wanted.offer:
        said.append(f"in {dict(marks.offers).get(str(wanted.offer), 'an offer')}")
    return " · ".join(said)
