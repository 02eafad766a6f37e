"""Move the planned windows of a bulk change's codes, with one item each of what they were and are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, Case, DateTimeField, Exists, F, OuterRef, Subquery, Value, When
from django.db.models.functions import Cast

from offerwell.models import BulkChange, BulkChangeItem, PromoCode, WindowItem
from offerwell.models.insert_select import insert_select
from offerwell.queries.drift_plan import with_own_window
from offerwell.rules.store_sync import NEVER

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.models import StoreCode

_COLUMNS = ("workspace_id", "change_id", "code_id", "was_starts_at", "was_ends_at", "starts_at", "ends_at")


def adopt_windows(change: BulkChange, rows: QuerySet[StoreCode], *, at: datetime) -> None:
    """Give the codes of these drifted rows the store's window as their own."""
    shown = _once_each(with_own_window(rows, at=at), rows)
    insert_select(
        WindowItem, _COLUMNS,
        shown.values_list(
            "workspace_id", _number(change.pk), "code_id", "code__starts_at", "code__ends_at", "own_starts", "own_ends"
        ),
    )  # fmt: skip
    _follow_items(change)


def note_windows_restored(change: BulkChange, rows: QuerySet[StoreCode], *, at: datetime) -> None:
    """Our windows stay; what the stores showed instead is kept, so that undoing can take it over.

    An end that was cleared is kept as "never": by then the store has ours again, which must go.
    """
    shown = _once_each(with_own_window(rows, at=at), rows)
    shown = shown.annotate(
        shown_ends=Case(When(drift__ends_at=None, then=Value(NEVER)), default="own_ends", output_field=DateTimeField())
    )
    insert_select(
        WindowItem, _COLUMNS,
        shown.values_list(
            "workspace_id", _number(change.pk), "code_id", "own_starts", "shown_ends",
            "code__starts_at", "code__ends_at",
        ),
    )  # fmt: skip


def put_windows_back(change: BulkChange, undone: BulkChange) -> None:
    """Where `undone` moved the window of a code of `change`, move it back."""
    if not WindowItem.objects.filter(change_id=undone.pk).exists():
        return
    items = BulkChangeItem.objects.filter(change_id=change.pk).values("target_id")
    moved = WindowItem.objects.filter(change_id=undone.pk, code_id__in=items)
    codes = PromoCode.objects.filter(pk=OuterRef("code_id"))
    insert_select(
        WindowItem, _COLUMNS,
        moved.annotate(
            now_starts=Subquery(codes.values("starts_at")[:1]), now_ends=Subquery(codes.values("ends_at")[:1])
        ).values_list(
            "workspace_id", _number(change.pk), "code_id", "now_starts", "now_ends",
            F("was_starts_at"), F("was_ends_at"),
        ),
    )  # fmt: skip
    _follow_items(change)


def _follow_items(change: BulkChange) -> None:
    item = WindowItem.objects.filter(change_id=change.pk, code_id=OuterRef("pk"))
    PromoCode.objects.filter(pk__in=WindowItem.objects.filter(change_id=change.pk).values("code_id")).update(
        starts_at=Subquery(item.values("starts_at")[:1]), ends_at=Subquery(item.values("ends_at")[:1])
    )


def _once_each(shown: QuerySet[StoreCode], rows: QuerySet[StoreCode]) -> QuerySet[StoreCode]:
    """One row for each code: stores whose difference is treated together show the same window."""
    return shown.exclude(Exists(rows.filter(code_id=OuterRef("code_id"), pk__lt=OuterRef("pk"))))


def _number(value: int) -> Any:
    return Cast(Value(value), BigIntegerField())
