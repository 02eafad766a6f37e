"""What happened to one member, newest first: joined, codes and links and their changes, projects, messages, edits.

Each source is asked for one page; what they give is merged by time. A page is found by key, at any depth.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q

from offerwell.models import (
    BulkChange,
    BulkChangeItem,
    ChangeKind,
    CodeHistory,
    Enrollment,
    Event,
    MessageRecipient,
    OfferPart,
    PayoutOption,
    PromoCode,
    SalesLink,
    StageMoveItem,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.models import Member, Message, Offer, StageMove

PAGE_SIZE = 20


class Happened(StrEnum):
    """What kind of thing, in the order of things that happen at the same moment."""

    ADDED = "added"
    JOINED = "joined"
    CODE = "code"
    LINK = "link"
    MOVED = "moved"
    CHANGED = "changed"
    EDITED = "edited"
    MESSAGE = "message"


_ORDER = list(Happened)


@dataclass(frozen=True, slots=True)
class Moment:
    """Where an entry stands: its time, and what orders it among those of the same time."""

    at: datetime
    rank: int
    pk: int


@dataclass(frozen=True, slots=True)
class ChangedPart:
    """A code, link or payout of the member in a bulk change. Before and after are empty where the status changed."""

    text: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. Only what belongs to its kind is filled in; `who` is empty where nobody was recorded."""

    kind: Happened
    pk: int
    at: datetime
    who: str = ""
    offer: Offer | None = None
    text: str = ""
    move: StageMove | None = None
    change: BulkChange | None = None
    parts: tuple[ChangedPart, ...] = ()
    message: Message | None = None
    state: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def moment(self) -> Moment:
        """Its place in the list."""
        return Moment(self.at, _ORDER.index(self.kind), self.pk)


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """Entries, newest first; `next` is where older ones go on."""

    entries: tuple[Entry, ...]
    next: Moment | None


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whose entries, before which moment, and how many at most from each source."""

    member: Member
    before: Moment | None
    size: int

    def older(self, rows: QuerySet[Any, Any], column: str, kind: Happened) -> list[Any]:
        """The newest rows that stand before the moment, by the time in `column`."""
        if self.before is not None:
            here = Q(**{f"{column}__lt": self.before.at})
            rank = _ORDER.index(kind)
            if rank < self.before.rank:
                here |= Q(**{column: self.before.at})
            elif rank == self.before.rank:
                here |= Q(**{column: self.before.at, "pk__lt": self.before.pk})
            rows = rows.filter(here)
        return list(rows.order_by(f"-{column}", "-pk")[: self.size + 1])


def member_activity(member: Member, *, before: Moment | None = None, size: int = PAGE_SIZE) -> ActivityPage:
    """The page before a moment, or the newest. Fourteen statements at most."""
    asked = _Asked(member, before, size)
    found = [entry for source in _SOURCES for entry in source(asked)]
    found.sort(key=lambda entry: (entry.at, _ORDER.index(entry.kind), entry.pk), reverse=True)
    shown = tuple(found[:size])
    return ActivityPage(_with_parts(member, shown), shown[-1].moment if len(found) > size else None)


def _added(asked: _Asked) -> list[Entry]:
    member = asked.member
    entry = Entry(Happened.ADDED, member.pk, member.created_at)
    before, here = asked.before, entry.moment
    is_older = before is None or (here.at, here.rank, here.pk) < (before.at, before.rank, before.pk)
    return [entry] if is_older else []


def _joined(asked: _Asked) -> list[Entry]:
    rows = Enrollment.objects.filter(member=asked.member).select_related("offer")
    return [
        Entry(Happened.JOINED, row.pk, row.enrolled_at, offer=row.offer)
        for row in asked.older(rows, "enrolled_at", Happened.JOINED)
    ]


def _codes(asked: _Asked) -> list[Entry]:
    """Codes that were made, by the text they were made with."""
    rows = CodeHistory.objects.filter(code__enrollment__member=asked.member, opened_by=None)
    return [
        Entry(Happened.CODE, row.pk, row.from_at, offer=row.code.offer, text=row.text)
        for row in asked.older(rows.select_related("code__offer"), "from_at", Happened.CODE)
    ]


def _links(asked: _Asked) -> list[Entry]:
    rows = SalesLink.objects.filter(enrollment__member=asked.member).select_related("offer")
    return [
        Entry(Happened.LINK, row.pk, row.created_at, offer=row.offer, text=row.slug)
        for row in asked.older(rows, "created_at", Happened.LINK)
    ]


def _moved(asked: _Asked) -> list[Entry]:
    """Into a project, from stage to stage, and out of it."""
    rows = StageMoveItem.objects.filter(member=asked.member).select_related("move__project")
    return [
        Entry(Happened.MOVED, row.pk, row.move.at, who=row.move.actor_name, move=row.move)
        for row in asked.older(rows, "move__at", Happened.MOVED)
    ]


def _changed(asked: _Asked) -> list[Entry]:
    return [
        Entry(Happened.CHANGED, row.pk, row.at, who=row.actor_name, offer=row.offer, change=row)
        for row in asked.older(changes_of(asked.member), "at", Happened.CHANGED)
    ]


def changes_of(member: Member) -> QuerySet[BulkChange]:
    """The bulk changes that changed something of the member, unordered.

    Items have an index by change and target alone, so the look starts from the changes of the member's offers.
    """
    items = BulkChangeItem.objects.filter(change_id=OuterRef("pk"), target_id__in=_targets(member), member_id=member.pk)
    offers = Enrollment.objects.filter(member=member).values("offer_id")
    rows = BulkChange.objects.filter(Exists(items), offer_id__in=offers)
    return rows.select_related("offer", "payout_option")


def _edited(asked: _Asked) -> list[Entry]:
    rows = Event.objects.filter(subject=f"member:{asked.member.pk}", kind="member_edited")
    return [
        Entry(Happened.EDITED, row.pk, row.at, who=row.actor_name, facts=json.loads(row.body))
        for row in asked.older(rows, "at", Happened.EDITED)
    ]


def _messages(asked: _Asked) -> list[Entry]:
    rows = MessageRecipient.objects.filter(member=asked.member, handed_over_at__isnull=False).select_related("message")
    return [
        Entry(Happened.MESSAGE, row.pk, row.handed_over_at, text=row.subject, message=row.message, state=row.state)
        for row in asked.older(rows, "handed_over_at", Happened.MESSAGE)
    ]


_SOURCES: tuple[Callable[[_Asked], list[Entry]], ...] = (
    _added, _joined, _codes, _links, _moved, _changed, _edited, _messages,
)  # fmt: skip


def _targets(member: Member) -> list[int]:
    """Ids of the member's places, codes and links: what an item of a bulk change is about. One statement."""
    places = Enrollment.objects.filter(member=member).values_list("pk")
    codes = PromoCode.objects.filter(enrollment__member=member).values_list("pk")
    links = SalesLink.objects.filter(enrollment__member=member).values_list("pk")
    return [pk for (pk,) in places.union(codes, links, all=True)]


def _with_parts(member: Member, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The entries; those of bulk changes with what of the member they changed. Six statements at most."""
    changes = {entry.change.pk: entry.change for entry in entries if entry.change is not None}
    if not changes:
        return entries
    items = BulkChangeItem.objects.filter(
        change_id__in=list(changes), target_id__in=_targets(member), member_id=member.pk
    )
    ordered = sorted(items, key=lambda item: (item.change_id, item.pk))
    texts = _texts(changes, ordered)
    parts = {
        change_id: tuple(_part(changes[change_id], item, texts) for item in of_change)
        for change_id, of_change in groupby(ordered, key=lambda item: item.change_id)
    }
    return tuple(
        entry if entry.change is None else replace(entry, parts=parts.get(entry.change.pk, ())) for entry in entries
    )


@dataclass(frozen=True, slots=True)
class _Texts:
    """What codes and links are called now, what refreshes made of codes (by code and change), names of options."""

    codes: dict[int, str]
    links: dict[int, str]
    before: dict[tuple[int, int | None], str]
    after: dict[tuple[int, int | None], str]
    options: dict[int, str]


def _texts(changes: dict[int, BulkChange], items: list[BulkChangeItem]) -> _Texts:
    def of(wanted: Callable[[BulkChange], bool]) -> list[int]:
        return [item.target_id for item in items if wanted(changes[item.change_id])]

    codes = of(lambda change: change.part == OfferPart.CODES)
    links = of(lambda change: change.part == OfferPart.LINKS)
    renamed = of(lambda change: change.kind == ChangeKind.REFRESH)
    options = {item.was_option_id for item in items} - {None}
    history = CodeHistory.objects.filter(code_id__in=renamed) if renamed else CodeHistory.objects.none()
    entries = list(history.values_list("code_id", "closed_by", "opened_by", "text"))
    return _Texts(
        codes=dict(PromoCode.objects.filter(pk__in=codes).values_list("pk", "text")) if codes else {},
        links=dict(SalesLink.objects.filter(pk__in=links).values_list("pk", "slug")) if links else {},
        before={(code, closed): text for code, closed, _, text in entries},
        after={(code, opened): text for code, _, opened, text in entries},
        options=dict(PayoutOption.objects.filter(pk__in=options).values_list("pk", "name")) if options else {},
    )


def _part(change: BulkChange, item: BulkChangeItem, texts: _Texts) -> ChangedPart:
    key = item.target_id, change.pk
    if change.kind == ChangeKind.REFRESH:
        return ChangedPart(
            texts.codes.get(item.target_id, ""), texts.before.get(key, ""), texts.after.get(key, "")
        )  # fmt: skip
    if change.kind == ChangeKind.PAYOUT:
        after = change.payout_option.name if change.payout_option else ""
        return ChangedPart("", texts.options.get(item.was_option_id or 0, ""), after)
    named = texts.codes if change.part == OfferPart.CODES else texts.links
    return ChangedPart(named.get(item.target_id, ""))
