"""Choose the currency that totals of several currencies are shown in, or none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.models import ReportingCurrency, lock_workspace
from offerwell.queries.exchange_rates import reporting_currency

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


class CurrencyRefused(Exception):
    """Nothing was changed. The sentence says what to enter."""


def set_reporting_currency(*, workspace_id: int, currency: str, by: Actor, at: datetime) -> bool:
    """Choose it; empty: each currency stands apart. False when it was so already. Raises CurrencyRefused.

    Rates are kept with the currency they are into: those of another one stay and do not count.
    """
    wanted = currency.strip().upper()
    if wanted and not re.fullmatch("[A-Z]{3}", wanted):
        raise CurrencyRefused(f"“{currency[:20]}” is no currency. Enter three letters, as EUR.")
    with transaction.atomic():
        lock_workspace(workspace_id)
        before = reporting_currency()
        if before == wanted:
            return False
        ReportingCurrency.objects.all().delete()
        if wanted:
            ReportingCurrency.objects.create(workspace_id=workspace_id, currency=wanted)
        record_event(
            workspace_id=workspace_id, kind="reporting_currency_set", subject="workspace",
            facts={"currency": wanted or "none", "before": before or "none"}, by=by, at=at,
        )  # fmt: skip
    return True
