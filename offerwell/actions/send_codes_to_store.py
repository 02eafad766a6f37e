"""Codes that a store does not know yet: one row each, due now; the sync creates the discounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import BigIntegerField, DateTimeField, F, IntegerField, TextField, Value
from django.db.models.functions import Cast

from offerwell.jobs import wake
from offerwell.models import PromoCode, StoreCode
from offerwell.models.insert_select import insert_select

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet
    from django.db.models.expressions import Combinable


def send_codes_to_store(codes: QuerySet[PromoCode], store_id: int, *, at: datetime) -> int:
    """Make `codes` wait for this store and wake its sync. Call inside a transaction. Gives how many."""
    empty, zero, never = _text(""), Cast(Value(0), IntegerField()), Cast(Value(-1), BigIntegerField())
    store, first = Cast(Value(store_id), BigIntegerField()), Cast(Value(0), BigIntegerField())
    columns: dict[str, Combinable] = {
        "workspace_id": F("workspace_id"), "store_id": store, "code_id": F("pk"), "ref": empty,
        "generation": first, "observed_generation": never, "observed_status": empty, "lease_owner": empty,
        "attempts": zero, "last_error": empty, "problem": empty, "written_generation": never,
        "written_how": empty, "due_at": Cast(Value(at), DateTimeField()),
    }  # fmt: skip
    sent = insert_select(StoreCode, tuple(columns), codes.order_by().values_list(*columns.values()))
    wake("sync_store", store_id)
    return sent


def _text(value: str) -> Cast:
    return Cast(Value(value), TextField())
