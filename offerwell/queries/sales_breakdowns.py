"""Sales by project and by group: the members who are in them now, each with all of the days asked for.

Members are joined to their rollups by an index that carries the sums, and clicks of whole months come from months: a
year of 10,000 members is a few hundred thousand entries of indexes, not millions of rows (docs/performance.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import connection

from offerwell.models import (
    ClickDay,
    Group,
    GroupMember,
    MemberClickMonth,
    MemberSalesDay,
    Placement,
    ProgrammeSalesDay,
    Project,
)
from offerwell.queries.exchange_rates import exchange_rates
from offerwell.queries.report_figures import CLICKS, SALES, changing_currencies, figures_of
from offerwell.queries.sales_report import named
from offerwell.rules.report_period import months_and_days

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from offerwell.models import Workspace
    from offerwell.queries.report_figures import Figures
    from offerwell.queries.sales_report import Breakdown
    from offerwell.rules.exchange import Rates
    from offerwell.rules.report_period import Period

# The pairs once: SQLite keeps them as a list and looks each row up in it. What was connected again has two.
_CONNECTED = (
    " AND (m.project_id, r.offer_id) IN"
    " (SELECT project_id, offer_id FROM offerwell_projectoffer WHERE workspace_id = %s)"
)


@dataclass(frozen=True, slots=True)
class _Members:
    """A table of members (`m`), the column of what they are in, and what a row `r` of their sums must meet besides."""

    workspace: Workspace
    model: Any
    key: str
    condition: str = ""


@dataclass(frozen=True, slots=True)
class _Sums:
    """Columns to add up from one rollup over some days; of one currency (empty: it has none), day by day or not."""

    rollup: Any
    span: Period
    names: tuple[str, ...]
    currency: str = ""
    is_by_day: bool = False


def by_project(workspace: Workspace, period: Period) -> Breakdown:
    """Of each project that has any, by name. Who is in two of them counts in both; totals count once."""
    found = _figures(_Members(workspace, Placement, "project_id", _CONNECTED), period)
    return named(found, Project.objects.all(), "name")


def by_group(workspace: Workspace, period: Period) -> Breakdown:
    """Of each group that has any, by name. Who is in two of them counts in both; totals count once."""
    return named(_figures(_Members(workspace, GroupMember, "group_id"), period), Group.objects.all(), "name")


def _figures(members: _Members, period: Period) -> Mapping[int, Figures]:
    rates = exchange_rates()
    return figures_of(_sales(members, period, rates), _rows(members, _clicks(period)), rates)


def _sales(members: _Members, period: Period, rates: Rates) -> list[tuple[Any, ...]]:
    """Each currency by itself: members come in the order of the key, and nothing is sorted."""
    days = ProgrammeSalesDay.objects.filter(workspace=members.workspace, day__gte=period.first, day__lte=period.last)
    changing = changing_currencies(rates)
    parts = [
        _Sums(MemberSalesDay, period, SALES, currency, currency in changing)
        for currency in days.order_by("currency").values_list("currency", flat=True).distinct()
    ]
    return [(key, currency, _date(day), *sums) for key, currency, day, *sums in _rows(members, parts)]


def _date(day: Any) -> Any:
    """SQLite has dates as text."""
    return date.fromisoformat(day) if isinstance(day, str) else day


def _clicks(period: Period) -> list[_Sums]:
    parts = months_and_days(period)
    found = [_Sums(ClickDay, days, CLICKS) for days in parts.days]
    return found if parts.months is None else [*found, _Sums(MemberClickMonth, parts.months, CLICKS)]


def _rows(members: _Members, parts: Sequence[_Sums]) -> list[tuple[Any, ...]]:
    """One statement; none without parts."""
    if not parts:
        return []
    asked = [_statement(members, part) for part in parts]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(sql for sql, _ in asked), [one for _, params in asked for one in params])
        return cursor.fetchall()


def _statement(members: _Members, part: _Sums) -> tuple[str, list[Any]]:
    """CROSS JOIN fixes the order for SQLite: members outside, each looked up in the index that carries the sums."""
    columns, condition, grouped, asked = f"m.{members.key}", members.condition, "1", []
    if part.currency:
        day = "r.day" if part.is_by_day else "CAST(NULL AS date)"
        columns, condition = f"{columns}, %s, {day}", f"{condition} AND r.currency = %s"
        grouped, asked = "1, r.day" if part.is_by_day else "1", [part.currency]
    sums = ", ".join(f"sum(r.{name})" for name in part.names)
    workspace_id, span = members.workspace.pk, part.span
    places = [workspace_id] * (2 + members.condition.count("%s"))
    sql = (
        f"SELECT {columns}, {sums} FROM {_table(members.model)} m CROSS JOIN {_table(part.rollup)} r"  # noqa: S608
        " WHERE r.member_id = m.member_id AND r.day >= %s AND r.day <= %s"
        f" AND m.workspace_id = %s AND r.workspace_id = %s{condition} GROUP BY {grouped}"
    )
    return sql, [*asked, span.first, span.last, *places, *asked]


def _table(model: Any) -> str:
    return connection.ops.quote_name(model._meta.db_table)  # noqa: SLF001  Django's own way to a table's name
