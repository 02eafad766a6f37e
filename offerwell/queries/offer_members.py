"""The members of an offer: filtered, searched and selected. One place decides who is meant.

Every filter asks first whether few or many match. Few: an index names them, and only they are read.
Many: the list is walked in its own order and each row tested, because a page is full soon. Either way a
page of a million members costs milliseconds (docs/performance.md).
"""

from __future__ import annotations

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


def enrollments_matching(offer: Offer, wanted: MemberFilter, *, for_page: bool = False) -> QuerySet[Enrollment]:
    """The enrollments of `offer` that match the filter, unordered.

    With `for_page`, a search that hits more than `FEW` members gives the first of them only.
    """
    rows = Enrollment.objects.filter(offer=offer)
    rows = _in_view(rows, offer, wanted.view, for_page=for_page)
    if wanted.text.strip():
        rows = rows.filter(*_text_conditions(offer, wanted.text.lower().split(), for_page=for_page))
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


def _text_conditions(offer: Offer, words: list[str], *, for_page: bool) -> list[Q]:
    long = [word for word in words if len(word) >= SHORTEST_INDEXED]
    conditions = [_short_word(offer, word) for word in words if len(word) < SHORTEST_INDEXED]
    if long:
        conditions.append(Q(pk__in=_hits(offer, long, at_most=FEW if for_page else None)))
    return conditions


def _short_word(offer: Offer, word: str) -> Q:
    if Enrollment.objects.filter(offer=offer).order_by().values("pk")[:LARGE_OFFER].count() < LARGE_OFFER:
        return Q(search_text__contains=word)
    return Q(name_key__gte=word, name_key__lt=word + "\uffff")


def _hits(offer: Offer, words: list[str], *, at_most: int | None) -> RawSQL | QuerySet[Any, Any]:
    """Ids of enrollments whose search text holds every word, found by the text index."""
    if connection.vendor == "postgresql":
        rows = Enrollment.objects.filter(*(Q(search_text__contains=word) for word in words), offer=offer).order_by()
        return rows.values("pk")[:at_most] if at_most else rows.values("pk")
    # CROSS JOIN fixes the order for SQLite: the text index outside, so that LIMIT ends the scan.
    found = (
        "SELECT e.id FROM offerwell_enrollment_search AS s CROSS JOIN offerwell_enrollment AS e ON e.id = s.rowid"
        " WHERE s.search_text MATCH %s AND e.offer_id = %s"
    )
    phrases = " ".join('"' + word.replace('"', '""') + '"' for word in words)
    return RawSQL(found + (f" LIMIT {at_most}" if at_most else ""), [phrases, offer.pk])
