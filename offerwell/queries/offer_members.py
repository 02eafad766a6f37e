"""The members of an offer: filtered, searched and selected. One place decides who is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q

from offerwell.models import Enrollment, Member, Offer, PromoCode, SalesLink, StoreCode
from offerwell.models.id_list import id_rows, named
from offerwell.queries.few_or_many import Matches, Searched, are_few, linked, links_wanted, words_in
from offerwell.queries.members import selected_member_ids
from offerwell.rules.selection import MemberFilter, MemberSelection, View

if TYPE_CHECKING:
    from typing import Any

    from django.db.models import QuerySet


def enrollments_matching(offer: Offer, wanted: MemberFilter) -> QuerySet[Enrollment]:
    """All enrollments of `offer` that match the filter, unordered."""
    words, searched = words_in(wanted.text), _searched(offer)
    rows = _narrowed(offer, wanted, for_page=False).filter(*searched.short(words.short))
    return rows.filter(pk__in=searched.hits(words.long)) if words.long else rows


def page_matches(offer: Offer, wanted: MemberFilter) -> Matches:
    """The same for pages: at most `FEW` hits of a search. The index is asked once, for page and count alike."""
    words, searched = words_in(wanted.text), _searched(offer)
    rows = _narrowed(offer, wanted, for_page=True).filter(*searched.short(words.short))
    if not words.long:
        return Matches(rows)
    hits = searched.first_hits(words.long)
    return Matches(rows.filter(named("pk", hits)), len(hits))


def _searched(offer: Offer) -> Searched:
    return Searched(Enrollment.objects.filter(offer=offer), "offer_id", offer.pk)


def _narrowed(offer: Offer, wanted: MemberFilter, *, for_page: bool) -> QuerySet[Enrollment]:
    """By everything but text."""
    rows = _in_view(Enrollment.objects.filter(offer=offer), offer, wanted.view, for_page=for_page)
    if wanted.country:
        rows = rows.filter(_from_country(wanted.country))
    for links in links_wanted(wanted):
        rows = rows.filter(linked(links, member="member_id"))
    return rows


def selected_enrollments(offer: Offer, selection: MemberSelection) -> QuerySet[Enrollment]:
    """The enrollments a selection means now. Ids of other workspaces never match."""
    if selection.ids is not None:
        chosen = Enrollment.objects.filter(named("member_id", selection.ids), offer=offer)
        return chosen if selection.up_to is None else chosen.filter(id__lte=selection.up_to)
    if selection.within is not None:
        rows = Enrollment.objects.filter(offer=offer, member_id__in=selected_member_ids(selection))
        return rows if selection.up_to is None else rows.filter(id__lte=selection.up_to)
    rows = enrollments_matching(offer, selection.filter or MemberFilter()).filter(id__lte=selection.up_to)
    if selection.exclude:
        rows = rows.exclude(member_id__in=id_rows(selection.exclude))
    return rows


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
    if not for_page or all(are_few(some) for some in parts):
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
    return Q(member_id__in=members.values("pk")) if are_few(members) else Q(member__country=country)
