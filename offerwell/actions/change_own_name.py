"""A creator corrects the own name, for every brand. Nothing else of a member is theirs to change.

Handles and the e-mail are what imports and sign-in know a member by: whoever could set them could become somebody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django_scopes import scope

from offerwell.actions.record_event import record_event
from offerwell.models import Enrollment, Member, Placement, PromoCode, lock_workspace
from offerwell.rules.permissions import Actor
from offerwell.rules.search_text import enrollment_search_text, member_search_text, name_key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

LONGEST_NAME = 100


class InvalidName(ValueError):
    """The name cannot be. Nothing was changed. The text is for a person."""


def change_own_name(*, members: Sequence[Member], first_name: str, last_name: str, at: datetime) -> bool:
    """Give all the person's members this name. Gives whether that changed anything. Raises InvalidName.

    One transaction for each brand: each has its own record, and none waits for another's.
    """
    first, last = _checked(first_name), _checked(last_name)
    if not f"{first}{last}":
        raise InvalidName("Enter your name.")
    changed = [_change(member, first, last, at) for member in members]
    return any(changed)


def _checked(text: str) -> str:
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    if len(line) > LONGEST_NAME:
        raise InvalidName(f"Use at most {LONGEST_NAME} characters for each part of your name.")
    return line


def _change(member: Member, first: str, last: str, at: datetime) -> bool:
    with scope(workspace=member.workspace), transaction.atomic():
        lock_workspace(member.workspace_id)
        now = Member.objects.filter(pk=member.pk).exclude(first_name=first, last_name=last).first()
        if now is None:
            return False
        _write(now, first, last)
        record_event(
            workspace_id=member.workspace_id, kind="member_named_by_creator", subject=f"member:{member.pk}",
            facts={"first_name": [now.first_name, first], "last_name": [now.last_name, last]},
            by=Actor(name=f"{now.first_name} {now.last_name}".strip() or now.email, door="portal"), at=at,
        )  # fmt: skip
    return True


def _write(member: Member, first: str, last: str) -> None:
    """The name and its copies, by which members are listed and found."""
    key = name_key(first, last)
    text = member_search_text(first, last, member.email, member.handles.order_by("pk").values_list("handle", flat=True))
    Member.objects.filter(pk=member.pk).update(first_name=first, last_name=last, name_key=key, search_text=text)
    Placement.objects.filter(member=member).update(name_key=key)
    codes: dict[int, list[str]] = {}
    for place_id, code in PromoCode.objects.filter(enrollment__member=member).values_list("enrollment_id", "text"):
        codes.setdefault(place_id, []).append(code)
    places = list(Enrollment.objects.filter(member=member).only("pk"))
    for place in places:
        place.name_key, place.search_text = key, enrollment_search_text(text, codes.get(place.pk, ()))
    Enrollment.objects.bulk_update(places, ["name_key", "search_text"])
