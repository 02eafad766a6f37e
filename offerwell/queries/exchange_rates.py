"""The reporting currency, and the dated rates into it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from offerwell.models import ExchangeRate, ReportingCurrency
from offerwell.rules.exchange import Rates

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal


def reporting_currency() -> str:
    """Empty where the workspace has chosen none."""
    return ReportingCurrency.objects.values_list("currency", flat=True).first() or ""


def exchange_rates() -> Rates:
    """Every rate into the reporting currency. Two statements, one where there is none."""
    into = reporting_currency()
    if not into:
        return Rates()
    dated: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
    rows = ExchangeRate.objects.filter(into=into).order_by("day")
    for currency, day, rate in rows.values_list("currency", "day", "rate"):
        dated[currency].append((day, rate))
    return Rates(into, {currency: tuple(rates) for currency, rates in dated.items()})
