"""Webhooks at a fixed rate against the real web process: from the moment each was due to its answer.

Open loop: the next is sent when its time has come, whether or not the one before was answered, and its time counts from
when it was due. So a server that stalls cannot hide it. Beside it, at the same rate, a view that does nothing. Then the
same in a closed loop: how many a second at most, with the client on the same cores.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, cast

from django.db import connection
from django.utils import timezone
from django_scopes import scope

from offerwell.models import Store, StoreKind, StoreWebhooks, Webhook, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

RATE = 200
SECONDS = 10.0
WARM_UP_SECONDS = 2.0
CLIENTS = 16
CLOSED_SECONDS = 5.0
MOST_REQUESTS = 15_000
SHOP = "bench.myshopify.com"


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from due to answered, of so many requests; `failed` were not answered 200."""

    median: float
    p99: float
    worst: float
    count: int
    failed: int


@dataclass(frozen=True, slots=True)
class HookTime:
    """One row of the table in docs/performance.md."""

    engine: str
    beside: str
    body: str
    ours: Latency
    bare: Latency
    most: float
    most_bare: float

    @property
    def line(self) -> str:
        """As a row."""
        ours, bare = self.ours, self.bare
        return (
            f"| {self.engine} | {self.beside} | {self.body} | {ours.median:.1f} ms | {ours.p99:.1f} ms | "
            f"{ours.worst:.0f} ms | {ours.failed} of {ours.count:,} | {bare.median:.1f} ms | {bare.p99:.1f} ms | "
            f"**{ours.median / bare.median:.1f}** | {self.most:,.0f}/s | {self.most_bare:,.0f}/s | "
            f"**{self.most / self.most_bare:.2f}** |"
        )


HEAD = (
    "| engine | beside it | body | p50 | p99 | worst | failed | bare p50 | bare p99 | **p50 ÷ bare** | at most | "
    "bare at most | **÷ bare** |\n" + "|---" * 13 + "|"
)


def measure_webhooks() -> Iterator[HookTime]:
    """Without and with a worker that acts on them meanwhile; small bodies, and orders."""
    sign = _Signer(*_store())
    for with_worker in (False, True):
        with _serving(with_worker=with_worker) as port:
            asyncio.run(_open_loop(port, sign.many(_discount, int(RATE * WARM_UP_SECONDS))))
            bare = asyncio.run(_open_loop(port, [_GET] * int(RATE * SECONDS)))
            most_bare = asyncio.run(_closed_loop(port, repeat(_GET)))
            timed = {body: _at_rate(port, sign, body) for body in (_discount, _order)}
            most = {body: asyncio.run(_closed_loop(port, sign.many(body, MOST_REQUESTS))) for body in timed}
        for body, ours in timed.items():
            size = f"{body.__name__.strip('_')}, {len(json.dumps(body(1))) / 1000:.1f} kB"
            beside = "a worker" if with_worker else "nothing"
            yield HookTime(connection.vendor, beside, size, ours, bare, most[body], most_bare)


def _at_rate(port: int, sign: _Signer, body: Callable[[int], dict[str, object]]) -> Latency:
    before = _stored()
    ours = asyncio.run(_open_loop(port, sign.many(body, int(RATE * SECONDS))))
    assert _stored() - before == ours.count - ours.failed, "an answer of 200 is a stored row"
    return ours


def _store() -> tuple[str, str]:
    place = Workspace.objects.create(name="Hooks", slug=f"hooks-{secrets.token_hex(4)}", created_at=timezone.now())
    key, secret = secrets.token_urlsafe(32), secrets.token_hex(16)
    with scope(workspace=place):
        store = Store.objects.create(
            workspace=place, label="Hooks", kind=StoreKind.SHOPIFY, address=SHOP, client_id="id", client_secret=secret,
            connected_at=timezone.now(),
        )  # fmt: skip
        StoreWebhooks.objects.create(workspace=place, store=store, key=key, shop_domain=SHOP)
    return key, secret


def _stored() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {Webhook._meta.db_table}")
        return int(cursor.fetchone()[0])


_GET = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@dataclass(frozen=True, slots=True)
class _Signer:
    """Requests as the shop sends them."""

    key: str
    secret: str

    def many(self, body: Callable[[int], dict[str, object]], count: int) -> list[bytes]:
        """So many, each another event; made before the clock runs."""
        topic = "orders/updated" if body is _order else "discounts/update"
        return [self._one(topic, json.dumps(body(number)).encode()) for number in range(count)]

    def _one(self, topic: str, body: bytes) -> bytes:
        signature = base64.b64encode(hmac.new(self.secret.encode(), body, hashlib.sha256).digest()).decode()
        head = (
            f"POST /webhooks/shopify/{self.key}/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nX-Shopify-Topic: {topic}\r\nX-Shopify-Shop-Domain: {SHOP}\r\n"
            f"X-Shopify-Hmac-Sha256: {signature}\r\nX-Shopify-Event-Id: {secrets.token_hex(16)}\r\n"
            "X-Shopify-Triggered-At: 2026-11-26T09:00:00Z\r\nX-Shopify-API-Version: 2026-10\r\n\r\n"
        )
        return head.encode() + body


def _discount(number: int) -> dict[str, object]:
    """About a discount nobody has."""
    return {
        "admin_graphql_api_id": f"gid://shopify/DiscountCodeNode/{number}", "title": "Summer Glow 20%",
        "status": "ACTIVE", "created_at": "2026-11-01T00:00:00Z", "updated_at": "2026-11-26T09:00:00Z",
    }  # fmt: skip


def _order(number: int) -> dict[str, object]:
    """Of eight lines, with a code nobody has, among a thousand orders that change again and again."""
    lines = [
        {
            "id": number * 10 + n, "admin_graphql_api_id": f"gid://shopify/LineItem/{number * 10 + n}",
            "title": "Glow Serum 30 ml", "sku": f"GLOW-{n}", "quantity": 1 + n % 3, "price": "24.90",
            "vendor": "Glow", "product_id": 7000 + n, "variant_id": 8000 + n, "variant_title": "Rose / 30 ml",
            "total_discount": "0.00", "fulfillment_status": None, "requires_shipping": True, "taxable": True,
            "price_set": {"shop_money": {"amount": "24.90", "currency_code": "EUR"},
                          "presentment_money": {"amount": "24.90", "currency_code": "EUR"}},
            "discount_allocations": [{"amount": "4.98", "discount_application_index": 0}],
            "tax_lines": [{"title": "VAT", "rate": 0.19, "price": "3.98", "channel_liable": False}],
        }
        for n in range(8)
    ]  # fmt: skip
    return {
        "id": 5_000_000 + number % 1000, "name": f"#{number % 1000}", "currency": "EUR", "test": False,
        "created_at": "2026-11-20T08:00:00Z", "processed_at": "2026-11-20T08:00:00Z",
        "updated_at": f"2026-11-26T09:{number // 60 % 60:02}:{number % 60:02}Z", "financial_status": "paid",
        "subtotal_price": "318.72", "current_subtotal_price": "318.72", "total_discounts": "79.68",
        "discount_codes": [{"code": "NOBODYS20", "amount": "79.68", "type": "percentage"}],
        "landing_site": "/products/serum?utm_source=instagram&utm_campaign=glow", "note_attributes": [],
        "customer": {"id": 9_000_000 + number % 1000, "state": "enabled"}, "refunds": [], "line_items": lines,
    }  # fmt: skip


@contextmanager
def _serving(*, with_worker: bool) -> Iterator[int]:
    """The product's own processes, as `offerwell serve` starts them by default."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {**os.environ, "OFFERWELL_LOG": "ERROR"}
    commands = [("serve", "--port", str(port))] + ([("worker",)] if with_worker else [])
    started = [
        subprocess.Popen([sys.executable, "-m", "offerwell.management", *command], env=environ) for command in commands
    ]
    try:
        _until_answered(port)
        yield port
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            process.wait(30)


def _until_answered(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    sys.exit("The web process did not start.")


class _Line(asyncio.Protocol):
    """A connection that is kept open, with one request at a time. No streams: the client shares the server's cores."""

    def __init__(self) -> None:
        self._got = b""
        self._then: Callable[[bool], None] | None = None
        self._wire: asyncio.Transport

    @classmethod
    async def opened(cls, port: int) -> _Line:
        """Connected."""
        _, line = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return line

    def ask(self, request: bytes, then: Callable[[bool], None]) -> None:
        """`then` is told whether it was answered 200, once the answer is whole."""
        self._then = then
        self._wire.write(request)

    def close(self) -> None:
        """Let go."""
        self._wire.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Kept for writing."""
        self._wire = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """An answer may come in pieces."""
        self._got += data
        head, end, body = self._got.partition(b"\r\n\r\n")
        if end and len(body) >= int(found[1] if (found := _LENGTH.search(head)) else 0):
            self._got = b""
            self._answered(head.startswith(b"HTTP/1.1 200"))

    def connection_lost(self, _why: Exception | None) -> None:
        """What was asked has no answer."""
        self._answered(False)

    def _answered(self, is_good: bool) -> None:
        then, self._then = self._then, None
        if then:
            then(is_good)


_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


async def _open_loop(port: int, requests: Sequence[bytes]) -> Latency:
    """RATE a second; a new connection when all are busy."""
    loop, count = asyncio.get_running_loop(), len(requests)
    free = [await _Line.opened(port) for _ in range(8)]
    start = time.perf_counter() + 0.2

    async def one(number: int) -> tuple[float, bool]:
        due = start + number / RATE
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        line = free.pop() if free else await _Line.opened(port)
        answer: asyncio.Future[bool] = loop.create_future()
        line.ask(requests[number], answer.set_result)
        good = await answer
        free.append(line)
        return (time.perf_counter() - due) * 1000, good

    answered = await asyncio.gather(*(one(number) for number in range(count)))
    for line in free:
        line.close()
    taken = sorted(milliseconds for milliseconds, _ in answered)
    failed = sum(not good for _, good in answered)
    return Latency(taken[count // 2], taken[int(count * 0.99)], taken[-1], count, failed)


async def _closed_loop(port: int, requests: Iterable[bytes]) -> float:
    """How many a second at most: clients that each send the next when they have an answer."""
    lines = [await _Line.opened(port) for _ in range(CLIENTS)]
    left, done, resting = iter(requests), 0, 0
    is_over = asyncio.get_running_loop().create_future()
    start = time.perf_counter()
    end = start + CLOSED_SECONDS

    def go_on(line: _Line) -> None:
        nonlocal resting
        request = next(left, None) if time.perf_counter() < end else None
        if request is not None:
            line.ask(request, lambda good: answered(line, good))
            return
        resting += 1
        if resting == len(lines):
            is_over.set_result(None)

    def answered(line: _Line, good: bool) -> None:
        nonlocal done
        done += good
        go_on(line)

    for line in lines:
        go_on(line)
    await is_over
    rate = done / (time.perf_counter() - start)
    for line in lines:
        line.close()
    return rate
