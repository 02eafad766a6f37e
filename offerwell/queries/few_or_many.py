"""How lists of up to a million members are narrowed: every filter asks first whether few or many match.

Few: an index names them, and only they are read. Many: the list is walked in its own order and each row
tested, because a page is full soon. Either way a page costs milliseconds (docs/performance.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.db.models.expressions import RawSQL
from django_scopes import scopes_disabled

from offerwell.models import Enrollment, Group, GroupMember, MemberTag, Tag
from offerwell.models.id_list import named

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

    from offerwell.rules.selection import MemberFilter

# Fewer than this is "few". A search shows at most this many of its hits on pages; a selection means all.
FEW = 2_000
# Trigrams need three characters; among very many a shorter word means the beginning of the name.
SHORTEST_INDEXED = 3
LARGE = 20_000


@dataclass(frozen=True, slots=True)
class Matches:
    """Who matches a filter, for pages: their rows, unordered, and how many the text index named.

    `hits` is None where the index was not asked. `FEW` hits are the first of that many or more; pages
    look through no others. `counted` are the same rows, said so that a count stops early; None: as `rows`.
    """

    rows: QuerySet[Any, Any]
    hits: int | None = None
    counted: QuerySet[Any, Any] | None = None

    @property
    def are_cut(self) -> bool:
        """Whether the search hits more members than pages look through."""
        return self.hits == FEW


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a search, by whether the text index holds such words."""

    long: list[str]
    short: list[str]


def words_in(text: str) -> Words:
    """The words of a search. A NUL ends a text inside both databases: it separates words."""
    words = text.replace("\0", " ").lower().split()
    return Words(
        [word for word in words if len(word) >= SHORTEST_INDEXED],
        [word for word in words if len(word) < SHORTEST_INDEXED],
    )


@dataclass(frozen=True, slots=True)
class Searched:
    """Rows with a name and a search text: the members of a workspace, or the enrollments of an offer.

    `column` and `value` say once more whose rows they are, for SQLite's text index, which stands beside the table.
    """

    rows: QuerySet[Any, Any]
    column: str
    value: int

    def short(self, words: list[str]) -> list[Q]:
        """Conditions for words that the index does not hold."""
        return [self._short(word) for word in words]

    def _short(self, word: str) -> Q:
        if self.rows.order_by().values("pk")[:LARGE].count() < LARGE:
            return Q(search_text__contains=word)
        return Q(name_key__gte=word, name_key__lt=word + "\uffff")

    def hits(self, words: list[str]) -> RawSQL | QuerySet[Any, Any]:
        """Ids of the rows whose search text holds every word, found by the text index."""
        if connection.vendor == "postgresql":
            return self._with(words).values("pk")
        return RawSQL(self._sqlite, self._asked(words))

    def first_hits(self, words: list[str]) -> list[int]:
        """The first `FEW` of them as the table has them: in an order of ids, PostgreSQL would walk two words by it."""
        if connection.vendor == "postgresql":
            return list(self._with(words).values_list("pk", flat=True)[:FEW])
        with connection.cursor() as cursor:
            cursor.execute(f"{self._sqlite} LIMIT {FEW}", self._asked(words))
            return [row[0] for row in cursor.fetchall()]

    def _with(self, words: list[str]) -> QuerySet[Any, Any]:
        return self.rows.filter(*(Q(search_text__contains=word) for word in words)).order_by()

    @property
    def _sqlite(self) -> str:
        """CROSS JOIN fixes the order for SQLite: the text index outside, so that LIMIT ends the scan."""
        table = self.rows.model._meta.db_table  # noqa: SLF001  Django's own way to a table's name
        return (
            f"SELECT e.id FROM {table}_search AS s CROSS JOIN {table} AS e ON e.id = s.rowid"  # noqa: S608
            f" WHERE s.search_text MATCH %s AND e.{self.column} = %s"
        )

    def _asked(self, words: list[str]) -> list[Any]:
        return [sqlite_words(words), self.value]


def sqlite_words(words: list[str]) -> str:
    """What to ask SQLite's text index for rows that hold every word."""
    return " ".join('"' + word.replace('"', '""') + '"' for word in words)


@dataclass(frozen=True, slots=True)
class Links:
    """Members linked to one thing: rows of `model` whose `column` is `of`. `name` is the way there from a member."""

    model: type[Model]
    column: str
    of: int
    name: str


def are_few(rows: QuerySet[Any, Any]) -> bool:
    """Whether an index should name them."""
    return rows.order_by().values("pk")[:FEW].count() < FEW


def linked(links: Links, *, member: str) -> Q:
    """Rows whose `member` (the name of the column) has one of these links: a tag, a group, a place in an offer.

    Few are told as ids: PostgreSQL takes every tag for an average one, and would read a million members for three.
    Links are read without their workspace, which no index of theirs has: the rows they narrow are the workspace's own.
    """
    with scopes_disabled():
        found = links.model._default_manager.filter(**{links.column: links.of})  # noqa: SLF001  Django's public name
        few = list(found.order_by().values_list("member_id", flat=True)[:LARGE])
        if len(few) < LARGE:
            return named(member, few)
        return Q(Exists(found.filter(member=OuterRef(member))))


def links_wanted(wanted: MemberFilter) -> list[Links]:
    """The tag, group and offer of a filter, as links. One that is not there has no members."""
    links = []
    if wanted.tag:
        links.append(Links(MemberTag, "tag_id", _pk(Tag.objects.filter(key=wanted.tag.lower())), "tag_links"))
    if wanted.group:
        links.append(Links(GroupMember, "group_id", _pk(Group.objects.filter(key=wanted.group.lower())), "group_links"))
    if wanted.offer:
        links.append(Links(Enrollment, "offer_id", wanted.offer, "enrollments"))
    return links


def _pk(found: QuerySet[Any, Any]) -> int:
    return found.values_list("pk", flat=True).first() or 0
