"""Orders a second: taken in, credited and posted, in batches of 1,000; then again unchanged, then refunded.

Beside them the same rows as raw inserts, in the same run: what the database alone takes.
"""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django_scopes import scope

from benchmarks.crowd import make_crowd
from offerwell.actions.record_order import BATCH, record_orders
from offerwell.models import (
    Account,
    CodeHistory,
    Enrollment,
    LedgerEntry,
    Order,
    PayoutOption,
    PromoCode,
    Store,
    StoreKind,
    Workspace,
)
from offerwell.rules.order_snapshot import LineSnapshot, OrderSnapshot

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
HEAD = (
    "| engine | orders | raw inserts/s | new/s | **÷ raw** | unchanged/s | refunded/s | peak memory |\n"
    + "|---" * 8
    + "|"
)


@dataclass(frozen=True, slots=True)
class OrderRates:
    """Orders a second."""

    engine: str
    orders: int
    raw: float
    fresh: float
    unchanged: float
    refunded: float
    megabytes: int

    @property
    def line(self) -> str:
        """One row of the table in docs/performance.md."""
        rates = f"{self.raw:,.0f} | {self.fresh:,.0f} | {self.fresh / self.raw:.2f} | {self.unchanged:,.0f}"
        return f"| {self.engine} | {self.orders:,} | {rates} | {self.refunded:,.0f} | {self.megabytes} MB |"


def measure_orders(size: int, *, codes: int = 10_000) -> OrderRates:
    """`size` orders of one line, nine in ten with one of `codes` codes."""
    store, texts = _store_with_codes(f"Orders {size}", codes)
    with scope(workspace=store.workspace):
        raw = _raw_rate(store, size)
        fresh, unchanged, refunded = (
            _rate(store, size, texts, minutes=minutes, back=back) for minutes, back in ((0, 0), (0, 0), (5, 2_500))
        )
        assert Order.objects.filter(store=store).count() == size
        assert LedgerEntry.objects.filter(account=Account.MEMBER).count() == 2 * (size - size // 10)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return OrderRates(connection.vendor, size, raw, fresh, unchanged, refunded, megabytes)


def orders_of_codes(size: int, *, name: str, codes: int = 10_000) -> Workspace:
    """A workspace with `size` recorded orders, as above."""
    store, texts = _store_with_codes(name, codes)
    with scope(workspace=store.workspace):
        _rate(store, size, texts, minutes=0, back=0)
    return store.workspace


def _store_with_codes(name: str, codes: int) -> tuple[Store, list[str]]:
    offer = make_crowd(codes, name=name)
    with scope(workspace=offer.workspace):
        store = Store.objects.create(
            workspace=offer.workspace, label=name, kind=StoreKind.SANDBOX, address="http://orders.example",
            connected_at=NOW,
        )  # fmt: skip
        option = PayoutOption.objects.create(
            workspace=offer.workspace, offer=offer, name="Ten", name_key="ten", kind="cps", basis_points=1_000,
            created_at=NOW,
        )  # fmt: skip
        Enrollment.objects.filter(offer=offer).update(payout_option=option)
        texts = list(PromoCode.objects.filter(offer=offer).values_list("text", flat=True))
        found = PromoCode.objects.filter(offer=offer).values_list("pk", "enrollment__member_id", "text", "text_key")
        CodeHistory.objects.bulk_create(
            CodeHistory(
                workspace=offer.workspace, code_id=pk, member_id=member_id, text=text, text_key=text_key, from_at=NOW
            )
            for pk, member_id, text, text_key in found
        )
    return store, texts


def _rate(store: Store, size: int, texts: list[str], *, minutes: int, back: int) -> float:
    began = time.perf_counter()
    for start in range(0, size, BATCH):
        batch = [_snapshot(n, texts, minutes, back) for n in range(start, min(size, start + BATCH))]
        record_orders(store=store, snapshots=batch, read_at=NOW, at=NOW)
    return size / (time.perf_counter() - began)


def _snapshot(number: int, texts: list[str], minutes: int, back: int) -> OrderSnapshot:
    codes = (texts[number * 7 % len(texts)],) if number % 10 else ("STRANGER",)
    return OrderSnapshot(
        ref=str(number), name=f"#{number}", placed_at=NOW, updated_at=NOW + timedelta(minutes=minutes), currency="USD",
        lines=(LineSnapshot("1", "Serum", 1, 1, 10_000),), given_back=back, codes=codes,
    )  # fmt: skip


def _raw_rate(store: Store, size: int) -> float:
    """An order and two entries each, by bulk inserts, taken back at the end."""
    began = time.perf_counter()
    with transaction.atomic():
        for start in range(0, size, BATCH):
            orders = Order.objects.bulk_create(
                Order(
                    workspace_id=store.workspace_id, store=store, ref=f"raw-{n}", placed_at=NOW, version=1, read_at=NOW,
                    currency="USD", net=1, taken_at=NOW,
                )
                for n in range(start, min(size, start + BATCH))
            )  # fmt: skip
            LedgerEntry.objects.bulk_create(
                LedgerEntry(
                    workspace_id=store.workspace_id, order=order, seq=1, account=account, member_id=1, currency="USD",
                    amount=amount, version=1, cause="order", at=NOW,
                )
                for order in orders
                for account, amount in ((Account.MEMBER, 1), (Account.BRAND, -1))
            )  # fmt: skip
        seconds = time.perf_counter() - began
        transaction.set_rollback(True)
    return size / seconds
