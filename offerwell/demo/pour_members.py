"""Members with handles, tags and groups, poured into the tables: the memory stays flat however many."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db import connection

from offerwell.actions.count_members import count_members
from offerwell.demo.bulk_rows import ids_used_until, next_id, write_rows
from offerwell.demo.people import GROUPS, TAGS, Person, people
from offerwell.models import Group, GroupMember, Member, MemberTag, SocialHandle, Tag
from offerwell.rules.search_text import member_search_text, name_key

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Workspace

_AT_ONCE = 5_000
_MEMBER = (
    "id", "workspace_id", "first_name", "last_name", "email", "email_key", "country", "name_key", "search_text",
    "created_at",
)  # fmt: skip


def pour_members(workspace: Workspace, count: int, *, at: datetime) -> int:
    """Add the first `count` invented people. Gives the id of the first; the others follow without a gap."""
    first = next_id(Member)
    pour = _Pour(workspace.pk, first, _stored(at), _labels(Tag, TAGS, workspace), _labels(Group, GROUPS, workspace))
    everybody = people(count)
    while chunk := list(islice(everybody, _AT_ONCE)):
        pour.write(chunk)
    ids_used_until(Member, first + count - 1)
    count_members(workspace.pk)
    return first


def _stored(at: datetime) -> Any:
    """The moment as this database keeps it."""
    return Member._meta.get_field("created_at").get_db_prep_save(at, connection)  # noqa: SLF001  Django's public name


def _labels(model: type[Tag | Group], names: tuple[str, ...], workspace: Workspace) -> list[int]:
    return [model.objects.create(workspace=workspace, name=name, key=name.lower()).pk for name in names]


@dataclass(frozen=True, slots=True)
class _Pour:
    """Where the rows go, and the ids they refer to."""

    workspace_id: int
    first: int
    at: Any
    tags: list[int]
    groups: list[int]

    def write(self, chunk: list[Person]) -> None:
        """The members of a chunk and everything they carry."""
        place, first = self.workspace_id, self.first
        write_rows(Member, _MEMBER, [self._member(person) for person in chunk])
        write_rows(
            SocialHandle, ("workspace_id", "member_id", "network", "handle", "handle_key"),
            [(place, first + p.number, network, handle, handle) for p in chunk for network, handle in p.handles],
        )  # fmt: skip
        write_rows(
            MemberTag, ("workspace_id", "member_id", "tag_id"),
            [(place, first + p.number, self.tags[tag]) for p in chunk for tag in p.tags],
        )  # fmt: skip
        write_rows(
            GroupMember, ("workspace_id", "member_id", "group_id"),
            [(place, first + p.number, self.groups[group]) for p in chunk for group in p.groups],
        )  # fmt: skip

    def _member(self, person: Person) -> tuple[Any, ...]:
        handles = (handle for _, handle in person.handles)
        return (
            self.first + person.number, self.workspace_id, person.first_name, person.last_name, person.email,
            person.email, person.country, name_key(person.first_name, person.last_name),
            member_search_text(person.first_name, person.last_name, person.email, handles), self.at,
        )  # fmt: skip
