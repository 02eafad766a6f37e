"""What was done to codes and links: the workspace's bulk changes, and the items of one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from offerwell.models import (
    BulkChange,
    BulkChangeItem,
    ChangeKind,
    CodeHistory,
    ItemOutcome,
    Member,
    OfferPart,
    OutcomeResult,
    PayoutOption,
    PromoCode,
    SalesLink,
    Store,
    StoreCode,
)
from offerwell.queries.change_progress import Progress, progress_of_all
from offerwell.queries.planned_change import Wish, planned_rows
from offerwell.rules.bulk_changes import What

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.models import Offer

PAGE_SIZE = 50


class ItemFilter(StrEnum):
    """What became of an item; `CHANGED` is the intent of links and whatever a store confirmed."""

    ALL = "all"
    CHANGED = "confirmed"
    ALREADY_SO = "already_so"
    RECREATED = "recreated"
    CONFLICT = "conflict"
    FAILED = "failed"
    WAITING = "waiting"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One bulk change of the list, with the change that undid it."""

    progress: Progress
    undone_by: int | None

    @property
    def change(self) -> BulkChange:
        """The change itself."""
        return self.progress.change


@dataclass(frozen=True, slots=True)
class ChangeList:
    """A page of changes, newest first. `older` and `newer` are ids to go on from."""

    rows: tuple[ChangeRow, ...]
    older: int | None
    newer: int | None


@dataclass(frozen=True, slots=True)
class StoreOutcome:
    """What one store made of one item."""

    store: str
    result: str
    reason: str


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One changed code, link or payout. Where no store is concerned there are no outcomes: the intent is all.

    `before` and `wanted` are "active" or "deactivated", of a refresh texts, of a payout names of options, and empty
    where dates or names were set.
    """

    pk: int
    member: Member | None
    text: str
    before: str
    wanted: str
    outcomes: tuple[StoreOutcome, ...]


@dataclass(frozen=True, slots=True)
class ItemPage:
    """A page of a change's items in the order they were written."""

    rows: tuple[ItemRow, ...]
    next: int | None


def change_list(*, before: int | None, after: int | None, size: int = PAGE_SIZE) -> ChangeList:
    """The changes older than `before`, or the ones just newer than `after`, or the newest."""
    changes = BulkChange.objects.select_related("offer", "payout_option")
    if after is not None:
        found = list(changes.filter(pk__gt=after).order_by("pk")[: size + 1])
        has_newer, has_older = len(found) > size, True
        found = found[:size][::-1]
    else:
        narrowed = changes.filter(pk__lt=before) if before is not None else changes
        found = list(narrowed.order_by("-pk")[: size + 1])
        has_newer, has_older = before is not None, len(found) > size
        found = found[:size]
    return ChangeList(
        rows=_change_rows(found),
        older=found[-1].pk if has_older and found else None,
        newer=found[0].pk if has_newer and found else None,
    )


def undone_by(change: BulkChange) -> BulkChange | None:
    """The change that undid this one."""
    return BulkChange.objects.filter(undoes=change).order_by("pk").first()


def item_page(change: BulkChange, wanted: ItemFilter, *, after: int = 0, size: int = PAGE_SIZE) -> ItemPage:
    """The items that came to `wanted`, after item `after`. Five statements at most."""
    found = list(_items(change, wanted).filter(pk__gt=after).order_by("pk")[: size + 1])
    has_more = len(found) > size
    found = found[:size]
    return ItemPage(_item_rows(change, found), found[-1].pk if has_more else None)


def every_item(change: BulkChange, wanted: ItemFilter = ItemFilter.ALL, *, size: int = 1_000) -> Iterator[ItemPage]:
    """All pages, for an export."""
    after = 0
    while True:
        page = item_page(change, wanted, after=after, size=size)
        yield page
        if page.next is None:
            return
        after = page.next


def bad_codes(change: BulkChange) -> int:
    """How many codes of the change failed or met a conflict on some store."""
    bad = ItemOutcome.objects.filter(change_id=change.pk, result__in=[OutcomeResult.FAILED, OutcomeResult.CONFLICT])
    return bad.order_by().values("code_id").distinct().count()


def bad_items(change: BulkChange, size: int = 20) -> ItemPage:
    """The first items that failed or met a conflict."""
    bad = ItemOutcome.objects.filter(change_id=change.pk, result__in=[OutcomeResult.FAILED, OutcomeResult.CONFLICT])
    codes = list(bad.order_by("code_id").values_list("code_id", flat=True).distinct()[:size])
    found = BulkChangeItem.objects.filter(change_id=change.pk, target_id__in=codes).order_by("pk")
    return ItemPage(_item_rows(change, list(found)), None)


@dataclass(frozen=True, slots=True)
class Interference:
    """A change that came between a plan and its confirmation: who, when, and how many of the plan's rows."""

    who: str
    at: datetime
    codes: int


def changes_between(wish: Wish, *, seen_up_to: int, at: datetime, most: int = 3) -> tuple[Interference, ...]:
    """The changes newer than `seen_up_to` that touched what the wish means, newest first."""
    newer = BulkChange.objects.filter(offer=wish.offer, kind=wish.kind, part=wish.part, pk__gt=seen_up_to)
    newer = newer.order_by("-pk")[:most]
    meant = planned_rows(wish, at=at).order_by().values("pk")
    counted = [
        (change, BulkChangeItem.objects.filter(change_id=change.pk, target_id__in=meant).count()) for change in newer
    ]
    return tuple(Interference(change.actor_name, change.at, n) for change, n in counted if n)


def affected_members(change: BulkChange) -> QuerySet[Member]:
    """The members of whom a code or link changed, for letting them know; not those whose code no store followed.

    A code that a later change took over before its store had followed was changed, unless it was changed back: a
    new text leaves a deactivated code deactivated.
    """
    items = BulkChangeItem.objects.filter(change_id=change.pk)
    if change.part == OfferPart.CODES:
        bad = ItemOutcome.objects.filter(change_id=change.pk, result__in=[OutcomeResult.FAILED, OutcomeResult.CONFLICT])
        items = items.exclude(target_id__in=bad.values("code_id"))
    if change.part == OfferPart.CODES and change.what == What.STATUS:
        taken_over = ItemOutcome.objects.filter(change_id=change.pk, result=OutcomeResult.SUPERSEDED)
        undone = PromoCode.objects.filter(pk__in=taken_over.values("code_id"), is_active=not change.to_active)
        items = items.exclude(target_id__in=undone.values("pk"))
    return Member.objects.filter(pk__in=items.values("member_id")).order_by("pk")


def last_change_of(offer: Offer) -> BulkChange | None:
    """The newest bulk change of an offer."""
    return BulkChange.objects.filter(offer=offer).order_by("-pk").first()


def _change_rows(found: list[BulkChange]) -> tuple[ChangeRow, ...]:
    undone = dict(
        BulkChange.objects.filter(undoes_id__in=[change.pk for change in found]).values_list("undoes_id", "pk")
    )
    return tuple(ChangeRow(progress, undone.get(progress.change.pk)) for progress in progress_of_all(found))


def _items(change: BulkChange, wanted: ItemFilter) -> QuerySet[BulkChangeItem]:
    items = BulkChangeItem.objects.filter(change_id=change.pk)
    if wanted == ItemFilter.ALL:
        return items
    if change.part != OfferPart.CODES:
        return items if wanted == ItemFilter.CHANGED else items.none()
    outcomes = ItemOutcome.objects.filter(change_id=change.pk, code_id=OuterRef("target_id"))
    if wanted == ItemFilter.WAITING:
        answered = ItemOutcome.objects.filter(
            change_id=change.pk, store_id=OuterRef("store_id"), code_id=OuterRef("code_id")
        )
        asked = StoreCode.objects.filter(code_id=OuterRef("target_id"), generation=change.pk)
        return items.filter(Exists(asked.filter(~Exists(answered))))
    return items.filter(Exists(outcomes.filter(result=str(wanted))))


def _item_rows(change: BulkChange, found: list[BulkChangeItem]) -> tuple[ItemRow, ...]:
    members = Member.objects.in_bulk([item.member_id for item in found])
    targets = [item.target_id for item in found]
    texts = _texts(change, targets)
    moves = _moves(change, found)
    outcomes = _outcomes(change, targets) if change.part == OfferPart.CODES else {}
    return tuple(
        ItemRow(
            item.pk, members.get(item.member_id), texts.get(item.target_id, ""), *moves[item.target_id],
            outcomes.get(item.target_id, ()),
        )
        for item in found
    )  # fmt: skip


def _texts(change: BulkChange, targets: list[int]) -> dict[int, str]:
    """What the codes or links are called now."""
    if change.part == OfferPart.CODES:
        return dict(PromoCode.objects.filter(pk__in=targets).values_list("pk", "text"))
    if change.part == OfferPart.LINKS:
        return dict(SalesLink.objects.filter(pk__in=targets).values_list("pk", "slug"))
    return {}


def _moves(change: BulkChange, found: list[BulkChangeItem]) -> dict[int, tuple[str, str]]:
    """Before and wanted of each target."""
    targets = [item.target_id for item in found]
    if change.kind == ChangeKind.REFRESH:
        entries = CodeHistory.objects.filter(code_id__in=targets)
        old = dict(entries.filter(closed_by=change.pk).values_list("code_id", "text"))
        new = dict(entries.filter(opened_by=change.pk).values_list("code_id", "text"))
        return {target: (old.get(target, ""), new.get(target, "")) for target in targets}
    if change.kind == ChangeKind.PAYOUT:
        names = dict(PayoutOption.objects.filter(offer=change.offer_id).values_list("pk", "name"))
        back: dict[int, int | None] = {}
        if change.undoes_id is not None:
            undone = BulkChangeItem.objects.filter(change_id=change.undoes_id, target_id__in=targets)
            back = dict(undone.values_list("target_id", "was_option_id"))
        return {item.target_id: _options(item, back, change, names) for item in found}
    if change.what != What.STATUS:  # the status stayed; dates and names have no before of their own
        return dict.fromkeys(targets, ("", ""))
    word = {True: "active", False: "deactivated"}
    return {item.target_id: (word[item.was_active], word[change.to_active]) for item in found}


def _options(
    item: BulkChangeItem, back: Mapping[int, int | None], change: BulkChange, names: Mapping[int, str]
) -> tuple[str, str]:
    """The names of the option before and of the wanted one: what an undo gives back, else the change's."""
    wanted = back.get(item.target_id, change.payout_option_id)
    return names.get(item.was_option_id or 0, ""), names.get(wanted or 0, "")


def _outcomes(change: BulkChange, targets: list[int]) -> dict[int, tuple[StoreOutcome, ...]]:
    """Answered stores with their outcome; a store that still owes one is `waiting`."""
    labels = dict(Store.objects.values_list("pk", "label"))
    known = {
        (row.code_id, row.store_id): row for row in ItemOutcome.objects.filter(change_id=change.pk, code_id__in=targets)
    }
    owed = StoreCode.objects.filter(code_id__in=targets, generation=change.pk).values_list("code_id", "store_id")
    found: dict[int, tuple[StoreOutcome, ...]] = {}
    for code_id, store_id in sorted(set(owed) | set(known)):
        row = known.get((code_id, store_id))
        outcome = StoreOutcome(
            labels.get(store_id, ""),
            row.result if row else str(ItemFilter.WAITING),
            row.reason if row else "",
        )
        found[code_id] = (*found.get(code_id, ()), outcome)
    return found
