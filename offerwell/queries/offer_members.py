"""The members of an offer: filtered, searched, paged by key, and selected. One place decides who is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.db.models.expressions import RawSQL

from offerwell.models import (
    Enrollment,
    GroupMember,
    MemberTag,
    Offer,
    PromoCode,
    SalesLink,
    StoreCode,
)
from offerwell.models.id_list import id_rows
from offerwell.rules.selection import MemberFilter, MemberSelection, View

if TYPE_CHECKING:
    from django.db.models import QuerySet

# Below this many hits the text index decides which rows are read; above it, hits are so frequent that
# walking the list in order and testing each row finds a page sooner (measured: docs/performance.md).
RARE_HITS = 2_000
# Trigrams need three characters; shorter words are only tested row by row.
SHORTEST_INDEXED = 3


def enrollments_matching(offer: Offer, wanted: MemberFilter) -> QuerySet[Enrollment]:
    """The enrollments of `offer` that match the filter, unordered."""
    rows = Enrollment.objects.filter(offer=offer)
    rows = _in_view(rows, offer, wanted.view)
    for word in wanted.text.lower().split():
        rows = rows.filter(_has_word(offer, word))
    if wanted.country:
        rows = rows.filter(member__country=wanted.country)
    if wanted.tag:
        rows = rows.filter(Exists(MemberTag.objects.filter(member=OuterRef("member"), tag__key=wanted.tag.lower())))
    if wanted.group:
        rows = rows.filter(
            Exists(GroupMember.objects.filter(member=OuterRef("member"), group__key=wanted.group.lower()))
        )
    return rows


def selected_enrollments(offer: Offer, selection: MemberSelection) -> QuerySet[Enrollment]:
    """The enrollments a selection means now. Ids of other workspaces never match."""
    if selection.ids is not None:
        return Enrollment.objects.filter(offer=offer, member_id__in=id_rows(selection.ids))
    rows = enrollments_matching(offer, selection.filter or MemberFilter()).filter(id__lte=selection.up_to)
    if selection.exclude:
        rows = rows.exclude(member_id__in=id_rows(selection.exclude))
    return rows


def is_whole_offer(selection: MemberSelection) -> bool:
    """Whether the selection needs no look at members at all: everybody up to the snapshot."""
    return selection.filter == MemberFilter() and not selection.exclude


def _in_view(rows: QuerySet[Enrollment], offer: Offer, view: View) -> QuerySet[Enrollment]:
    if view == View.ANY_ACTIVE:
        return rows.filter(_has_part(offer, is_active=True))
    if view == View.ANY_DEACTIVATED:
        return rows.filter(_has_part(offer, is_active=False))
    if view == View.NEEDS_ATTENTION:
        return rows.filter(id__in=_with_problem(offer))
    return rows


def _has_part(offer: Offer, *, is_active: bool) -> Q:
    found = Q(pk__in=[])
    for has, model in ((offer.has_codes, PromoCode), (offer.has_links, SalesLink)):
        if has:
            parts = model.objects.filter(offer=offer, enrollment=OuterRef("pk"), is_active=is_active)
            found |= Q(Exists(parts))
    return found


def _with_problem(offer: Offer) -> QuerySet[StoreCode, Any]:
    troubled = StoreCode.objects.exclude(problem="").filter(code__offer=offer, store__offer_links__offer=offer)
    return troubled.values("code__enrollment_id")


def _has_word(offer: Offer, word: str) -> Q:
    """Rows whose search text holds `word`, by the text index when it is rare, else row by row."""
    if connection.vendor == "postgresql" or len(word) < SHORTEST_INDEXED or not _is_rare(word):
        return Q(search_text__contains=word)
    del offer
    return Q(pk__in=_hits(word))


def _hits(word: str) -> RawSQL:
    return RawSQL(
        "SELECT rowid FROM offerwell_enrollment_search WHERE offerwell_enrollment_search MATCH %s", [_phrase(word)]
    )


def _phrase(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _is_rare(word: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT 1 FROM offerwell_enrollment_search"
            " WHERE offerwell_enrollment_search MATCH %s LIMIT %s)",
            [_phrase(word), RARE_HITS],
        )
        return int(cursor.fetchone()[0]) < RARE_HITS


