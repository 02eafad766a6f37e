"""One page of an offer's members, found by key at any depth: never by counting rows that come before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db.models import OuterRef, Subquery

from offerwell.models import Enrollment, OfferPart, SocialHandle
from offerwell.models.id_list import id_rows
from offerwell.queries.keyset_page import COUNTED_UP_TO, EVERYBODY, PAGE_SIZE, ListPage, Place, beyond_name, listed_page
from offerwell.queries.member_statuses import SeenPart, parts_of
from offerwell.queries.offer_members import enrollments_matching, page_matches
from offerwell.queries.sales_report import Figure
from offerwell.rules.selection import MemberFilter, View

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.models import Member, Offer
    from offerwell.queries.offer_member_ranks import Rank, Ranks


class Sort(StrEnum):
    """Orders of the members table."""

    NAME = "member"
    NAME_DOWN = "-member"
    NEWEST = "-enrolled"
    SALES = "-sales"
    ORDERS = "-orders"
    CLICKS = "-clicks"

    @property
    def figure(self) -> Figure | None:
        """What is highest first; None in an order that needs no figures."""
        name = self.removeprefix("-")
        return Figure(name) if name in set(Figure) else None


@dataclass(frozen=True, slots=True)
class PageWish:
    """Which page: of which filter, in which order, after or before which row."""

    filter: MemberFilter = EVERYBODY
    sort: Sort = Sort.NAME
    after: Place | None = None
    until: Place | None = None


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One member in the offer."""

    enrollment_id: int
    member: Member
    handle: str
    codes: tuple[SeenPart, ...]
    links: tuple[SeenPart, ...]
    enrolled_at: datetime
    payout_option_id: int | None

    @property
    def parts(self) -> tuple[SeenPart, ...]:
        """Codes, then links."""
        return self.codes + self.links

    @property
    def is_moving(self) -> bool:
        """Whether a store has still to answer for one of the parts."""
        return any(part.is_moving for part in self.parts)

    @property
    def changed_at(self) -> datetime:
        """When a code or link of the member changed last; without any, when the member joined."""
        return max((part.changed_at for part in self.parts), default=self.enrolled_at)


def member_page(
    offer: Offer,
    wish: PageWish,
    *,
    at: datetime,
    size: int = PAGE_SIZE,
    matching: QuerySet[Enrollment] | None = None,
    ranks: Ranks | None = None,
) -> ListPage[MemberRow]:
    """The page, in a constant number of statements. `matching` says who is listed where the caller knows.

    Sorted by a figure, those with a rank (`member_ranks`) come first, then the others by name.
    """
    rows = page_matches(offer, wish.filter).rows if matching is None else matching
    if ranks is None:
        found = list(_with_people(_ordered(rows, wish))[: size + 1])
    else:
        found = _ranked_found(rows, wish, ranks, size + 1)
    return listed_page(found, wish, size=size, place=_place, rows_of=lambda shown: _rows(offer, shown, at=at))


def member_rows(offer: Offer, enrollment_ids: list[int], *, at: datetime) -> tuple[MemberRow, ...]:
    """The rows of these enrollments of the offer, in the order given: a part of a page looked at again."""
    found = _with_people(Enrollment.objects.filter(offer=offer)).in_bulk(enrollment_ids)
    return _rows(offer, [found[pk] for pk in dict.fromkeys(enrollment_ids) if pk in found], at=at)


def every_member_row(
    offer: Offer, wanted: MemberFilter, *, at: datetime, size: int = 1_000
) -> Iterator[ListPage[MemberRow]]:
    """All pages of the filtered list, one after the other, for an export: of every match, however many."""
    wish, matching = PageWish(filter=wanted), enrollments_matching(offer, wanted)
    while True:
        page = member_page(offer, wish, at=at, size=size, matching=matching)
        yield page
        if page.next is None:
            return
        wish = PageWish(filter=wanted, after=page.next)


def count_up_to(matching: QuerySet[Enrollment], limit: int = COUNTED_UP_TO) -> int:
    """How many members match (`page_matches`), counted no further than `limit` + 1."""
    return matching.order_by()[: limit + 1].count()


def is_filtered(wanted: MemberFilter) -> bool:
    """Whether more than a saved view narrows the list."""
    return MemberFilter(view=wanted.view) != wanted


def newest_enrollment(offer: Offer) -> int:
    """The snapshot bound of "all members": who joins later is not meant. 0 without members."""
    return Enrollment.objects.filter(offer=offer).order_by("-pk").values_list("pk", flat=True).first() or 0


def _ordered(rows: QuerySet[Enrollment], wish: PageWish) -> QuerySet[Enrollment]:
    """The rows in reading order, or away from `until`, so that the wanted ones come first."""
    down = (wish.sort != Sort.NAME) != (wish.until is not None)
    place = wish.until or wish.after
    if wish.sort == Sort.NEWEST:
        bounded = rows if place is None else rows.filter(**{"pk__lt" if down else "pk__gt": place.pk})
        return bounded.order_by("-pk" if down else "pk")
    bounded = rows if place is None else rows.filter(beyond_name(place, down=down))
    return bounded.order_by(*(("-name_key", "-pk") if down else ("name_key", "pk")))


def _ranked_found(rows: QuerySet[Enrollment], wish: PageWish, ranks: Ranks, limit: int) -> list[Any]:
    """Up to `limit` rows after the place, or away from `until`: of those who come first, then of the others."""
    place = wish.until or wish.after
    rank = None if place is None or place.rank is None else (place.pk, place.rank)
    if wish.until is not None:
        others = [] if rank else _others(rows, wish, ranks, limit)
        return others + _in_order(rows, ranks.until(rank, limit - len(others)) if len(others) < limit else [])
    first = _in_order(rows, ranks.after(rank, limit) if rank or place is None else [])
    start = replace(wish, after=None) if rank else wish
    return first + (_others(rows, start, ranks, limit - len(first)) if len(first) < limit else [])


def _others(rows: QuerySet[Enrollment], wish: PageWish, ranks: Ranks, limit: int) -> list[Any]:
    """Those who do not come first, by name."""
    return list(_with_people(_ordered(ranks.has_none(rows), replace(wish, sort=Sort.NAME)))[:limit])


def _in_order(rows: QuerySet[Enrollment], ranked: list[Rank]) -> list[Any]:
    """The rows of these members, each with its `rank`."""
    if not ranked:
        return []
    listed = rows.filter(member_id__in=id_rows(member_id for member_id, _rank in ranked))
    found = {row.member_id: row for row in _with_people(listed)}
    shown = [(found[member_id], rank) for member_id, rank in ranked if member_id in found]
    for row, rank in shown:
        row.rank = rank
    return [row for row, _rank in shown]


def _place(row: Any, before: int) -> Place:
    rank = getattr(row, "rank", None)
    return Place(row.name_key, row.pk if rank is None else row.member_id, before, rank)


def _rows(offer: Offer, found: list[Any], *, at: datetime) -> tuple[MemberRow, ...]:
    parts = parts_of(offer, [row.pk for row in found], at=at)
    return tuple(_row(row, parts[row.pk]) for row in found)


def _with_people(rows: QuerySet[Enrollment]) -> QuerySet[Any]:
    """Each with its member, and as `handle` the member's first one (None: none)."""
    handles = SocialHandle.objects.filter(member_id=OuterRef("member_id")).order_by("pk").values("handle")
    return rows.select_related("member").annotate(handle=Subquery(handles[:1]))


def _row(row: Any, parts: tuple[SeenPart, ...]) -> MemberRow:
    return MemberRow(
        enrollment_id=row.pk,
        member=row.member,
        handle=row.handle or "",
        codes=tuple(part for part in parts if part.part == OfferPart.CODES),
        links=tuple(part for part in parts if part.part == OfferPart.LINKS),
        enrolled_at=row.enrolled_at,
        payout_option_id=row.payout_option_id,
    )


__all__ = [
    "PAGE_SIZE",
    "MemberFilter",
    "MemberRow",
    "PageWish",
    "Place",
    "Sort",
    "View",
    "beyond_name",
    "count_up_to",
    "every_member_row",
    "is_filtered",
    "member_page",
    "member_rows",
    "newest_enrollment",
    "page_matches",
]  # fmt: skip
