"""Add clicks up per day, offer, member and link, a bounded number at once. A second time changes nothing.

What is counted is what the raw clicks say (`ClickDay`), and the sums of each offer, of all and of each member's month
(`OfferClickDay`, `ProgrammeClickDay`, `MemberClickMonth`); a test counts them anew and compares.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Min
from django_scopes import scopes_disabled

from offerwell.models import Click, ClickDay, ClickMark, ClickSalt, MemberClickMonth, OfferClickDay, ProgrammeClickDay
from offerwell.models.add_up import add_up
from offerwell.queries.click_counts import OWNER, counted_columns

if TYPE_CHECKING:
    from datetime import datetime

AT_ONCE = 50_000
# Days differ by zone; two days after its name a day is over everywhere.
_SALT_DAYS = 2

SUMS = ("clicks", "uniques", "repeats", "bots", "rescued")
OFFER_CLICK_KEYS = ("workspace_id", "day", "offer_id")
PROGRAMME_CLICK_KEYS = ("workspace_id", "day")
MONTH_CLICK_KEYS = ("workspace_id", "offer_id", "day", "member_id")
_CELLS = (*OWNER, *SUMS, "month")
# The same cells where the day of a row is the first of its month.
_CELLS_BY_MONTH = tuple({"day": "", "month": "day"}.get(name, name) for name in _CELLS)
_MONTH = {"sqlite": "strftime('%%Y-%%m-01', c.day)", "postgresql": "date_trunc('month', c.day)::date"}
_LISTED = {"sqlite": "json_group_array(json_array({}))", "postgresql": "jsonb_agg(jsonb_build_array({}))::text"}


def count_clicks(*, at: datetime) -> int:
    """Count the next clicks. Gives how many arrivals that were; 0 when all are counted.

    `at` is when: hash keys of days that are over then are forgotten.
    """
    newest = _newest_settled()
    with transaction.atomic(), scopes_disabled():
        ClickMark.objects.get_or_create(pk=1)
        mark = ClickMark.objects.select_for_update().get(pk=1)
        first = Click.objects.filter(pk__gt=mark.counted_to, pk__lte=newest).aggregate(first=Min("pk"))["first"]
        if first is None:
            return 0
        until = min(newest, first - 1 + AT_ONCE)  # from the first there is: ids have gaps
        counted = _add_up(mark.counted_to, until)
        ClickMark.objects.filter(pk=1).update(counted_to=until)
        ClickSalt.objects.filter(day__lt=(at - timedelta(days=_SALT_DAYS)).date()).delete()
    return counted


def _newest_settled() -> int:
    """The id up to which every click is committed or will never be.

    PostgreSQL gives out ids before it commits them. Its SHARE lock waits for all who write and holds up the others,
    so for a moment nobody has an uncommitted id. SQLite has one writer, whose ids are in order.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("LOCK TABLE offerwell_click IN SHARE MODE")
        cursor.execute("SELECT coalesce(max(id), 0) FROM offerwell_click")
        return int(cursor.fetchone()[0])


def _add_up(after: int, until: int) -> int:
    """Counted once, as one text that goes into four tables: of links, of offers, of all, of members by month."""
    columns = counted_columns(connection.vendor)
    sums = ", ".join(f"{columns[name]} AS {name}" for name in SUMS)
    owner = ", ".join(f"c.{column}" for column in OWNER)
    cells = ", ".join(f"added.{name}" for name in _CELLS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_LISTED[connection.vendor].format(cells)}, sum(clicks + bots + rescued) "  # noqa: S608
            f"FROM (SELECT {owner}, {sums}, {_MONTH[connection.vendor]} AS month FROM offerwell_click c "
            f"WHERE c.id > %s AND c.id <= %s GROUP BY {owner}) added",
            [after, until],
        )
        rows, arrivals = cursor.fetchone()
    if arrivals:
        add_up(
            ClickDay, rows, _CELLS, keys=("link_id", "day"), told=("workspace_id", "offer_id", "member_id"), sums=SUMS
        )
        add_up(OfferClickDay, rows, _CELLS, keys=OFFER_CLICK_KEYS, sums=SUMS)
        add_up(ProgrammeClickDay, rows, _CELLS, keys=PROGRAMME_CLICK_KEYS, sums=SUMS)
        add_up(MemberClickMonth, rows, _CELLS_BY_MONTH, keys=MONTH_CLICK_KEYS, sums=SUMS)
    return int(arrivals or 0)
