"""Webhooks at a fixed rate against the real web process: from the moment each was due to its answer.

Open loop: the next is sent when its time has come, whether or not the one before was answered, and its time counts from
when it was due. So a server that stalls cannot hide it. Beside it, at the same rate, a view that does nothing.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection
from django.utils import timezone
from django_scopes import scope

from offerwell.models import Store, StoreKind, StoreWebhooks, Webhook, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RATE = 200
SECONDS = 10.0
WARM_UP_SECONDS = 2.0
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
    ours: Latency
    bare: Latency
    most: float

    @property
    def line(self) -> str:
        """As a row."""
        ours, bare = self.ours, self.bare
        return (
            f"| {self.engine} | {self.beside} | {ours.median:.1f} ms | {ours.p99:.1f} ms | {ours.worst:.0f} ms | "
            f"{ours.failed} of {ours.count:,} | {bare.median:.1f} ms | {bare.p99:.1f} ms | "
            f"**{ours.median / bare.median:.1f}** | {self.most:,.0f}/s |"
        )


HEAD = (
    "| engine | beside it | p50 | p99 | worst | failed | bare p50 | bare p99 | **p50 ÷ bare** | at most |\n"
    + "|---" * 10
    + "|"
)


def measure_webhooks() -> Iterator[HookTime]:
    """Without and with a worker that acts on them meanwhile."""
    key, secret = _store()
    for with_worker in (False, True):
        with _serving(with_worker=with_worker) as port:
            asyncio.run(_open_loop(port, lambda n: _webhook(key, secret, n), WARM_UP_SECONDS))
            bare = asyncio.run(_open_loop(port, lambda _n: _GET, SECONDS))
            before = _stored()
            ours = asyncio.run(_open_loop(port, lambda n: _webhook(key, secret, n), SECONDS))
            assert _stored() - before == ours.count - ours.failed, "an answer of 200 is a stored row"
            most = asyncio.run(_closed_loop(port, lambda n: _webhook(key, secret, n)))
        yield HookTime(connection.vendor, "a worker" if with_worker else "nothing", ours, bare, most)


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


def _webhook(key: str, secret: str, number: int) -> bytes:
    """A discounts/update as Shopify sends it, about a discount nobody has."""
    body = json.dumps({
        "admin_graphql_api_id": f"gid://shopify/DiscountCodeNode/{number}", "title": "Summer Glow 20%",
        "status": "ACTIVE", "created_at": "2026-11-01T00:00:00Z", "updated_at": "2026-11-26T09:00:00Z",
    }).encode()  # fmt: skip
    signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    head = (
        f"POST /webhooks/shopify/{key}/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nX-Shopify-Topic: discounts/update\r\nX-Shopify-Shop-Domain: {SHOP}\r\n"
        f"X-Shopify-Hmac-Sha256: {signature}\r\nX-Shopify-Event-Id: {secrets.token_hex(16)}\r\n"
        "X-Shopify-Triggered-At: 2026-11-26T09:00:00Z\r\nX-Shopify-API-Version: 2026-10\r\n\r\n"
    )
    return head.encode() + body


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


class _Lines:
    """Connections that are kept open: one request at a time on each, a new one when all are busy."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, request: bytes) -> bool:
        """Whether it was answered 200."""
        line = self.free.pop() if self.free else await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = line
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(one.split(b":")[1]) for one in head.lower().split(b"\r\n") if one.startswith(b"content-length")), 0
        )
        await reader.readexactly(length)
        self.free.append(line)
        return head.startswith(b"HTTP/1.1 200")

    def close(self) -> None:
        """Let all go."""
        for _, writer in self.free:
            writer.close()


async def _open_loop(port: int, request: Callable[[int], bytes], seconds: float) -> Latency:
    lines, count = _Lines(port), int(RATE * seconds)
    requests = [request(n) for n in range(count)]
    for _ in range(8):
        await lines.ask(_GET)
    start = time.perf_counter() + 0.2

    async def one(number: int) -> tuple[float, bool]:
        due = start + number / RATE
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        try:
            good = await lines.ask(requests[number])
        except (OSError, asyncio.IncompleteReadError):
            good = False
        return (time.perf_counter() - due) * 1000, good

    answered = await asyncio.gather(*(one(number) for number in range(count)))
    lines.close()
    taken = sorted(milliseconds for milliseconds, _ in answered)
    failed = sum(not good for _, good in answered)
    return Latency(taken[count // 2], taken[int(count * 0.99)], taken[-1], count, failed)


async def _closed_loop(port: int, request: Callable[[int], bytes], seconds: float = 5.0, clients: int = 16) -> float:
    """How many a second at most: so many clients that each send the next when they have an answer."""
    lines = _Lines(port)
    requests = iter([request(n) for n in range(20_000)])
    end, done = time.perf_counter() + seconds, 0

    async def client() -> None:
        nonlocal done
        while time.perf_counter() < end and (one := next(requests, None)):
            good = await lines.ask(one)
            done += good

    start = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    lines.close()
    return done / (time.perf_counter() - start)
