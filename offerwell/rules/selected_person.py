"""Whether one member is meant by a selection, from what is known of that member alone.

The same rule as the SQL of `queries/offer_members.py` and `queries/members.py`; a test holds the two together. It
is for screens about one person, where the SQL, made for a million, would cost statements for each selection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.rules.selection import Crowd, MemberFilter, MemberSelection, View, Within

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class PersonInOffer:
    """A member's place in an offer, and what else selections look at. Keys are lower-cased.

    `placements`: (stage, project, move that brought the member there) by placement id. `offers`: ids of all that
    the member is in.
    """

    member_id: int
    enrollment_id: int
    member_text: str
    text: str
    country: str
    tags: frozenset[str]
    groups: frozenset[str]
    placements: Mapping[int, tuple[int, int, int]]
    offers: frozenset[int]
    has_active: bool
    has_deactivated: bool
    has_problem: bool


def is_selected(selection: MemberSelection, person: PersonInOffer) -> bool:
    """Whether the selection means the person. Crowds of a bulk change or a move are not known here: False.

    A word of one or two letters counts anywhere in the text; to the SQL, on large offers, only at the name's beginning.
    """
    if selection.up_to is not None and person.enrollment_id > selection.up_to:
        return False
    if selection.ids is not None:
        return person.member_id in selection.ids
    if person.member_id in selection.exclude:
        return False
    wanted = selection.filter or MemberFilter()
    if selection.within is not None:
        return _in_crowd(selection.within, person) and _matches(wanted, person, person.member_text)
    return _in_view(wanted.view, person) and _matches(wanted, person, person.text)


def _in_crowd(within: Within, person: PersonInOffer) -> bool:
    if within.crowd == Crowd.WORKSPACE:
        return person.member_id <= within.up_to
    for pk, (stage_id, project_id, move_id) in person.placements.items():
        if within.crowd == Crowd.STAGE and stage_id == within.of and move_id <= within.up_to:
            return True
        if within.crowd == Crowd.PROJECT and project_id == within.of and pk <= within.up_to:
            return True
    return False


def _in_view(view: View, person: PersonInOffer) -> bool:
    return {
        View.ANY_ACTIVE: person.has_active,
        View.ANY_DEACTIVATED: person.has_deactivated,
        View.NEEDS_ATTENTION: person.has_problem,
    }.get(view, True)


def _matches(wanted: MemberFilter, person: PersonInOffer, text: str) -> bool:
    return (
        all(word in text for word in wanted.text.lower().split())
        and wanted.country in {"", person.country}
        and (not wanted.tag or wanted.tag.lower() in person.tags)
        and (not wanted.group or wanted.group.lower() in person.groups)
        and (not wanted.offer or wanted.offer in person.offers)
    )
