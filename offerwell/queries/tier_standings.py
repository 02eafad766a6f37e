"""What places in offers had sold before some conversions: the facts that decide their tiers. Two statements."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.db.models import Count, Sum

from offerwell.models import Conversion, ConversionStatus
from offerwell.models.id_list import id_rows
from offerwell.rules.pay_tiers import Sold, Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from offerwell.queries.replayed_tiers import AskedTier

_COLUMNS = ("pk", "enrollment_id", "order_id", "placed_at", "currency", "sales", "status")


def months_begin(asked: Iterable[Conversion | AskedTier], zone: ZoneInfo) -> datetime:
    """The start of the month that the first of them is in."""
    first = min(row.placed_at for row in asked).astimezone(zone)
    return first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def sold_around(asked: Sequence[Conversion | AskedTier], zone: ZoneInfo) -> tuple[list[Sold], dict[int, Standing]]:
    """The conversions of their places in the months that they are in, and what each place had sold until then."""
    since = months_begin(asked, zone)
    until = max(row.placed_at for row in asked)
    rows = Conversion.objects.filter(
        member__in=id_rows({row.member_id for row in asked}),
        enrollment__in=id_rows({row.enrollment_id for row in asked}),
    )
    found = rows.filter(placed_at__gte=since, placed_at__lte=until).values_list(*_COLUMNS)
    sold = [
        Sold(pk, place, order_id, placed_at, currency, sales, status == ConversionStatus.ACCEPTED)
        for pk, place, order_id, placed_at, currency, sales, status in found
    ]
    before = rows.filter(placed_at__lt=since, status=ConversionStatus.ACCEPTED).order_by()
    sums = before.values_list("enrollment_id", "currency").annotate(Sum("sales"), Count("pk"))
    return sold, _standings(sums)


def _standings(sums: Iterable[tuple[int, str, int, int]]) -> dict[int, Standing]:
    found: dict[int, Standing] = defaultdict(Standing)
    for place, currency, sales, conversions in sums:
        found[place].add(currency, int(sales), conversions)
    return found
