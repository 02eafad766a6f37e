"""The members of a workspace: filtered, searched, in the order of their names, and selected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.db.models.expressions import RawSQL

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
    rows = Member.objects.all()
    for word in wanted.text.lower().split():
        rows = rows.filter(_has_word(word))
    if wanted.country:
        rows = rows.filter(country=wanted.country)
    if wanted.tag:
        tagged = MemberTag.objects.filter(member=OuterRef("pk"), tag__key=wanted.tag.lower())
        rows = rows.filter(Exists(tagged))
    if wanted.group:
        grouped = GroupMember.objects.filter(member=OuterRef("pk"), group__key=wanted.group.lower())
        rows = rows.filter(Exists(grouped))
    return rows


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
    """The snapshot for a selection of all members."""
    return Member.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _has_word(word: str) -> Q:
    if connection.vendor == "postgresql" or len(word) < SHORTEST_INDEXED or not _is_rare(word):
        return Q(search_text__contains=word)
    return Q(pk__in=RawSQL(_HITS, [_phrase(word)]))  # noqa: S611  fixed text; the word is a parameter


def _phrase(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _is_rare(word: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({_HITS} LIMIT %s)", [_phrase(word), RARE_HITS])  # noqa: S608
        return int(cursor.fetchone()[0]) < RARE_HITS
