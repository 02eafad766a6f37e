"""The members of a workspace: filtered, searched, in the order of their names, and selected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, ExpressionWrapper, F, Max, Value
from django_scopes import get_scope, scopes_disabled

from offerwell.models import BulkChangeItem, Member, Placement, StageMoveItem
from offerwell.models.id_list import id_rows, named
from offerwell.queries.few_or_many import Links, Matches, Searched, are_few, linked, links_wanted, words_in
from offerwell.rules.selection import Crowd, MemberFilter, MemberSelection, Within

if TYPE_CHECKING:
    from django.db.models import QuerySet


def members_matching(wanted: MemberFilter) -> QuerySet[Member]:
    """All members that match the filter, unordered. Its saved view is of offers and does not count here."""
    words, searched = words_in(wanted.text), _searched()
    rows = _narrowed(wanted, links_wanted(wanted)).filter(*searched.short(words.short))
    return rows.filter(pk__in=searched.hits(words.long)) if words.long else rows


def member_matches(wanted: MemberFilter) -> Matches:
    """The same for pages: at most `FEW` hits of a search. The index is asked once, for page and count alike."""
    words, searched, links = words_in(wanted.text), _searched(), links_wanted(wanted)
    rows, short = _narrowed(wanted, links), searched.short(words.short)
    if not words.long:
        return Matches(rows.filter(*short), counted=_joined(wanted, links).filter(*short))
    hits = searched.first_hits(words.long)
    return Matches(rows.filter(named("pk", hits), *short), len(hits))


def _searched() -> Searched:
    return Searched(Member.objects.all(), "workspace_id", get_scope()["workspace"].pk)


def _narrowed(wanted: MemberFilter, links: list[Links]) -> QuerySet[Member]:
    """By everything but text."""
    rows = _of_country(wanted)
    for some in links:
        rows = rows.filter(linked(some, member="pk"))
    return rows


def _joined(wanted: MemberFilter, links: list[Links]) -> QuerySet[Member]:
    """The same by joins, for a count that stops early: it starts from the links, of which each member has one."""
    return _of_country(wanted).filter(**{f"{some.name}__{some.column}": some.of for some in links})


def _of_country(wanted: MemberFilter) -> QuerySet[Member]:
    return Member.objects.filter(country=wanted.country) if wanted.country else Member.objects.all()


def selected_members(selection: MemberSelection) -> QuerySet[Member]:
    """The members a selection means that was not made among the members of one offer.

    Ids of other workspaces never match; a crowd of another workspace is nobody.
    """
    if selection.ids is not None:
        return Member.objects.filter(named("pk", selection.ids))
    assert selection.within is not None  # noqa: S101  whoever is meant in an offer is found in offer_members.py
    rows = _in_crowd(members_matching(selection.filter or MemberFilter()), selection.within)
    if selection.exclude:
        rows = rows.exclude(pk__in=id_rows(selection.exclude))
    return rows


def selected_member_ids(selection: MemberSelection) -> QuerySet[Any, Any]:
    """Their ids, for `…__in=`. All of a crowd are told by the crowd's own table: members are not looked at."""
    within = selection.within
    if within is None or within.crowd == Crowd.WORKSPACE or selection.filter != MemberFilter():
        return selected_members(selection).order_by().values("pk")
    ids = _crowd_ids(within)
    return ids.exclude(member_id__in=id_rows(selection.exclude)) if selection.exclude else ids


def count_selected(selection: MemberSelection) -> int:
    """How many they are. A crowd's own table tells it: of a stage or project it has one row a member."""
    within = selection.within
    if within is None or within.crowd not in {Crowd.STAGE, Crowd.PROJECT}:
        return selected_members(selection).order_by().count()
    return selected_member_ids(selection).count()


def many_in_crowd(selection: MemberSelection) -> QuerySet[Any, Any] | None:
    """Of a selection of everybody in a large stage or project: the placements. None of any other.

    A page of them is found faster by walking a list and asking of each whether it has one of these.
    """
    within = selection.within
    if within is None or within.crowd not in {Crowd.STAGE, Crowd.PROJECT} or selection.filter != MemberFilter():
        return None
    if are_few(_crowd_ids(within)):
        return None
    rows = Placement.objects.filter(project=within.of, pk__lte=within.up_to)
    if within.crowd == Crowd.STAGE:
        rows = places_of_few(within.of).filter(entered_move_id__lte=within.up_to)
    return rows.exclude(member_id__in=id_rows(selection.exclude)) if selection.exclude else rows


def places_of_few(stage_id: int) -> QuerySet[Placement]:
    """The placements of a stage, for whoever names few members: `stage + 0` hides the stage's index from the planner.

    Right after a large move PostgreSQL takes the stage for empty, and would read all of it, for each of them.
    """
    where = ExpressionWrapper(F("stage_id") + Value(0), output_field=BigIntegerField())
    return Placement.objects.alias(where=where).filter(where=stage_id)


def _in_crowd(rows: QuerySet[Member], within: Within) -> QuerySet[Member]:
    if within.crowd == Crowd.WORKSPACE:
        return rows.filter(pk__lte=within.up_to)
    return rows.filter(pk__in=_crowd_ids(within))


def _crowd_ids(within: Within) -> QuerySet[Any, Any]:
    """Ids of the members of a crowd that is not the whole workspace."""
    places: dict[Crowd, QuerySet[Any, Any]] = {
        Crowd.CHANGE: BulkChangeItem.objects.filter(change_id=within.of),
        Crowd.MOVE: StageMoveItem.objects.filter(move_id=within.of),
        Crowd.STAGE: Placement.objects.filter(stage=within.of, entered_move_id__lte=within.up_to),
        Crowd.PROJECT: Placement.objects.filter(project=within.of, pk__lte=within.up_to),
    }
    return places[within.crowd].order_by().values("member_id")


def newest_member_id() -> int:
    """The snapshot for a selection of all members: the newest of all workspaces, which bounds ours too.

    Asking for our own newest would walk the workspace on SQLite; this is one look at the end of the table.
    """
    with scopes_disabled():
        return Member.objects.aggregate(newest=Max("pk"))["newest"] or 0
