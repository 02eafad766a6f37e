"""Members with handles, tags and groups, poured into the tables: the memory stays flat however many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

from offerwell.demo.bulk_rows import ids_used_until, next_id, write_rows
from offerwell.demo.people import GROUPS, TAGS, Person, people
from offerwell.models import Group, GroupMember, Member, MemberTag, SocialHandle, Tag
from offerwell.rules.search_text import member_search_text, name_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from offerwell.models import Workspace


def pour_members(workspace: Workspace, count: int, *, at: datetime) -> int:
    """Add the first `count` invented people. Gives the id of the first; the others follow without a gap."""
    first = next_id(Member)
    joined_at = Member._meta.get_field("created_at").get_db_prep_save(at, connection)  # noqa: SLF001  Django's public name
    columns = (
        "id", "workspace_id", "first_name", "last_name", "email", "email_key", "country", "name_key", "search_text",
        "created_at",
    )  # fmt: skip
    write_rows(Member, columns, (_member(person, first, workspace.pk, joined_at) for person in people(count)))
    ids_used_until(Member, first + count - 1)
    handles = ("workspace_id", "member_id", "network", "handle", "handle_key")
    write_rows(SocialHandle, handles, _handles(first, workspace.pk, count))
    _labels(workspace, first, count)
    return first


def _member(person: Person, first: int, workspace_id: int, at: Any) -> tuple[Any, ...]:
    text = member_search_text(
        person.first_name, person.last_name, person.email, (h for _, h in person.handles)
    )
    return (
        first + person.number, workspace_id, person.first_name, person.last_name, person.email, person.email,
        person.country, name_key(person.first_name, person.last_name), text, at,
    )  # fmt: skip


def _handles(first: int, workspace_id: int, count: int) -> Iterator[tuple[Any, ...]]:
    for person in people(count):
        for network, handle in person.handles:
            yield workspace_id, first + person.number, network, handle, handle


def _labels(workspace: Workspace, first: int, count: int) -> None:
    tags = [Tag.objects.create(workspace=workspace, name=name, key=name.lower()).pk for name in TAGS]
    groups = [Group.objects.create(workspace=workspace, name=name, key=name.lower()).pk for name in GROUPS]
    write_rows(
        MemberTag, ("workspace_id", "member_id", "tag_id"),
        ((workspace.pk, first + p.number, tags[tag]) for p in people(count) for tag in p.tags),
    )  # fmt: skip
    write_rows(
        GroupMember, ("workspace_id", "member_id", "group_id"),
        ((workspace.pk, first + p.number, groups[group]) for p in people(count) for group in p.groups),
    )  # fmt: skip
