"""The dashboard over many orders and ten times as many clicks, beside the same sums from the raw rows, in one run.

100 offers, 2 stores, 10,000 members in five offers each, two years; all made by the database. Up to RAW_UP_TO orders
the rollups come from `rebuild_reports` and are compared with the raw sums before anything is timed. Beyond, the
database makes the rollups that the dashboard reads from the same formulas, without raw rows, and only the dashboard
is asked for; that both ways give the same rows is checked at the smaller size.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Count, Sum
from django_scopes import scope

from benchmarks.crowd import NOW, _series
from offerwell.actions.rebuild_reports import rebuild_reports
from offerwell.models import (
    Account,
    Click,
    Conversion,
    LedgerEntry,
    MemberClickMonth,
    Offer,
    OfferClickDay,
    OfferSalesDay,
    ProgrammeClickDay,
    ProgrammeSalesDay,
    Store,
    Workspace,
)
from offerwell.queries import sales_report as report
from offerwell.queries.sales_breakdowns import by_group, by_project
from offerwell.queries.sales_report import Scope
from offerwell.queries.sales_trends import orders_by_offer
from offerwell.rules.report_period import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OFFERS, MEMBERS, EACH_IN, DAYS = 100, 10_000, 5, 730
RAW_UP_TO = 100_000
CLICKS_PER_ORDER = 10
_TIMES = 7
HEAD = (
    "| engine | orders · clicks | question | first | median | statements | from raw rows | **raw ÷ ours** |\n"
    + "|---" * 8
    + "|"
)
LAST = NOW.date() - timedelta(days=1)
# Of order or click number `n`: days before LAST, which enrollment or link, smallest units.
_ORDER_DAY, _ORDER_PLACE, _SALES = f"n * 7 % {DAYS}", f"n * 31 % {MEMBERS * EACH_IN}", "5000 + n % 9000"
_CLICK_DAY, _CLICK_PLACE = f"n % {DAYS}", f"n / {CLICKS_PER_ORDER} % {MEMBERS * EACH_IN}"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: milliseconds of the database. `first`: on a new connection; `raw`: the sums from the raw rows."""

    engine: str
    size: int
    question: str
    first: float
    median: float
    statements: int
    raw: float | None = None

    @property
    def line(self) -> str:
        """One row of the table in docs/performance.md."""
        raw = "| – | – |" if self.raw is None else f"| {self.raw:,.0f} ms | **{self.raw / self.median:,.0f}** |"
        of = f"{self.size:,} · {self.size * CLICKS_PER_ORDER:,}"
        return (
            f"| {self.engine} | {of} | {self.question} | {self.first:.1f} ms | {self.median:.1f} ms |"
            f" {self.statements} {raw}"
        )


def measure_reports(size: int) -> Iterator[Asked]:
    """`size` orders and their clicks."""
    workspace = Workspace.objects.create(name=f"Reports {size}", slug=f"reports-{size}", created_at=NOW)
    with scope(workspace=workspace):
        stores = _ground(workspace)
        with_raw = size <= RAW_UP_TO
        if with_raw:
            _fill(workspace, stores, size)
            _rebuild(workspace, stores, size)
        else:
            _run(_rollups(workspace.pk, stores, size))
        _settle()
        month, year = (Period(LAST - timedelta(days=n - 1), LAST) for n in (30, 365))
        for period, words in ((month, "dashboard, 30 days"), (year, "dashboard, a year")):
            raw_ms = _compared_with_raw(workspace, period) if with_raw else None
            yield _asked(size, words, lambda period=period: _dashboard(workspace, period), raw_ms)
        if with_raw:
            offer = Scope(offer_id=Offer.objects.order_by("pk").values_list("pk", flat=True)[7])
            yield _asked(size, "offer page, 30 days", lambda: _offer_page(workspace, month, offer))
            yield _asked(size, "50 top members, 30 days", lambda: report.top_members(workspace, month))
            yield _asked(size, "by store, 30 days", lambda: report.by_store(workspace, month))
            for period, words in ((month, "30 days"), (year, "a year")):
                yield _asked(size, f"by project, {words}", lambda period=period: by_project(workspace, period))
                yield _asked(size, f"by group, {words}", lambda period=period: by_group(workspace, period))


def _rebuild(workspace: Workspace, stores: list[int], size: int) -> None:
    """From the raw rows; what the database makes without them is the same."""
    _run(_rollups(workspace.pk, stores, size))
    made = _rollup_rows()
    began = time.perf_counter()
    rebuilt = rebuild_reports(workspace=workspace)
    seconds = time.perf_counter() - began
    print(f"Rebuilt {rebuilt.days_with_sales} days in {seconds:.0f} s, {size / seconds:,.0f} orders/s.", flush=True)
    assert _rollup_rows() == made


def _rollup_rows() -> list[list[Any]]:
    sales, clicks = ("orders", "sales", "commission"), ("clicks", "uniques", "repeats", "bots", "rescued")
    month = ("day", "offer", "member")
    return [
        sorted(OfferSalesDay.objects.values_list("day", "offer", "store", "currency", *sales)),
        sorted(ProgrammeSalesDay.objects.values_list("day", "currency", *sales)),
        sorted(OfferClickDay.objects.values_list("day", "offer", *clicks)),
        sorted(ProgrammeClickDay.objects.values_list("day", *clicks)),
        sorted(MemberClickMonth.objects.values_list(*month, *clicks)),
    ]


def _compared_with_raw(workspace: Workspace, period: Period) -> float:
    """How many milliseconds the same sums take from the raw rows."""
    began = time.perf_counter()
    raw = _from_raw(period)
    milliseconds = (time.perf_counter() - began) * 1_000
    found = report.totals(workspace, period)
    assert (found.clicks, found.orders, sum(one.amount for one in found.sales)) == raw
    return milliseconds


def _dashboard(workspace: Workspace, period: Period) -> None:
    """What `web/sales_tracking/dashboard.py` asks of the rollups, with every offer on the screen."""
    ids = list(Offer.objects.values_list("pk", flat=True))
    report.over_time(workspace, period)
    report.offers_compared(workspace, period, ids)
    orders_by_offer(workspace, period, ids)
    report.owed(workspace)


def _offer_page(workspace: Workspace, period: Period, offer: Scope) -> None:
    report.over_time(workspace, period, offer)
    report.top_members(workspace, period, offer)


def _from_raw(period: Period) -> tuple[int, int, int]:
    """What `totals` says, from clicks, conversions and ledger: three statements, the commission thrown away."""
    clicks = Click.objects.filter(day__gte=period.first, day__lte=period.last, outcome="click", bot="").count()
    since = datetime.combine(period.first, datetime.min.time(), UTC)
    until = datetime.combine(period.last, datetime.min.time(), UTC) + timedelta(days=1)
    sold = Conversion.objects.filter(status="accepted", placed_at__gte=since, placed_at__lt=until)
    orders = sold.aggregate(n=Count("pk"), sales=Sum("sales"))
    entries = LedgerEntry.objects.filter(
        account=Account.MEMBER, order__placed_at__gte=since, order__placed_at__lt=until
    )
    entries.aggregate(total=Sum("amount"))
    return clicks, orders["n"], int(orders["sales"])


def _asked(size: int, question: str, ask: Callable[[], object], raw: float | None = None) -> Asked:
    """The statements are noted, then run and read to their end alone: what the database takes."""
    noted: list[tuple[str, object]] = []

    def note(execute: Any, sql: str, params: object, many: bool, context: Any) -> Any:
        noted.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        ask()
    connection.close()
    times = [_once(noted) for _ in range(_TIMES)]
    return Asked(connection.vendor, size, question, times[0], sorted(times)[_TIMES // 2], len(noted), raw)


def _once(statements: list[tuple[str, object]]) -> float:
    began = time.perf_counter()
    with connection.cursor() as cursor:
        for sql, params in statements:
            cursor.execute(sql, params)  # type: ignore[arg-type]
            cursor.fetchall()
    return (time.perf_counter() - began) * 1_000


def _ground(workspace: Workspace) -> list[int]:
    """Stores (their ids), offers, members with their enrollments and links."""
    stores = [_store(workspace, n) for n in (1, 2)]
    Offer.objects.bulk_create(
        Offer(
            workspace=workspace, name=f"Offer {n}", name_key=f"offer {n}", type="both", discount_kind="percent",
            discount_value=10, created_at=NOW,
        ) for n in range(OFFERS)
    )  # fmt: skip
    _run(_people(workspace.pk))
    _settle()
    return stores


def _fill(workspace: Workspace, stores: list[int], size: int) -> None:
    _run(_orders(workspace.pk, stores, size))
    _settle()
    _run(_clicks(workspace.pk, size))


def _run(statements: Iterator[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _settle() -> None:
    """As after a night: statistics, and on PostgreSQL the map of pages that an index alone can answer for."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _store(workspace: Workspace, number: int) -> int:
    made = Store.objects.create(
        workspace=workspace, label=f"Store {number}", kind="sandbox", address=f"http://r.{workspace.pk}.{number}",
        connected_at=NOW, currency="USD",
    )  # fmt: skip
    return int(made.pk)


def _people(place: int) -> Iterator[str]:
    """Members, in one group and one project; their enrollments and links."""
    false, true = ("false", "true") if connection.vendor == "postgresql" else ("0", "1")
    yield (
        "INSERT INTO offerwell_member (workspace_id, first_name, last_name, email, email_key, country, name_key,"
        f" search_text, created_at) SELECT {place}, 'M' || n, '', 'm' || n || '@x.example', 'm' || n || '@x.example',"
        f" 'FR', 'm' || n, 'm' || n, '{NOW:%Y-%m-%d}' FROM {_series(MEMBERS)}"
    )
    yield f"INSERT INTO offerwell_group (workspace_id, name, key) VALUES ({place}, 'VIP', 'vip')"
    yield (
        "INSERT INTO offerwell_groupmember (workspace_id, group_id, member_id) SELECT m.workspace_id, g.id, m.id FROM"
        f" offerwell_member m JOIN offerwell_group g ON g.workspace_id = m.workspace_id WHERE m.workspace_id = {place}"
    )
    yield (
        "INSERT INTO offerwell_project (workspace_id, name, name_key, description, status, created_at)"
        f" VALUES ({place}, 'Launch', 'launch', '', 'active', '{NOW:%Y-%m-%d}')"
    )
    yield (
        "INSERT INTO offerwell_stage (workspace_id, project_id, name, kind, position)"
        f" SELECT {place}, id, 'Welcome', 'welcome', 0 FROM offerwell_project WHERE workspace_id = {place}"
    )
    yield (
        "INSERT INTO offerwell_placement (workspace_id, project_id, stage_id, member_id, name_key, added_at,"
        f" entered_at, entered_move_id, is_skipped) SELECT {place}, s.project_id, s.id, m.id, m.name_key,"
        f" '{NOW:%Y-%m-%d}', '{NOW:%Y-%m-%d}', 0, {false} FROM offerwell_member m JOIN offerwell_stage s"
        f" ON s.workspace_id = m.workspace_id WHERE m.workspace_id = {place}"
    )
    yield (
        "INSERT INTO offerwell_projectoffer (workspace_id, project_id, offer_id, connected_at, connected_by,"
        f" disconnected_by) SELECT {place}, p.id, o.id, '{NOW:%Y-%m-%d}', '', '' FROM offerwell_offer o JOIN"
        f" offerwell_project p ON p.workspace_id = o.workspace_id WHERE o.workspace_id = {place}"
    )
    yield (
        "INSERT INTO offerwell_enrollment (workspace_id, offer_id, member_id, name_key, search_text, enrolled_at)"
        f" SELECT {place}, o.id, m.id, m.name_key, '', '{NOW:%Y-%m-%d}' FROM offerwell_member m JOIN offerwell_offer o"
        f" ON o.workspace_id = m.workspace_id AND (o.id + m.id) % {OFFERS // EACH_IN} = 0"
        f" WHERE m.workspace_id = {place}"
    )
    yield (
        "INSERT INTO offerwell_saleslink (workspace_id, offer_id, enrollment_id, is_active, last_change_id, changed_at,"
        f" created_at, slug, destination) SELECT {place}, offer_id, id, {true}, 0, '{NOW:%Y-%m-%d}', '{NOW:%Y-%m-%d}',"
        f" 'l' || id, '' FROM offerwell_enrollment WHERE workspace_id = {place}"
    )


def _orders(place: int, stores: list[int], size: int) -> Iterator[str]:
    """Each day alike; one order, its conversion, two entries."""
    placed = _moment(_ORDER_DAY)
    empty = "'[]'::jsonb" if connection.vendor == "postgresql" else "'[]'"
    false = "false" if connection.vendor == "postgresql" else "0"
    yield (
        "INSERT INTO offerwell_order (workspace_id, store_id, ref, name, placed_at, version, read_at, currency, net,"
        " refunded, is_test, codes, click_ids, first, window_days, decided_by, candidates, taken_at)"
        f" SELECT {place}, {_store_of(stores)}, '' || n, '#' || n, {placed}, 1,"
        f" '{NOW:%Y-%m-%d}', 'USD', {_SALES}, 0, {false}, {empty}, {empty}, 'code', 28, 'code', {empty},"
        f" '{NOW:%Y-%m-%d}' FROM {_series(size)}"
    )
    yield (
        "INSERT INTO offerwell_conversion (workspace_id, order_id, member_id, enrollment_id, offer_id, way, status,"
        " rejected_reason, judged_by, placed_at, currency, sales)"
        f" SELECT {place}, o.id, e.member_id, e.id, e.offer_id, 'code', 'accepted', '', '', o.placed_at, 'USD', o.net"
        f" FROM offerwell_order o JOIN {_ranked(place, 'enrollment')} e"
        f" ON e.place = {_ORDER_PLACE.replace('n ', 'CAST(o.ref AS bigint) ')}"
        f" WHERE o.workspace_id = {place}"
    )
    for account, sign in (("member", ""), ("brand", "-")):
        yield (
            "INSERT INTO offerwell_ledgerentry (workspace_id, order_id, seq, account, member_id, currency, amount,"
            f" version, cause, at) SELECT {place}, order_id, 1, '{account}', member_id, 'USD', {sign}(sales / 10), 1,"
            f" 'order', placed_at FROM offerwell_conversion WHERE workspace_id = {place}"
        )


def _clicks(place: int, size: int) -> Iterator[str]:
    """Raw clicks, then their days: every visitor comes once."""
    key = "md5({0} || '-' || n)::uuid" if connection.vendor == "postgresql" else "printf('%08d%024d', {0}, n)"
    yield (
        "INSERT INTO offerwell_click (workspace_id, link_id, offer_id, member_id, key, at, day, outcome, visitor,"
        f" origin, bot) SELECT {place}, l.id, l.offer_id, e.member_id, {key.format(place)}, {_moment(_CLICK_DAY)},"
        f" {_day(_CLICK_DAY)}, 'click', '' || n, '', '' FROM {_series(size * CLICKS_PER_ORDER)}"
        f" JOIN {_ranked(place, 'saleslink')} l ON l.place = {_CLICK_PLACE}"
        " JOIN offerwell_enrollment e ON e.id = l.enrollment_id"
    )
    yield (
        "INSERT INTO offerwell_clickday (workspace_id, link_id, offer_id, member_id, day, clicks, uniques, repeats,"
        f" bots, rescued) SELECT {place}, link_id, offer_id, member_id, day, count(*), count(*), 0, 0, 0"
        f" FROM offerwell_click WHERE workspace_id = {place} GROUP BY link_id, offer_id, member_id, day"
    )
    month = "date_trunc('month', day)::date" if connection.vendor == "postgresql" else "strftime('%Y-%m-01', day)"
    yield (
        "INSERT INTO offerwell_memberclickmonth (workspace_id, offer_id, member_id, day, clicks, uniques, repeats,"
        f" bots, rescued) SELECT {place}, offer_id, member_id, {month} AS month, sum(clicks), sum(uniques), 0, 0, 0"
        f" FROM offerwell_clickday WHERE workspace_id = {place} GROUP BY offer_id, member_id, month"
    )


def _rollups(place: int, stores: list[int], size: int) -> Iterator[str]:
    """What the dashboard reads, by the formulas of the raw rows."""
    yield (
        "INSERT INTO offerwell_offersalesday (workspace_id, day, offer_id, store_id, currency, orders, sales,"
        f" commission) SELECT {place}, {_day(_ORDER_DAY)}, e.offer_id, {_store_of(stores)}, 'USD', count(*),"
        f" sum({_SALES}), sum(({_SALES}) / 10) FROM {_series(size)} JOIN {_ranked(place, 'enrollment')} e"
        f" ON e.place = {_ORDER_PLACE} GROUP BY 2, 3, 4"
    )
    yield (
        "INSERT INTO offerwell_offerclickday (workspace_id, day, offer_id, clicks, uniques, repeats, bots, rescued)"
        f" SELECT {place}, {_day(_CLICK_DAY)}, l.offer_id, count(*), count(*), 0, 0, 0"
        f" FROM {_series(size * CLICKS_PER_ORDER)} JOIN {_ranked(place, 'saleslink')} l ON l.place = {_CLICK_PLACE}"
        " GROUP BY 2, 3"
    )
    yield (
        "INSERT INTO offerwell_programmesalesday (workspace_id, day, currency, orders, sales, commission)"
        " SELECT workspace_id, day, currency, sum(orders), sum(sales), sum(commission) FROM offerwell_offersalesday"
        f" WHERE workspace_id = {place} GROUP BY 1, 2, 3"
    )
    yield (
        "INSERT INTO offerwell_programmeclickday (workspace_id, day, clicks, uniques, repeats, bots, rescued) SELECT"
        " workspace_id, day, sum(clicks), sum(uniques), sum(repeats), sum(bots), sum(rescued)"
        f" FROM offerwell_offerclickday WHERE workspace_id = {place} GROUP BY 1, 2"
    )


def _store_of(stores: list[int]) -> str:
    return f"CASE WHEN n % 3 = 0 THEN {stores[0]} ELSE {stores[1]} END"


def _ranked(place: int, table: str) -> str:
    """Rows of offers with their place, from 0."""
    columns = "enrollment_id, offer_id" if table == "saleslink" else "offer_id, member_id"
    return (
        f"(SELECT id, {columns}, row_number() OVER (ORDER BY id) - 1 AS place FROM offerwell_{table}"
        f" WHERE workspace_id = {place})"
    )


def _moment(days_before: str) -> str:
    if connection.vendor == "postgresql":
        return f"(timestamptz '{LAST} 12:00:00+00' - ({days_before}) * interval '1 day')"
    return f"datetime('{LAST} 12:00:00', '-' || ({days_before}) || ' days')"


def _day(days_before: str) -> str:
    if connection.vendor == "postgresql":
        return f"(date '{LAST}' - (({days_before})::int))"
    return f"date('{LAST}', '-' || ({days_before}) || ' days')"
