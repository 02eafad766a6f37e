"""Other attribution rules over past orders: seconds for all of them, beside reading the same rows raw."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.db.models import F
from django_scopes import scope

from benchmarks.orders import NOW, orders_of_codes
from offerwell.models import Click, CodeHistory, Conversion, Enrollment, LedgerEntry, Order, SalesLink
from offerwell.models.statistics import refresh_statistics
from offerwell.queries.attribution_replay import replay_scope, replayed
from offerwell.rules.attribution import AttributionPolicy, First

HEAD = "| engine | orders | raw read | replay | **÷ raw** | orders/s | grown by |\n" + "|---" * 7 + "|"
_RAW = (
    "SELECT o.id, o.store_id, o.ref, o.placed_at, o.currency, o.net, o.refunded, o.codes, o.click_ids, o.decided_by,"
    " c.member_id, c.status, c.sales FROM offerwell_order o LEFT JOIN offerwell_conversion c ON c.order_id = o.id"
    " WHERE o.workspace_id = %s AND o.id > %s ORDER BY o.id LIMIT 1000"
)


@dataclass(frozen=True, slots=True)
class ReplayTimes:
    """Seconds; `megabytes` is how much the peak of memory grew during the replay."""

    engine: str
    orders: int
    raw: float
    replay: float
    megabytes: int

    @property
    def line(self) -> str:
        """One row of the table in docs/performance.md."""
        times = f"{self.raw:.1f} s | {self.replay:.1f} s | {self.replay / self.raw:.1f}"
        rate = self.orders / self.replay
        return f"| {self.engine} | {self.orders:,} | {times} | {rate:,.0f} | {self.megabytes} MB |"


def measure_replay(size: int) -> ReplayTimes:
    """`size` orders: nine in ten with a code, one in five with a click of another member."""
    workspace = orders_of_codes(size, name=f"Replay {size}")
    with scope(workspace=workspace):
        _carry_clicks()
        refresh_statistics(Order, Conversion, CodeHistory, Click, LedgerEntry)  # as a minute later by itself
        raw = _raw(workspace.pk)
        before = _peak()
        began = time.perf_counter()
        within, total = replay_scope(NOW - timedelta(days=30))
        figures = replayed(within, AttributionPolicy(First.LINK, 14))
        seconds = time.perf_counter() - began
        assert figures.orders == total == size == Order.objects.count()
        assert figures.moved >= size // 6
    return ReplayTimes(connection.vendor, size, raw, seconds, _peak() - before)


def _carry_clicks() -> None:
    SalesLink.objects.bulk_create(
        SalesLink(
            workspace_id=one.workspace_id, offer_id=one.offer_id, enrollment=one, slug=f"replay-{one.pk}",
            changed_at=NOW, created_at=NOW,
        )
        for one in Enrollment.objects.order_by("pk")[:1_000]
    )  # fmt: skip
    links = list(SalesLink.objects.values_list("pk", "offer_id", "enrollment__member_id"))
    orders = Order.objects.annotate(rest=F("pk") % 5).filter(rest=0).order_by("pk")
    for start in range(0, orders.count(), 1_000):
        batch = list(orders[start : start + 1_000])
        for order in batch:
            order.click_ids = [str(UUID(int=order.pk))]
        Order.objects.bulk_create(batch, update_conflicts=True, unique_fields=["id"], update_fields=["click_ids"])
        Click.objects.bulk_create(_click(order, links[order.pk % len(links)]) for order in batch)


def _click(order: Order, link: tuple[int, int, int]) -> Click:
    link_id, offer_id, member_id = link
    return Click(
        workspace_id=order.workspace_id, link_id=link_id, offer_id=offer_id, member_id=member_id,
        key=UUID(int=order.pk), at=order.placed_at - timedelta(days=1), day=order.placed_at.date(), outcome="click",
        visitor="v", origin="o",
    )  # fmt: skip


def _raw(workspace_id: int) -> float:
    """The rows alone, in batches of the same size."""
    began, after = time.perf_counter(), 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_RAW, [workspace_id, after])
            rows = cursor.fetchall()
            if not rows:
                return time.perf_counter() - began
            after = rows[-1][0]


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
