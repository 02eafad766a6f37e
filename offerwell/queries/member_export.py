"""Members as an import reads them back, page by page; and everything that is kept of one."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from offerwell.models import (
    CodeHistory,
    Event,
    GroupMember,
    Member,
    MemberTag,
    MessageRecipient,
    PayoutAddress,
    Placement,
    SalesLink,
    SocialHandle,
    StageMoveItem,
)
from offerwell.queries.creator_statements import every_own_statement
from offerwell.queries.keyset_page import Place, beyond_name
from offerwell.queries.member_activity import changes_of
from offerwell.queries.member_profile import member_profile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.queries.member_profile import OfferOfMember

_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class ExportedMember:
    """A member with handles as (network, handle), tags and groups by name."""

    member: Member
    handles: tuple[tuple[str, str], ...]
    tags: tuple[str, ...]
    groups: tuple[str, ...]


def exported_members(rows: QuerySet[Member], *, size: int = _AT_ONCE) -> Iterator[list[ExportedMember]]:
    """The members by name, `size` at a time; four statements each time, however deep."""
    after: Place | None = None
    while True:
        page = _page(rows, after, size)
        yield _exported(page)
        if len(page) < size:
            return
        after = _place(page[-1])


def _page(rows: QuerySet[Member], after: Place | None, size: int) -> list[Member]:
    """As the list has them."""
    beyond = rows if after is None else rows.filter(beyond_name(after))
    return list(beyond.order_by("name_key", "pk")[:size])


def _place(member: Member) -> Place:
    return Place(member.name_key, member.pk, 0)


def _exported(found: list[Member]) -> list[ExportedMember]:
    ids = [member.pk for member in found]
    handles: dict[int, list[tuple[str, str]]] = defaultdict(list)
    named = SocialHandle.objects.filter(member_id__in=ids).order_by("pk")
    for member_id, network, handle in named.values_list("member_id", "network", "handle"):
        handles[member_id].append((network, handle))
    tags = _names(MemberTag.objects.filter(member_id__in=ids).order_by("tag__key"), "tag__name")
    groups = _names(GroupMember.objects.filter(member_id__in=ids).order_by("group__key"), "group__name")
    return [ExportedMember(one, tuple(handles[one.pk]), tuple(tags[one.pk]), tuple(groups[one.pk])) for one in found]


def _names(links: QuerySet[Any, Any], column: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for member_id, name in links.values_list("member_id", column):
        found[member_id].append(name)
    return found


def everything_of(member: Member, *, at: datetime) -> dict[str, Any]:
    """All that the workspace keeps of one member, as JSON: what a person may ask for. A constant number of statements.

    Orders and clicks are not in it: none are kept yet.
    """
    profile = member_profile(member, at=at)
    return {
        "member": {
            "id": member.pk, "first_name": member.first_name, "last_name": member.last_name, "email": member.email,
            "country": member.country, "added_at": member.created_at.isoformat(),
            "handles": [{"network": one.network, "handle": one.handle} for one in profile.handles],
            "groups": [one.name for one in profile.groups], "tags": [one.name for one in profile.tags],
        },
        "offers": [_offer(one) for one in profile.offers],
        "codes": _codes(member),
        "links": _links(member),
        "projects": [_placement(one) for one in profile.placements],
        "moves": _moves(member),
        "messages": _messages(member),
        "payout_email": PayoutAddress.objects.filter(member=member).values_list("email", flat=True).first() or "",
        "statements": [_statement(one) for one in every_own_statement([member.pk])],
        "changes": _changes(member),
        "events": _events(member),
    }  # fmt: skip


def _offer(one: OfferOfMember) -> dict[str, Any]:
    return {
        "offer": one.offer.name,
        "joined_at": one.enrollment.enrolled_at.isoformat(),
        "parts": [{"part": part.part, "text": part.text, "status": str(part.seen.status)} for part in one.parts],
    }


def _codes(member: Member) -> list[dict[str, Any]]:
    """Every text the member ever had, from when until when."""
    rows = CodeHistory.objects.filter(member_id=member.pk, code__enrollment__member=member).order_by("from_at", "pk")
    return [
        {
            "text": row.text,
            "offer": row.code.offer.name,
            "from": row.from_at.isoformat(),
            "until": _moment(row.until_at),
        }
        for row in rows.select_related("code__offer")
    ]


def _links(member: Member) -> list[dict[str, Any]]:
    rows = SalesLink.objects.filter(enrollment__member=member).select_related("offer").order_by("pk")
    return [
        {
            "slug": row.slug,
            "offer": row.offer.name,
            "destination": row.destination,
            "made_at": row.created_at.isoformat(),
        }
        for row in rows
    ]


def _placement(one: Placement) -> dict[str, Any]:
    return {
        "project": one.project.name, "stage": one.stage.name, "added_at": one.added_at.isoformat(),
        "entered_at": one.entered_at.isoformat(),
    }  # fmt: skip


def _moves(member: Member) -> list[dict[str, Any]]:
    """Every move into a project, between its stages and out of it."""
    rows = StageMoveItem.objects.filter(member=member).select_related("move__project").order_by("pk")
    return [
        {
            "project": row.move.project.name, "kind": row.move.kind, "from": row.move.from_name, "to": row.move.to_name,
            "at": row.move.at.isoformat(),
        }
        for row in rows
    ]  # fmt: skip


def _messages(member: Member) -> list[dict[str, Any]]:
    """What was handed over to be sent: letters that still wait are nothing the member has."""
    rows = MessageRecipient.objects.filter(member=member, handed_over_at__isnull=False).order_by("handed_over_at", "pk")
    return [
        {
            "to": row.to, "subject": row.subject, "text": row.text, "state": row.state,
            "handed_over_at": _moment(row.handed_over_at),
        }
        for row in rows
    ]  # fmt: skip


def _statement(one: Any) -> dict[str, Any]:
    """In the smallest unit of the currency."""
    return {
        "statement": one.pk, "up_to": one.run.last_day.isoformat(), "currency": one.currency, "opening": one.opening,
        "earned": one.earned, "pays": one.pays, "carried": one.carries, "paid": one.paid,
    }  # fmt: skip


def _changes(member: Member) -> list[dict[str, Any]]:
    """The bulk changes that changed something of the member."""
    rows = changes_of(member).order_by("pk")
    return [
        {"change": row.pk, "offer": row.offer.name, "kind": row.what, "target": row.target, "at": row.at.isoformat()}
        for row in rows
    ]


def _events(member: Member) -> list[dict[str, Any]]:
    rows = Event.objects.filter(subject=f"member:{member.pk}").order_by("seq")
    return [{"kind": row.kind, "at": row.at.isoformat(), "facts": json.loads(row.body)} for row in rows]


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
