"""Import members from CSV: new ones are added, known ones get what the file says and they lack or differ in.

Empty cells never erase anything. A file is one transaction: after a crash it was not imported, and a
second import of the same file changes nothing. Rows stream in chunks; each chunk is a handful of statements.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from django.db import IntegrityError, transaction
from django.db.models import Q

from offerwell.actions.count_members import count_members
from offerwell.actions.read_import import ImportRow, open_import, who_in
from offerwell.actions.record_event import record_event
from offerwell.actions.renew_member_copies import renew_member_copies
from offerwell.models import (
    Group,
    GroupMember,
    Member,
    MemberTag,
    SocialHandle,
    Tag,
    lock_workspace,
)
from offerwell.models.id_list import id_rows
from offerwell.models.json_rows import insert_rows, text_rows, update_rows
from offerwell.rules.countries import country_code
from offerwell.rules.import_columns import ColumnField, ImportPurpose, ImportRefused
from offerwell.rules.imported_cells import (
    OTHER_NETWORK,
    BadCell,
    Handle,
    labels_in,
    name_in,
    split_name,
)
from offerwell.rules.search_text import member_search_text, name_key

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from offerwell.actions.import_report import ImportReport
    from offerwell.rules.import_columns import ColumnMapping
    from offerwell.rules.permissions import Actor


def import_members(
    *,
    workspace_id: int,
    file: BinaryIO | Path,
    by: Actor,
    at: datetime,
    dry_run: bool = False,
    mapping: ColumnMapping | None = None,
) -> ImportReport:
    """Import every good row of `file` and report the others. Raises ImportRefused: then nothing was read in.

    A member is known by e-mail, else by handle. With `dry_run` the report says what would happen.
    """
    with open_import(file, ImportPurpose.MEMBERS, mapping, is_dry_run=dry_run) as opened:
        run = _MemberImport(workspace_id, at, opened.report)
        try:
            with nullcontext() if dry_run else transaction.atomic():
                if not dry_run:
                    lock_workspace(workspace_id)
                for chunk in opened.chunks():
                    run.take(chunk)
                if not dry_run and opened.report.added:
                    count_members(workspace_id)
                if not dry_run and (opened.report.added or opened.report.updated):
                    _record(workspace_id, opened.report, by=by, at=at)
        except IntegrityError as error:
            message = "Members changed while the file was imported. Nothing was imported: import the file again."
            raise ImportRefused(message) from error
    return opened.report


@dataclass(frozen=True, slots=True)
class _Given:
    """What a row says of a member. Empty texts say nothing."""

    row: ImportRow
    first_name: str
    last_name: str
    email: str
    handles: tuple[Handle, ...]
    country: str
    tags: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(slots=True)
class _Known:
    """A stored member. Handles as (network, key); tags and groups as keys."""

    pk: int
    first_name: str
    last_name: str
    email: str
    country: str
    handles: dict[tuple[str, str], str] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)

    def has(self, handle: Handle) -> bool:
        """Whether the member has this handle; one of unnamed network may be on any."""
        if handle.network == OTHER_NETWORK:
            return any(key == handle.key for _, key in self.handles)
        return (handle.network, handle.key) in self.handles


class _Lookup:
    """The stored members that a chunk of rows may mean: a fixed number of queries whatever the chunk."""

    def __init__(self, given: list[_Given]) -> None:
        emails = {one.email.lower() for one in given if one.email}
        keys = {handle.key for one in given for handle in one.handles}
        owned = list(
            SocialHandle.objects.filter(handle_key__in=text_rows(keys)).values_list(
                "network", "handle_key", "member_id"
            )
        )
        self.by_handle: dict[str, set[tuple[str, int]]] = {}
        for network, key, member_id in owned:
            self.by_handle.setdefault(key, set()).add((network, member_id))
        self.members = self._members(emails, {member_id for _, _, member_id in owned})
        self.by_email = {known.email.lower(): known for known in self.members.values() if known.email}
        self._details()

    def named_by(self, given: _Given) -> dict[int, str]:
        """Each stored member that the row names, with what of the row names it."""
        found: dict[int, str] = {}
        if given.email and given.email.lower() in self.by_email:
            found[self.by_email[given.email.lower()].pk] = given.email
        for handle in given.handles:
            for network, member_id in self.by_handle.get(handle.key, ()):
                if handle.network in {network, OTHER_NETWORK} or network == OTHER_NETWORK:
                    found.setdefault(member_id, f"@{handle.text}")
        return found

    def _members(self, emails: set[str], ids: set[int]) -> dict[int, _Known]:
        # Two statements, not one with OR: each walks its own index. NOT(…='') lets the partial index serve.
        columns = ("pk", "first_name", "last_name", "email", "country")
        by_email = Member.objects.filter(~Q(email_key=""), email_key__in=text_rows(emails)).values_list(*columns)
        by_id = Member.objects.filter(pk__in=id_rows(ids)).values_list(*columns)
        return {row[0]: _Known(*row) for rows in (by_email, by_id) for row in rows}

    def _details(self) -> None:
        of_these = {"member_id__in": id_rows(self.members)}
        for member_id, network, key, handle in (
            SocialHandle.objects.filter(**of_these)
            .order_by("pk")
            .values_list("member_id", "network", "handle_key", "handle")
        ):
            self.members[member_id].handles[network, key] = handle
        for member_id, key in MemberTag.objects.filter(**of_these).values_list("member_id", "tag__key"):
            self.members[member_id].tags.add(key)
        for member_id, key in GroupMember.objects.filter(**of_these).values_list("member_id", "group__key"):
            self.members[member_id].groups.add(key)


class _MemberImport:
    """One run over a file. `_seen` remembers on which line each member stood: about 100 bytes a row."""

    def __init__(self, workspace_id: int, at: datetime, report: ImportReport) -> None:
        self._workspace_id = workspace_id
        self._at = at
        self._report = report
        self._seen: dict[int, int] = {}
        self._tags: dict[str, int] = {}
        self._groups: dict[str, int] = {}

    def take(self, chunk: list[ImportRow]) -> None:
        """Import one chunk."""
        given = [one for row in chunk if (one := self._read(row)) is not None]
        lookup = _Lookup(given)
        new: list[_Given] = []
        changed: list[tuple[_Known, _Given]] = []
        for one in given:
            found = lookup.named_by(one)
            reason = self._reason_against(one, found, lookup)
            if reason:
                self._report.reject(one.row.line, reason, one.row.cells)
                continue
            self._remember(one, found)
            if not found:
                new.append(one)
            elif _differs(known := lookup.members[next(iter(found))], one):
                changed.append((known, one))
            else:
                self._report.unchanged += 1
        self._report.added += len(new)
        self._report.updated += len(changed)
        if not self._report.is_dry_run:
            self._write(new, changed)

    def _read(self, row: ImportRow) -> _Given | None:
        try:
            return _given(row, self._report)
        except BadCell as bad:
            self._report.reject(row.line, str(bad), row.cells)
            return None

    def _reason_against(self, one: _Given, found: dict[int, str], lookup: _Lookup) -> str:
        line = next((line for key in _keys(one, found) if (line := self._seen.get(key))), None)
        if line is not None:
            return f"The same member is on line {line}."
        if len(found) > 1:
            return f"{' and '.join(found.values())} belong to different members. Correct the row or the members."
        if found and one.email:
            known = lookup.members[next(iter(found))]
            if known.email and known.email.lower() != one.email.lower():
                named = next(iter(found.values()))
                return f"{named} belongs to {known.email}, not {one.email}. Correct the row or that member's e-mail."
        return ""

    def _remember(self, one: _Given, found: dict[int, str]) -> None:
        for key in _keys(one, found, is_stored=True):
            self._seen[key] = one.row.line

    def _write(self, new: list[_Given], changed: list[tuple[_Known, _Given]]) -> None:
        stored = Member.objects.bulk_create([self._member(one) for one in new])
        added = [(member.pk, _Known(0, "", "", "", ""), one) for member, one in zip(stored, new, strict=True)]
        self._add_parts(added + [(known.pk, known, one) for known, one in changed])
        self._update(changed)

    def _member(self, one: _Given) -> Member:
        first, last = one.first_name, one.last_name
        return Member(
            workspace_id=self._workspace_id, first_name=first, last_name=last, email=one.email,
            email_key=one.email.lower(), country=one.country, name_key=name_key(first, last),
            search_text=member_search_text(first, last, one.email, (handle.text for handle in one.handles)),
            created_at=self._at,
        )  # fmt: skip

    def _add_parts(self, members: list[tuple[int, _Known, _Given]]) -> None:
        """Handles, tags and groups that the members do not have yet."""
        place = self._workspace_id
        insert_rows(
            SocialHandle,
            ("workspace_id", "member_id", "network", "handle", "handle_key"),
            [
                (place, pk, handle.network, handle.text, handle.key)
                for pk, known, one in members
                for handle in one.handles
                if not known.has(handle)
            ],
        )
        tags = _labels(Tag, self._tags, (tag for _, _, one in members for tag in one.tags), place)
        insert_rows(
            MemberTag,
            ("workspace_id", "member_id", "tag_id"),
            [
                (place, pk, tags[tag.lower()])
                for pk, known, one in members
                for tag in one.tags
                if tag.lower() not in known.tags
            ],
        )
        groups = _labels(Group, self._groups, (group for _, _, one in members for group in one.groups), place)
        insert_rows(
            GroupMember,
            ("workspace_id", "member_id", "group_id"),
            [
                (place, pk, groups[group.lower()])
                for pk, known, one in members
                for group in one.groups
                if group.lower() not in known.groups
            ],
        )

    def _update(self, changed: list[tuple[_Known, _Given]]) -> None:
        texts: dict[int, tuple[str, str]] = {}
        rows = []
        for known, one in changed:
            first, last = one.first_name or known.first_name, one.last_name or known.last_name
            email, country = known.email or one.email, one.country or known.country
            handles = (*known.handles.values(), *(h.text for h in one.handles if not known.has(h)))
            texts[known.pk] = name_key(first, last), member_search_text(first, last, email, handles)
            rows.append((known.pk, (first, last, email, email.lower(), country, *texts[known.pk])))
        columns = ("first_name", "last_name", "email", "email_key", "country", "name_key", "search_text")
        update_rows(Member, columns, rows)
        renew_member_copies(texts)


def _given(row: ImportRow, report: ImportReport) -> _Given:
    """What the row says. Raises BadCell."""
    first, last = name_in(row.text(ColumnField.FIRST_NAME)), name_in(row.text(ColumnField.LAST_NAME))
    if not first and not last:
        first, last = split_name(name_in(row.text(ColumnField.NAME)))
    email, handles = who_in(row)
    if not email and not handles:
        raise BadCell("The row has no e-mail and no handle. Give one of them.")
    country = row.text(ColumnField.COUNTRY)
    code = country_code(country)
    if country and code is None:
        report.warn(f"Line {row.line}: the country “{country[:60]}” is not known and was left out.")
    return _Given(
        row, first, last, email, handles, code or "",
        labels_in(row.text(ColumnField.TAGS)), labels_in(row.text(ColumnField.GROUPS)),
    )  # fmt: skip


def _differs(known: _Known, one: _Given) -> bool:
    said = (
        (one.first_name, known.first_name),
        (one.last_name, known.last_name),
        (one.country, known.country),
    )
    return (
        any(new and new != old for new, old in said)
        or bool(one.email and not known.email)
        or any(not known.has(handle) for handle in one.handles)
        or any(tag.lower() not in known.tags for tag in one.tags)
        or any(group.lower() not in known.groups for group in one.groups)
    )


def _keys(one: _Given, found: Iterable[int], *, is_stored: bool = False) -> list[int]:
    """What tells two rows of a file to be the same member, hashed: 64 bits hold a million rows apart.

    A handle without a network meets that handle on every network, and the other way round.
    """
    keys: list[tuple[str, ...]] = [("id", str(pk)) for pk in found]
    if one.email:
        keys.append(("email", one.email.lower()))
    for handle in one.handles:
        keys.append(("handle", handle.network, handle.key))
        if is_stored or handle.network == OTHER_NETWORK:
            keys.append(("any", handle.key))
        if not is_stored and handle.network != OTHER_NETWORK:
            keys.append(("handle", OTHER_NETWORK, handle.key))
    return [hash(key) for key in keys]


def _labels(
    model: type[Tag | Group], known: dict[str, int], wanted: Iterable[str], workspace_id: int
) -> dict[str, int]:
    """Ids of tags or groups by key, making those that are not there."""
    new: dict[str, str] = {}
    for text in wanted:
        if text.lower() not in known:
            new.setdefault(text.lower(), text)
    if new:
        known.update(model.objects.filter(key__in=text_rows(new)).values_list("key", "pk"))
        missing = [
            model(workspace_id=workspace_id, name=text, key=key) for key, text in new.items() if key not in known
        ]
        known.update((label.key, label.pk) for label in model.objects.bulk_create(missing))
    return known


def _record(workspace_id: int, report: ImportReport, *, by: Actor, at: datetime) -> None:
    record_event(
        workspace_id=workspace_id, kind="members_imported", subject="members",
        facts={
            "rows": report.rows, "added": report.added, "updated": report.updated, "unchanged": report.unchanged,
            "rejected": report.rejected_count,
        },
        by=by, at=at,
    )  # fmt: skip
