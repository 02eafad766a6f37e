"""Money as a creator reads it: each currency by itself, nothing converted."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils.safestring import SafeString

from offerwell.rules.money import money_text
from offerwell.ui.charts import money_trend

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from offerwell.portal.gate import PortalRequest
    from offerwell.queries.creator_earnings import OwnDay, Sums


def sums_text(sums: Sums) -> str:
    """`USD 12.00 + EUR 3.50`; a dash for nothing."""
    return " + ".join(money_text(amount, currency) for currency, amount in sums) or "–"


def month_began(request: PortalRequest) -> datetime:
    """The first moment of this month, in the time zone of the person's first brand."""
    members = request.person.members
    zone = ZoneInfo(members[0].workspace.timezone if members else "UTC")
    return request.at.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def trend(days: Sequence[OwnDay], first: date, last: date, *, what: str, amount: Callable[[OwnDay], int]) -> SafeString:
    """A curve of every day from `first` to `last`, in the currency with the largest sum; nothing where that is none."""
    sums: Counter[str] = Counter()
    by_day: Counter[tuple[str, date]] = Counter()
    for one in days:
        sums[one.currency] += amount(one)
        by_day[one.currency, one.day] += amount(one)
    if not sums:
        return SafeString("")
    currency = max(sums, key=lambda name: (sums[name], name))
    every = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return money_trend([(day, by_day[currency, day]) for day in every], currency, what)
