"""Payouts, statements and their lines in words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from offerwell.models import RunState
from offerwell.rules.money import money_text
from offerwell.rules.written_dates import day_text
from offerwell.ui.ledger_words import CAUSES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from offerwell.models import PayoutTotal
    from offerwell.queries.payout_runs import Line


def title_of(last_day: date) -> str:
    """“Payout up to 30 Nov 2026”."""
    return f"Payout up to {day_text(last_day)}"


def pays_text(totals: Iterable[PayoutTotal]) -> str:
    """What is paid in each currency; nothing is an en dash."""
    return " + ".join(money_text(one.pays, one.currency) for one in totals if one.pays) or "–"


def state_of(statement: Any, *, run_state: str = RunState.APPROVED, was_paid: bool = False) -> str:
    """The status of a statement, for `status_badge`; `run_state` is that of its payout."""
    if not statement.pays:
        return "payout_carried"
    if statement.paid:
        return "payout_paid"
    if was_paid:
        return "payout_returned"
    return "payout_to_pay" if run_state == RunState.APPROVED else f"payout_{run_state}"


def statement_cells(statement: Any) -> dict[str, str]:
    """Its sums."""
    currency = statement.currency
    return {
        "opening": money_text(statement.opening, currency) if statement.opening else "–",
        "earned": money_text(statement.earned, currency),
        "pays": money_text(statement.pays, currency) if statement.pays else "–",
        "carries": money_text(statement.carries, currency) if statement.carries else "–",
    }


def line_cells(line: Line) -> dict[str, Any]:
    """One line: what it is about, of which day, why, and how much."""
    entry, conversion = line.entry, line.conversion
    return {
        "entry": entry,
        "order": entry.order if entry.order_id else None,
        "placed_at": entry.order.placed_at if entry.order_id else entry.at,
        "offer": conversion.offer.name if conversion else "",
        "cause": CAUSES.get(entry.cause, entry.cause),
        "amount": money_text(entry.amount, entry.currency),
    }


def last_month(timezone: str, *, now: datetime) -> date:
    """The last day of the month before, in the workspace's time zone: the usual end of a payout."""
    return now.astimezone(ZoneInfo(timezone)).date().replace(day=1) - timedelta(days=1)
