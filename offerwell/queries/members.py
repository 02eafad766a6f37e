"""The members of a workspace: filtered, searched, in the order of their names, and selected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Exists, Max, OuterRef, Q
from django.db.models.expressions import RawSQL
from django_scopes import scopes_disabled

from offerwell.models import GroupMember, Member, MemberTag
from offerwell.models.id_list import id_rows
from offerwell.rules.selection import MemberFilter, MemberSelection

if TYPE_CHECKING:
    from django.db.models import QuerySet

# As in queries/offer_members.py: rare words by the text index, frequent ones by walking the list.
RARE_HITS = 2_000
SHORTEST_INDEXED = 3
_HITS = "SELECT rowid FROM offerwell_member_search WHERE offerwell_member_search MATCH %s"


def members_matching(wanted: MemberFilter) -> QuerySet[Member]:
    """The members that match the filter, unordered. Its saved view is of offers and does not count here."""
    # A NUL ends a text inside both databases.
    rows = Member.objects.filter(_has_words(wanted.text.replace("\x00", " ").lower().split()))
    if wanted.country:
        rows = rows.filter(country=wanted.country)
    if wanted.tag:
        rows = rows.filter(_linked(MemberTag.objects.filter(tag__key=wanted.tag.lower())))
    if wanted.group:
        rows = rows.filter(_linked(GroupMember.objects.filter(group__key=wanted.group.lower())))
    return rows


def _linked(links: QuerySet[MemberTag] | QuerySet[GroupMember]) -> Q:
    """Members of these tags or groups: a small set by its ids, a large one by a look per row."""
    if links.order_by()[:RARE_HITS].count() < RARE_HITS:
        return Q(pk__in=links.values("member_id"))
    return Q(Exists(links.filter(member=OuterRef("pk"))))


def selected_members(selection: MemberSelection) -> QuerySet[Member]:
    """The members a selection of the whole workspace means. `up_to` is a member id here.

    Ids of other workspaces never match.
    """
    if selection.ids is not None:
        return Member.objects.filter(pk__in=id_rows(selection.ids))
    rows = members_matching(selection.filter or MemberFilter()).filter(pk__lte=selection.up_to)
    if selection.exclude:
        rows = rows.exclude(pk__in=id_rows(selection.exclude))
    return rows


def newest_member_id() -> int:
    """The snapshot for a selection of all members: the newest of all workspaces, which bounds ours too.

    Asking for our own newest would walk the workspace on SQLite; this is one look at the end of the table.
    """
    with scopes_disabled():
        return Member.objects.aggregate(newest=Max("pk"))["newest"] or 0


def _has_words(words: list[str]) -> Q:
    """Rows whose search text holds every word: by one question to the text index when that is rare."""
    if connection.vendor == "postgresql":
        return _row_by_row(words)
    indexed = " AND ".join(_phrase(word) for word in words if len(word) >= SHORTEST_INDEXED)
    if not indexed or not _is_rare(indexed):
        return _row_by_row(words)
    found = Q(pk__in=RawSQL(_HITS, [indexed]))
    return found & _row_by_row([word for word in words if len(word) < SHORTEST_INDEXED])


def _row_by_row(words: list[str]) -> Q:
    matching = Q()
    for word in words:
        matching &= Q(search_text__contains=word)
    return matching


def _phrase(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _is_rare(match: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({_HITS} LIMIT %s)", [match, RARE_HITS])  # noqa: S608
        return int(cursor.fetchone()[0]) < RARE_HITS
