"""What the unique clicks of a link and day should have earned, and what was posted for them: they must be the same."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db.models import Max, Sum

from offerwell.models import Account, ClickDay, LedgerEntry, PayoutKind, PayoutOption
from offerwell.models.id_list import id_rows
from offerwell.queries.payout_history import places_then

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

_COLUMNS = ("pk", "member_id", "day", "posted_uniques", "link__enrollment_id", "workspace__timezone")


def click_targets(day_ids: Iterable[int]) -> Mapping[int, dict[tuple[int, str], int]]:
    """Day's row → (member, currency) → smallest units, for the uniques that were posted. Five statements at most."""
    days = list(ClickDay.objects.filter(pk__in=id_rows(day_ids)).values_list(*_COLUMNS))
    if not days:
        return {}
    began = {pk: _start_of(day, zone) for pk, _member, day, _uniques, _place, zone in days}
    places = places_then({place for *_, place, _zone in days}, since=min(began.values()))
    amounts = _amounts({option for place in places.values() for option in place.options})
    found = {}
    for pk, member_id, _day, uniques, place, _zone in days:
        pays = amounts.get(places[place].option_at(began[pk]) or 0)
        if pays is not None and uniques:
            amount, currency = pays
            found[pk] = {(member_id, currency): uniques * amount}
    return found


def posted_for_clicks(ids: Sequence[int]) -> dict[int, tuple[dict[tuple[int, str], int], int]]:
    """Day's row → (member, currency) → sum, and its last posting. One statement."""
    found: dict[int, tuple[dict[tuple[int, str], int], int]] = {}
    entries = LedgerEntry.objects.filter(click_day__in=id_rows(ids), account=Account.MEMBER).order_by()
    sums = entries.values_list("click_day_id", "member_id", "currency").annotate(total=Sum("amount"), seq=Max("seq"))
    for day_id, member_id, currency, total, seq in sums:
        before, last = found.get(day_id, ({}, 0))
        found[day_id] = ({**before, (member_id, currency): int(total)}, max(last, seq))
    return found


def _start_of(day: date, zone: str) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(zone))


def _amounts(option_ids: set[int]) -> dict[int, tuple[int, str]]:
    """Option → what a click pays and its currency, for options that pay per click."""
    rows = PayoutOption.objects.filter(pk__in=id_rows(option_ids), kind=PayoutKind.CPC, amount__isnull=False)
    return {pk: (amount, currency) for pk, amount, currency in rows.values_list("pk", "amount", "currency")}
