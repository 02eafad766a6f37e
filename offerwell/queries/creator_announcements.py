"""Deactivations that a brand has scheduled for a person's codes and links, where the brand gives notice of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import F

from offerwell.models import (
    Enrollment,
    GroupMember,
    MemberTag,
    OfferPart,
    Placement,
    ScheduledChange,
    ScheduleState,
    StoreCode,
)
from offerwell.rules.selected_person import PersonInOffer, is_selected
from offerwell.rules.selection import selection_from_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Announcement:
    """When it will be deactivated, until when (None: it stays so), and why, in the brand's words."""

    at: datetime
    back_at: datetime | None
    reason: str


Announced = dict[tuple[OfferPart, int], Announcement]
# Of so many open schedules the soonest are looked at; nobody gives notice of more at once.
_MOST = 200


def announcements(
    places: Sequence[Enrollment], codes: Mapping[int, list[Any]], links: Mapping[int, list[Any]], *, at: datetime
) -> Announced:
    """The soonest for each active code (OfferPart.CODES, its id) and link. At most six statements, mostly one."""
    telling = [place for place in places if place.workspace.notice_hours]
    schedules = _schedules(telling, at) if telling else []
    if not schedules:
        return {}
    people = _people(telling, codes, links)
    found: Announced = {}
    for schedule in schedules:
        selection, part = selection_from_json(schedule.selection), OfferPart(schedule.part)
        for place in telling:
            if place.offer_id != schedule.offer_id or not is_selected(selection, people[place.pk]):
                continue
            for one in (codes if part == OfferPart.CODES else links).get(place.pk, ()):
                if one.is_active:
                    found.setdefault((part, one.pk), _announcement(schedule))
    return found


def _announcement(schedule: ScheduledChange) -> Announcement:
    tells: bool = schedule.tells  # type: ignore[attr-defined]
    return Announcement(schedule.run_at, schedule.return_at, schedule.creator_reason if tells else "")


def _schedules(places: Sequence[Enrollment], at: datetime) -> list[ScheduledChange]:
    rows = ScheduledChange.objects.filter(
        offer_id__in={place.offer_id for place in places}, due_at__isnull=False, state=ScheduleState.WAITING,
        to_active=False, run_at__gt=at,
    )  # fmt: skip
    return list(rows.annotate(tells=F("workspace__tells_reasons")).order_by("run_at", "pk")[:_MOST])


def _people(
    places: Sequence[Enrollment], codes: Mapping[int, list[Any]], links: Mapping[int, list[Any]]
) -> dict[int, PersonInOffer]:
    """The person as each of the selections would look at them."""
    ids = [place.member_id for place in places]
    tags = _keys(MemberTag.objects.filter(member_id__in=ids).values_list("member_id", "tag__key"))
    groups = _keys(GroupMember.objects.filter(member_id__in=ids).values_list("member_id", "group__key"))
    offers = _keys(Enrollment.objects.filter(member_id__in=ids).values_list("member_id", "offer_id"))
    placements: dict[int, dict[int, tuple[int, int, int]]] = {}
    for row in Placement.objects.filter(member_id__in=ids):
        placements.setdefault(row.member_id, {})[row.pk] = (row.stage_id, row.project_id, row.entered_move_id)
    stuck = StoreCode.objects.filter(code__enrollment__in=[place.pk for place in places]).exclude(problem="")
    troubled = set(stuck.values_list("code__enrollment_id", flat=True))
    people = {}
    for place in places:
        parts = [*codes.get(place.pk, ()), *links.get(place.pk, ())]
        people[place.pk] = PersonInOffer(
            member_id=place.member_id, enrollment_id=place.pk, member_text=place.member.search_text,
            text=place.search_text, country=place.member.country, tags=tags.get(place.member_id, frozenset()),
            groups=groups.get(place.member_id, frozenset()), placements=placements.get(place.member_id, {}),
            offers=offers.get(place.member_id, frozenset()),
            has_active=any(part.is_active for part in parts),
            has_deactivated=any(not part.is_active for part in parts), has_problem=place.pk in troubled,
        )  # fmt: skip
    return people


def _keys(pairs: Any) -> dict[int, frozenset[Any]]:
    found: dict[int, frozenset[Any]] = {}
    for member_id, key in pairs:
        found[member_id] = found.get(member_id, frozenset()) | {key}
    return found
