"""What a brand did with one person's codes and links in an offer: switched on or off, renamed, when and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q

from offerwell.models import BulkChange, BulkChangeItem, ChangeKind, CodeHistory, OfferPart

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.queries.creator_offers import OwnOffer

HISTORY_SHOWN = 20


class Did(StrEnum):
    """What happened to a code or link."""

    ACTIVATED = "activated"
    DEACTIVATED = "deactivated"
    RENAMED = "renamed"


@dataclass(frozen=True, slots=True)
class OwnChange:
    """One change of one code or link. `text` is its text (renamed: the new one, `before` the old one).

    `reason` is what the brand told of it, while it tells reasons and unless it took the change back. Who of the brand
    did it is the brand's business.
    """

    did: Did
    part: OfferPart
    text: str
    at: datetime
    before: str = ""
    reason: str = ""


def own_history(own: OwnOffer, *, most: int = HISTORY_SHOWN) -> tuple[OwnChange, ...]:
    """The latest changes, newest first. Three statements at most; what left a status as it was is not among them."""
    names = {(part.part, part.pk): part.text for part in own.parts}
    changes = {one.pk: one for one in _changes(own).order_by("-pk")[:most]}
    if not changes:
        return ()
    items = BulkChangeItem.objects.filter(
        change_id__in=list(changes), enrollment_id=own.enrollment.pk, target_id__in=[pk for _, pk in names]
    )
    texts = _texts(own, [pk for pk, one in changes.items() if one.kind == ChangeKind.REFRESH])
    found = []
    for item in items.order_by("-change_id", "pk"):
        change = changes[item.change_id]
        name = names.get((OfferPart(change.part), item.target_id))
        if name is not None and (told := _told(change, item, name, texts)):
            found.append(told)
    return tuple(found[:most])


def _changes(own: OwnOffer) -> QuerySet[Any]:
    """The changes of the offer that have an item for one of the parts: the index of items answers."""
    items = BulkChangeItem.objects.filter(change_id=OuterRef("pk"), enrollment_id=own.enrollment.pk)
    codes = items.filter(target_id__in=[part.pk for part in own.codes])
    links = items.filter(target_id__in=[part.pk for part in own.links])
    touched = Q(Exists(codes), part=OfferPart.CODES) | Q(Exists(links), part=OfferPart.LINKS)
    undone = Exists(BulkChange.objects.filter(undoes=OuterRef("pk")))
    kinds = [ChangeKind.STATUS, ChangeKind.REFRESH]
    found = BulkChange.objects.filter(touched, offer=own.offer, kind__in=kinds)
    return found.select_related("workspace").annotate(is_undone=undone)


_Texts = dict[tuple[int, int], str]


def _texts(own: OwnOffer, renames: list[int]) -> tuple[_Texts, _Texts]:
    """The text before and after, by (code, change); of the person's own texts only."""
    if not renames:
        return {}, {}
    mine = CodeHistory.objects.filter(
        code_id__in=[code.pk for code in own.codes], member_id=own.enrollment.member_id
    ).filter(Q(opened_by__in=renames) | Q(closed_by__in=renames))
    rows = list(mine.values_list("code_id", "opened_by", "closed_by", "text"))
    return (
        {(code, closed): text for code, _, closed, text in rows},
        {(code, opened): text for code, opened, _, text in rows},
    )


def _told(
    change: Any, item: BulkChangeItem, name: str, texts: tuple[_Texts, _Texts]
) -> OwnChange | None:  # fmt: skip
    reason = "" if change.is_undone or not change.workspace.tells_reasons else change.creator_reason
    part = OfferPart(change.part)
    if change.kind == ChangeKind.REFRESH:
        before, after = (side.get((item.target_id, change.pk), "") for side in texts)
        return OwnChange(Did.RENAMED, part, after or name, change.at, before, reason) if before else None
    if item.was_active == change.to_active:
        return None
    return OwnChange(Did.ACTIVATED if change.to_active else Did.DEACTIVATED, part, name, change.at, reason=reason)
