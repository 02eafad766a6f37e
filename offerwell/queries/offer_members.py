"""The members of an offer: filtered, searched and selected. One place decides who is meant.

Every filter asks first whether few or many match. Few: an index names them, and only they are read.
Many: the list is walked in its own order and each row tested, because a page is full soon. Either way a
page of a million members costs milliseconds (docs/performance.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.db.models.expressions import RawSQL

from offerwell.models import Enrollment, GroupMember, Member, MemberTag, Offer, PromoCode, SalesLink, StoreCode
from offerwell.models.id_list import id_rows
from offerwell.rules.selection import MemberFilter, MemberSelection, View

if TYPE_CHECKING:
    from django.db.models import QuerySet

# Fewer than this is "few". A search shows at most this many of its hits on pages; a selection means all.
FEW = 2_000
# Trigrams need three characters; on large offers a shorter word means the beginning of the name.
SHORTEST_INDEXED = 3
LARGE_OFFER = 20_000


@dataclass(frozen=True, slots=True)
class PageMatches:
    """Who matches a filter, for pages: their rows, unordered, and how many the text index named.

    `hits` is None where the index was not asked. `FEW` hits are the first of that many or more; pages
    look through no others.
    """

    rows: QuerySet[Enrollment]
    hits: int | None = None

    @property
    def are_cut(self) -> bool:
        """Whether the search hits more members than pages look through."""
        return self.hits == FEW


def enrollments_matching(offer: Offer, wanted: MemberFilter) -> QuerySet[Enrollment]:
    """All enrollments of `offer` that match the filter, unordered."""
    words = _words(wanted)
    rows = _narrowed(offer, wanted, for_page=False).filter(*_short_words(offer, words.short))
    return rows.filter(pk__in=_hits(offer, words.long)) if words.long else rows


def page_matches(offer: Offer, wanted: MemberFilter) -> PageMatches:
    """The same for pages: at most `FEW` hits of a search. The index is asked once, for page and count alike."""
    words = _words(wanted)
    rows = _narrowed(offer, wanted, for_page=True).filter(*_short_words(offer, words.short))
    if not words.long:
        return PageMatches(rows)
    hits = _first_hits(offer, words.long)
    return PageMatches(rows.filter(pk__in=id_rows(hits)), len(hits))


def _narrowed(offer: Offer, wanted: MemberFilter, *, for_page: bool) -> QuerySet[Enrollment]:
    """By everything but text."""
    rows = _in_view(Enrollment.objects.filter(offer=offer), offer, wanted.view, for_page=for_page)
    if wanted.country:
        rows = rows.filter(_from_country(wanted.country))
    if wanted.tag:
        rows = rows.filter(_marked(MemberTag.objects.filter(tag__key=wanted.tag.lower())))
    if wanted.group:
        rows = rows.filter(_marked(GroupMember.objects.filter(group__key=wanted.group.lower())))
    return rows


def selected_enrollments(offer: Offer, selection: MemberSelection) -> QuerySet[Enrollment]:
    """The enrollments a selection means now. Ids of other workspaces never match."""
    if selection.ids is not None:
        named = Enrollment.objects.filter(offer=offer, member_id__in=id_rows(selection.ids))
        return named if selection.up_to is None else named.filter(id__lte=selection.up_to)
    rows = enrollments_matching(offer, selection.filter or MemberFilter()).filter(id__lte=selection.up_to)
    if selection.exclude:
        rows = rows.exclude(member_id__in=id_rows(selection.exclude))
    return rows


def _are_few(rows: QuerySet[Any, Any]) -> bool:
    return rows.order_by().values("pk")[:FEW].count() < FEW


def _in_view(rows: QuerySet[Enrollment], offer: Offer, view: View, *, for_page: bool) -> QuerySet[Enrollment]:
    if view == View.ANY_ACTIVE:
        return rows.filter(_has_part(offer, is_active=True, for_page=for_page))
    if view == View.ANY_DEACTIVATED:
        return rows.filter(_has_part(offer, is_active=False, for_page=for_page))
    if view == View.NEEDS_ATTENTION:
        return rows.filter(id__in=_with_problem(offer))
    return rows


def _has_part(offer: Offer, *, is_active: bool, for_page: bool) -> Q:
    models = [model for has, model in ((offer.has_codes, PromoCode), (offer.has_links, SalesLink)) if has]
    parts = [model.objects.filter(offer=offer, is_active__in=[is_active]) for model in models]
    found = Q(pk__in=[])
    if not for_page or all(_are_few(some) for some in parts):
        for some in parts:
            found |= Q(pk__in=some.values("enrollment_id"))
        return found
    for some in parts:
        found |= Q(Exists(some.filter(enrollment=OuterRef("pk"))))
    return found


def _with_problem(offer: Offer) -> QuerySet[StoreCode, Any]:
    troubled = StoreCode.objects.exclude(problem="").filter(code__offer=offer, store__offer_links__offer=offer)
    return troubled.values("code__enrollment_id")


def _from_country(country: str) -> Q:
    members = Member.objects.filter(country=country)
    return Q(member_id__in=members.values("pk")) if _are_few(members) else Q(member__country=country)


def _marked(marks: QuerySet[Any, Any]) -> Q:
    """Members that carry a tag or are in a group.

    Few are told as ids: PostgreSQL takes every tag for an average one, and would read a million members for three.
    """
    few = list(marks.order_by().values_list("member_id", flat=True)[:FEW])
    if len(few) < FEW:
        return Q(member_id__in=id_rows(few))
    return Q(Exists(marks.filter(member=OuterRef("member"))))


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a search, by whether the text index holds such words."""

    long: list[str]
    short: list[str]


def _words(wanted: MemberFilter) -> _Words:
    words = wanted.text.lower().split()
    return _Words(
        [word for word in words if len(word) >= SHORTEST_INDEXED],
        [word for word in words if len(word) < SHORTEST_INDEXED],
    )


def _short_words(offer: Offer, words: list[str]) -> list[Q]:
    return [_short_word(offer, word) for word in words]


def _short_word(offer: Offer, word: str) -> Q:
    if Enrollment.objects.filter(offer=offer).order_by().values("pk")[:LARGE_OFFER].count() < LARGE_OFFER:
        return Q(search_text__contains=word)
    return Q(name_key__gte=word, name_key__lt=word + "\uffff")


def _hits(offer: Offer, words: list[str]) -> RawSQL | QuerySet[Any, Any]:
    """Ids of enrollments whose search text holds every word, found by the text index."""
    if connection.vendor == "postgresql":
        return _with_words(offer, words).values("pk")
    return RawSQL(_HITS_SQLITE, _hits_asked(offer, words))


def _first_hits(offer: Offer, words: list[str]) -> list[int]:
    """The first `FEW` of them."""
    if connection.vendor == "postgresql":
        return list(_with_words(offer, words).values_list("pk", flat=True)[:FEW])
    with connection.cursor() as cursor:
        cursor.execute(f"{_HITS_SQLITE} LIMIT {FEW}", _hits_asked(offer, words))
        return [row[0] for row in cursor.fetchall()]


def _with_words(offer: Offer, words: list[str]) -> QuerySet[Enrollment]:
    return Enrollment.objects.filter(*(Q(search_text__contains=word) for word in words), offer=offer).order_by()


# CROSS JOIN fixes the order for SQLite: the text index outside, so that LIMIT ends the scan.
_HITS_SQLITE = (
    "SELECT e.id FROM offerwell_enrollment_search AS s CROSS JOIN offerwell_enrollment AS e ON e.id = s.rowid"
    " WHERE s.search_text MATCH %s AND e.offer_id = %s"
)


def _hits_asked(offer: Offer, words: list[str]) -> list[Any]:
    return [" ".join('"' + word.replace('"', '""') + '"' for word in words), offer.pk]
