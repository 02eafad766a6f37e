"""One page of the workspace's members, with handles, tags, groups and offers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.models import Enrollment, GroupMember, Member, MemberTag, SocialHandle
from offerwell.queries.keyset_page import COUNTED_UP_TO, PAGE_SIZE, ListPage, ListWish, Place, beyond_name, listed_page
from offerwell.queries.members import member_matches

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from offerwell.models import Offer
    from offerwell.queries.few_or_many import Matches


@dataclass(frozen=True, slots=True)
class ListedMember:
    """A member with what the list says of them, each in the order it was given."""

    member: Member
    handles: tuple[str, ...]
    tags: tuple[str, ...]
    groups: tuple[str, ...]
    offers: tuple[Offer, ...]


def member_list(
    wish: ListWish, *, size: int = PAGE_SIZE, matching: QuerySet[Member] | None = None
) -> ListPage[ListedMember]:
    """The page by name, in five statements. `matching` says who is listed where the caller knows."""
    rows = member_matches(wish.filter).rows if matching is None else matching
    return listed_page(_ordered(rows, wish)[: size + 1], wish, size=size, place=_place, rows_of=_rows)


def count_up_to(matches: Matches, limit: int = COUNTED_UP_TO) -> int:
    """How many members match, counted no further than `limit` + 1."""
    rows = matches.rows if matches.counted is None else matches.counted
    return rows.order_by()[: limit + 1].count()


def enrolled_among(offer: Offer, member_ids: Iterable[int]) -> set[int]:
    """Which of these members belong to the offer."""
    rows = Enrollment.objects.filter(offer=offer, member_id__in=list(member_ids))
    return set(rows.values_list("member_id", flat=True))


def _ordered(rows: QuerySet[Member], wish: ListWish) -> QuerySet[Member]:
    down = wish.until is not None
    place = wish.until or wish.after
    if place is not None:
        rows = rows.filter(beyond_name(place, down=down))
    return rows.order_by(*(("-name_key", "-pk") if down else ("name_key", "pk")))


def _place(member: Member, before: int) -> Place:
    return Place(member.name_key, member.pk, before)


def _rows(found: list[Member]) -> tuple[ListedMember, ...]:
    ids = [member.pk for member in found]
    handles = _grouped(SocialHandle.objects.filter(member_id__in=ids).order_by("pk"), "handle")
    tags = _grouped(MemberTag.objects.filter(member_id__in=ids).order_by("tag__key"), "tag__name")
    groups = _grouped(GroupMember.objects.filter(member_id__in=ids).order_by("group__key"), "group__name")
    offers: dict[int, list[Offer]] = defaultdict(list)
    places = Enrollment.objects.filter(member_id__in=ids).select_related("offer")
    for place in places.order_by("offer__name_key"):
        offers[place.member_id].append(place.offer)
    return tuple(
        ListedMember(
            member, tuple(handles[member.pk]), tuple(tags[member.pk]), tuple(groups[member.pk]),
            tuple(offers[member.pk]),
        )
        for member in found
    )  # fmt: skip


def _grouped(rows: QuerySet[SocialHandle | MemberTag | GroupMember], column: str) -> dict[int, list[str]]:
    by_member: dict[int, list[str]] = defaultdict(list)
    for member_id, text in rows.values_list("member_id", column):
        by_member[member_id].append(text)
    return by_member
