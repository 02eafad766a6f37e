"""The workspace's groups and tags: to filter by, to choose from, and with how many members carry each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import CharField, Count, Value
from django.db.models.functions import Cast

from offerwell.models import OPEN_STATES, Group, Offer, SavedView, ScheduledChange, Tag
from offerwell.models.mark import mark_tables
from offerwell.queries.members import selected_members

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from offerwell.rules.marks import MarkKind
    from offerwell.rules.selection import MemberSelection

# A select of more is no help; the manage page has them all.
MOST_CHOICES = 200
PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class MemberMarks:
    """What the members list can be filtered by, as (value, name), each by name: the first of very many."""

    tags: tuple[tuple[str, str], ...]
    groups: tuple[tuple[str, str], ...]
    offers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CountedMark:
    """A group or tag with how many members carry it."""

    mark: Group | Tag
    members: int


@dataclass(frozen=True, slots=True)
class MarkPage:
    """Some of them by name; `next` is the key to go on after, or empty."""

    rows: tuple[CountedMark, ...]
    next: str


@dataclass(frozen=True, slots=True)
class MarkUse:
    """Who would miss a mark: its members, saved views that filter by it, and open scheduled changes that do."""

    members: int
    views: tuple[SavedView, ...]
    schedules: tuple[int, ...]


def member_marks() -> MemberMarks:
    """Tags, groups and offers of the workspace, in one statement."""
    tags, groups = _named(Tag.objects.all(), "tag", "key"), _named(Group.objects.all(), "group", "key")
    offers = _named(Offer.objects.all(), "offer", "name_key")
    rows = list(tags.union(groups, offers, all=True).order_by("key"))
    return MemberMarks(
        tags=tuple((key, name) for kind, key, _, name in rows if kind == "tag")[:MOST_CHOICES],
        groups=tuple((key, name) for kind, key, _, name in rows if kind == "group")[:MOST_CHOICES],
        offers=tuple((pk, name) for kind, _, pk, name in rows if kind == "offer")[:MOST_CHOICES],
    )


def _named(rows: QuerySet[Any, Any], kind: str, key: str) -> QuerySet[Any, Any]:
    named = rows.annotate(kind=Value(kind, output_field=CharField()), value=Cast("pk", CharField()))
    return named.values_list("kind", key, "value", "name")


def marks_of(kind: MarkKind) -> list[Group | Tag]:
    """The first of them by name, to choose from."""
    return list(mark_tables(kind).marks.objects.order_by("key")[:MOST_CHOICES])


def marks_among(kind: MarkKind, selection: MemberSelection) -> list[CountedMark]:
    """Those that some selected member carries, by name, with how many of the selected do. Two statements."""
    tables = mark_tables(kind)
    links = tables.links.objects.filter(member__in=selected_members(selection))
    counted = dict(links.order_by().values_list(f"{tables.column}_id").annotate(n=Count("pk")))
    found = tables.marks.objects.filter(pk__in=list(counted)).order_by("key")[:MOST_CHOICES]
    return [CountedMark(mark, counted[mark.pk]) for mark in found]


def mark_page(kind: MarkKind, *, after: str = "", size: int = PAGE_SIZE) -> MarkPage:
    """A page of the groups or tags, with their counts. Two statements."""
    tables = mark_tables(kind)
    found = list(tables.marks.objects.filter(key__gt=after).order_by("key")[: size + 1])
    shown = found[:size]
    links = tables.links.objects.filter(**{f"{tables.column}__in": [mark.pk for mark in shown]})
    counted = dict(links.order_by().values_list(f"{tables.column}_id").annotate(n=Count("pk")))
    rows = tuple(CountedMark(mark, counted.get(mark.pk, 0)) for mark in shown)
    return MarkPage(rows, shown[-1].key if len(found) > size else "")


def use_of(kind: MarkKind, mark: Group | Tag) -> MarkUse:
    """What a person must know before it gets another name or goes. Three statements."""
    tables = mark_tables(kind)
    views = SavedView.objects.order_by("key")
    schedules = ScheduledChange.objects.filter(state__in=OPEN_STATES).order_by("pk")
    return MarkUse(
        members=tables.links.objects.filter(**{tables.column: mark}).count(),
        views=tuple(view for view in views if view.body.get(str(kind), "").lower() == mark.key),
        schedules=tuple(
            pk for pk, body in schedules.values_list("pk", "selection")
            if ((body.get("filter") or {}).get(str(kind)) or "").lower() == mark.key
        ),
    )  # fmt: skip
