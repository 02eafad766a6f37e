"""Groups and tags alike: for a kind of mark its table, the table of who carries it, and the column between them."""

from __future__ import annotations

from dataclasses import dataclass

from offerwell.models.member import Group, GroupMember, MemberTag, Tag
from offerwell.rules.marks import MarkKind


@dataclass(frozen=True, slots=True)
class MarkTables:
    """`links` has the columns `member` and `column`."""

    marks: type[Group | Tag]
    links: type[GroupMember | MemberTag]
    column: str


_TABLES = {
    MarkKind.GROUP: MarkTables(Group, GroupMember, "group"),
    MarkKind.TAG: MarkTables(Tag, MemberTag, "tag"),
}


def mark_tables(kind: MarkKind) -> MarkTables:
    """The tables of groups, or of tags."""
    return _TABLES[kind]
