"""The members of one stage: selected, and a page of them with their codes and links in the connected offers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, Subquery

from offerwell.models import Enrollment, Member, Placement, SocialHandle, StageMove
from offerwell.models.id_list import id_rows, named
from offerwell.queries.few_or_many import FEW, LARGE, Matches, sqlite_words, words_in
from offerwell.queries.keyset_page import (
    COUNTED_UP_TO,
    EVERYBODY,
    PAGE_SIZE,
    ListPage,
    ListWish,
    Place,
    beyond_name,
    listed_page,
)
from offerwell.queries.member_statuses import parts_of_places
from offerwell.queries.members import member_matches, members_matching, places_of_few, selected_member_ids
from offerwell.rules.selection import Crowd, MemberFilter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.models import Offer, Project, Stage
    from offerwell.queries.member_statuses import SeenPart
    from offerwell.rules.selection import MemberSelection


@dataclass(frozen=True, slots=True)
class StageRow:
    """A member in a stage. `parts` are codes and links in offers connected to the project now."""

    placement: Placement
    handle: str
    parts: tuple[SeenPart, ...]

    @property
    def member(self) -> Member:
        """Who it is."""
        return self.placement.member

    @property
    def is_moving(self) -> bool:
        """Whether a store has still to answer for one of the parts."""
        return any(part.is_moving for part in self.parts)


def selected_places(stage: Stage, selection: MemberSelection) -> QuerySet[Placement]:
    """The placements of the selected members that are in this stage now.

    All of this very stage are asked for without joining placements to themselves: right after a large move the
    database takes the stage for empty, and PostgreSQL would walk it once for each of its members.
    """
    within = selection.within
    if within is None or (within.crowd, within.of) != (Crowd.STAGE, stage.pk):
        return Placement.objects.filter(stage=stage, member_id__in=selected_member_ids(selection))
    rows = Placement.objects.filter(stage=stage, entered_move_id__lte=within.up_to)
    if selection.filter is not None and selection.filter != EVERYBODY:
        rows = rows.filter(member_id__in=members_matching(selection.filter).order_by().values("pk"))
    return rows.exclude(member_id__in=id_rows(selection.exclude)) if selection.exclude else rows


def placed_among(stage: Stage, member_ids: Iterable[int]) -> tuple[int, ...]:
    """Which of these members are in the stage now, in their order. Foreign ids never match."""
    wanted = tuple(member_ids)
    rows = Placement.objects.filter(named("member_id", wanted), stage=stage)
    found = set(rows.values_list("member_id", flat=True))
    return tuple(pk for pk in wanted if pk in found)


def newest_move() -> int:
    """The snapshot for a selection of all in a stage: nobody who comes by a later move is meant."""
    return StageMove.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def stage_matches(stage: Stage, wanted: MemberFilter, *, in_stage: int) -> Matches:
    """The placements of the stage whose members match the filter, for pages: at most `FEW` hits of a search.

    `in_stage` is how many members the stage has: a large one is searched in another way than a small one.
    Only a word that very many members of the workspace have is looked for once more, among those in the stage.
    """
    rows = Placement.objects.filter(stage=stage)
    if wanted == EVERYBODY:
        return Matches(rows)
    found = member_matches(wanted)
    if found.are_cut:
        return _frequent(stage, wanted, is_large=in_stage >= LARGE)
    few = list(found.rows.order_by().values_list("pk", flat=True)[:FEW]) if wanted.text else []
    if wanted.text and len(few) < FEW:
        return Matches(places_of_few(stage.pk).filter(named("member_id", few)), found.hits)
    return Matches(rows.filter(Exists(found.rows.filter(pk=OuterRef("member_id")))))


def _frequent(stage: Stage, wanted: MemberFilter, *, is_large: bool) -> Matches:
    words = words_in(wanted.text)
    hits = _first_hits(stage, words.long, is_large=is_large)
    rows = places_of_few(stage.pk).filter(named("member_id", hits))
    others = replace(wanted, text=" ".join(words.short))
    if others != EVERYBODY:
        rows = rows.filter(Exists(members_matching(others).filter(pk=OuterRef("member_id"))))
    return Matches(rows, len(hits))


def _first_hits(stage: Stage, words: list[str], *, is_large: bool) -> list[int]:
    """The first `FEW` members of the stage who have every word: small stages are walked, of large ones the hits."""
    if not is_large:
        rows = Placement.objects.filter(stage=stage).order_by()
        in_stage = rows.filter(*(Q(member__search_text__contains=word) for word in words))
        return list(in_stage.values_list("member_id", flat=True)[:FEW])
    if connection.vendor == "postgresql":
        own = Subquery(places_of_few(stage.pk).filter(member_id=OuterRef("pk")).values("pk")[:1])
        hits = Member.objects.filter(*(Q(search_text__contains=word) for word in words)).order_by()
        return list(hits.alias(own=own).filter(own__isnull=False).values_list("pk", flat=True)[:FEW])
    with connection.cursor() as cursor:
        cursor.execute(_INDEXED_IN_STAGE, [sqlite_words(words), stage.pk, FEW])
        return [row[0] for row in cursor.fetchall()]


# CROSS JOIN fixes the order for SQLite: the text index outside, so that LIMIT ends the scan.
_INDEXED_IN_STAGE = (
    "SELECT p.member_id FROM offerwell_member_search AS s"
    " CROSS JOIN offerwell_placement AS p ON p.member_id = s.rowid"
    " WHERE s.search_text MATCH %s AND p.stage_id = %s LIMIT %s"
)


def count_in_stage(matches: Matches) -> tuple[int, bool]:
    """How many match, and whether that was counted to the end."""
    found = matches.rows.order_by()[: COUNTED_UP_TO + 1].count()
    return found, found <= COUNTED_UP_TO


def stage_page(
    matching: QuerySet[Placement], offers: Sequence[Offer], wish: ListWish, *, at: datetime, size: int = PAGE_SIZE
) -> ListPage[StageRow]:
    """The page by name of those that match (`stage_matches`), in a constant number of statements.

    `offers` are those whose codes and links are shown.
    """
    found = _ordered(matching, wish).select_related("member")[: size + 1]
    return listed_page(found, wish, size=size, place=_place, rows_of=lambda shown: rows_of(shown, offers, at=at))


def rows_by_id(project: Project, ids: Iterable[int], offers: Sequence[Offer], *, at: datetime) -> tuple[StageRow, ...]:
    """The rows of these placements of the project, in the order given: a part of a page looked at again."""
    wanted = list(dict.fromkeys(ids))
    found = Placement.objects.filter(project=project).select_related("member").in_bulk(wanted)
    return rows_of([found[pk] for pk in wanted if pk in found], offers, at=at)


def rows_of(places: Sequence[Placement], offers: Sequence[Offer], *, at: datetime) -> tuple[StageRow, ...]:
    """The rows of these placements. Five statements, whatever their number and that of the offers."""
    ids = [place.member_id for place in places]
    handles = _first_handles(ids)
    parts = _parts(ids, offers, at=at)
    return tuple(StageRow(place, handles.get(place.member_id, ""), parts.get(place.member_id, ())) for place in places)


def _parts(member_ids: list[int], offers: Sequence[Offer], *, at: datetime) -> dict[int, tuple[SeenPart, ...]]:
    """Codes and links by member, offer by offer in the order of `offers`."""
    if not offers:
        return {}
    by_id = {offer.pk: offer for offer in offers}
    found = list(Enrollment.objects.filter(offer_id__in=list(by_id), member_id__in=member_ids))
    order = {pk: place for place, pk in enumerate(by_id)}
    found.sort(key=lambda one: order[one.offer_id])
    parts = parts_of_places({one.pk: by_id[one.offer_id] for one in found}, at=at)
    by_member: dict[int, tuple[SeenPart, ...]] = defaultdict(tuple)
    for one in found:
        by_member[one.member_id] += parts[one.pk]
    return by_member


def _first_handles(member_ids: list[int]) -> dict[int, str]:
    rows = SocialHandle.objects.filter(member_id__in=member_ids).order_by("-pk")
    return dict(rows.values_list("member_id", "handle"))


def _ordered(rows: QuerySet[Placement], wish: ListWish) -> QuerySet[Any]:
    down = wish.until is not None
    place = wish.until or wish.after
    if place is not None:
        rows = rows.filter(beyond_name(place, down=down))
    return rows.order_by(*(("-name_key", "-pk") if down else ("name_key", "pk")))


def _place(row: Placement, before: int) -> Place:
    return Place(row.name_key, row.pk, before)
