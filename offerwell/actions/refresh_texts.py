"""What a confirmed refresh writes: the codes' new texts, their history, and what a search finds them by.

Part of the one transaction of `actions/change_offer_status.py`; set-based, like all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    DateTimeField,
    F,
    OuterRef,
    Q,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Concat, Lower

from offerwell.models import BulkChangeItem, CodeHistory, CodeProposal, Enrollment, Member, PromoCode
from offerwell.models.insert_select import insert_select
from offerwell.models.joined_texts import JoinedTexts

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.models import BulkChange
    from offerwell.queries.planned_change import Wish


def write_texts(change: BulkChange, wish: Wish, *, at: datetime) -> None:
    """Give the codes of the change's items their new texts. The old ones stay their members' in the history."""
    codes = PromoCode.objects.filter(pk__in=_items_of(change).values("target_id"))
    codes.update(**_new_texts(wish), text_change_id=change.pk, changed_at=at)
    _close_history(change, at=at)
    _open_history(change, codes, at=at)
    _find_by_search(change)


def _items_of(change: BulkChange) -> QuerySet[BulkChangeItem]:
    return BulkChangeItem.objects.filter(change_id=change.pk)


def _new_texts(wish: Wish) -> dict[str, Subquery]:
    if wish.undoes is not None:
        wanted: QuerySet[Any] = CodeHistory.objects.filter(code=OuterRef("pk"), closed_by=wish.undoes.pk)
    else:
        wanted = CodeProposal.objects.filter(code=OuterRef("pk"), batch=wish.batch)
    return {column: Subquery(wanted.values(column)[:1], CharField()) for column in ("text", "text_key")}


def _close_history(change: BulkChange, *, at: datetime) -> None:
    """An entry never ends before it began, whatever the clocks of two machines say."""
    ends = Case(
        When(Q(from_at__gt=at), then=F("from_at")), default=Cast(Value(at), DateTimeField()),
        output_field=DateTimeField(),
    )  # fmt: skip
    entries = CodeHistory.objects.filter(code_id__in=_items_of(change).values("target_id"), until_at=None)
    entries.update(until_at=ends, closed_by=change.pk)


def _open_history(change: BulkChange, codes: QuerySet[PromoCode], *, at: datetime) -> None:
    insert_select(
        CodeHistory,
        ("workspace_id", "code_id", "member_id", "text", "text_key", "from_at", "opened_by"),
        codes.order_by().values_list(
            "workspace_id", "pk", "enrollment__member_id", "text", "text_key", Cast(Value(at), DateTimeField()),
            Cast(Value(change.pk), BigIntegerField()),
        ),
    )  # fmt: skip


def _find_by_search(change: BulkChange) -> None:
    """A search for the new text finds the member: the line of `rules/search_text.py`, made by the database."""
    codes = PromoCode.objects.filter(enrollment=OuterRef("pk")).order_by().values("enrollment")
    texts = codes.annotate(texts=JoinedTexts(Lower("text"))).values("texts")
    member = Member.objects.filter(pk=OuterRef("member")).values("search_text")
    parts = (Subquery(member, TextField()), Value(" ", TextField()), Subquery(texts, TextField()))
    places = Enrollment.objects.filter(pk__in=_items_of(change).values("enrollment_id"))
    places.update(search_text=Concat(*parts, output_field=TextField()))
