"""Sales links with the click on the disk before the answer, beside a bare ASGI 302 on the same server, in one run.

Closed loop: so many connections that each open the next link when they have an answer. The client is asyncio in one
process; what it costs is the same on both sides, so it flatters our share.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection
from django.utils import timezone
from django_scopes import scope

from offerwell.models import Click, Enrollment, Member, Offer, SalesLink, Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

LINKS = 1_000
CONNECTIONS = 64
SECONDS = 5.0
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"


@dataclass(frozen=True, slots=True)
class Load:
    """Answers a second, and milliseconds to an answer."""

    rate: float
    median: float
    p99: float
    count: int


@dataclass(frozen=True, slots=True)
class LinkTime:
    """One row of the table in docs/performance.md."""

    engine: str
    ours: Load
    bare: Load

    @property
    def line(self) -> str:
        """As a row."""
        ours, bare = self.ours, self.bare
        return (
            f"| {self.engine} | {bare.rate:,.0f}/s | {ours.rate:,.0f}/s | **{ours.rate / bare.rate:.2f}** | "
            f"{bare.median:.1f} ms | {ours.median:.1f} ms | {bare.p99:.1f} ms | {ours.p99:.1f} ms | "
            f"**{ours.p99 / bare.p99:.1f}** |"
        )


HEAD = (
    "| engine | bare 302 | ours | **× bare** | bare p50 | p50 | bare p99 | p99 | **p99 ÷ bare** |\n" + "|---" * 9 + "|"
)


def measure_links() -> Iterator[LinkTime]:
    """Both on one process, warmed up, one after the other."""
    slugs = _links()
    with _serving(
        "granian", "--interface", "asgi", "--workers", "1", "--no-ws", "benchmarks.bare_redirect:application"
    ) as port:
        limit = _measured(port, slugs)
    with _serving("offerwell.management", "links") as port:
        before = _stored()
        asyncio.run(_loaded(port, slugs, 1.0))
        ours = _measured(port, slugs)
        assert _stored() - before >= ours.count, "a redirect is a stored click"
    yield LinkTime(connection.vendor, ours, limit)


def _links() -> list[str]:
    at = timezone.now()
    place = Workspace.objects.create(name="Links", slug=f"links-{secrets.token_hex(4)}", created_at=at)
    with scope(workspace=place):
        offer = Offer.objects.create(
            workspace=place, name="Links", name_key="links", type="sales_link", destination="https://shop.example/new",
            utm_source="{creator_name}", created_at=at,
        )  # fmt: skip
        names = [f"bench-{secrets.token_hex(4)}-{n}" for n in range(LINKS)]
        members = Member.objects.bulk_create(
            Member(workspace=place, first_name=name, name_key=name, created_at=at) for name in names
        )
        places = Enrollment.objects.bulk_create(
            Enrollment(workspace=place, offer=offer, member=one, name_key=one.name_key, enrolled_at=at)
            for one in members
        )
        SalesLink.objects.bulk_create(
            SalesLink(workspace=place, offer=offer, enrollment=one, slug=name, changed_at=at, created_at=at)
            for one, name in zip(places, names, strict=True)
        )
    return names


def _stored() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {Click._meta.db_table}")
        return int(cursor.fetchone()[0])


@contextmanager
def _serving(*command: str) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {**os.environ, "OFFERWELL_LOG": "ERROR"}
    process = subprocess.Popen([sys.executable, "-m", *command, "--port", str(port)], env=environ)
    try:
        _until_listening(port)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _until_listening(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit("The server did not start.")


def _measured(port: int, slugs: list[str]) -> Load:
    taken, lasted = asyncio.run(_loaded(port, slugs, SECONDS))
    taken.sort()
    count = len(taken)
    return Load(count / lasted, taken[count // 2] * 1000, taken[int(count * 0.99)] * 1000, count)


async def _loaded(port: int, slugs: list[str], seconds: float) -> tuple[list[float], float]:
    start = time.perf_counter()
    end, taken = start + seconds, []

    async def shopper(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for turn in range(10**9):
            began = time.perf_counter()
            if began >= end:
                break
            slug = slugs[(number * 7919 + turn) % len(slugs)]
            writer.write(f"GET /{slug} HTTP/1.1\r\nHost: x\r\nUser-Agent: {AGENT} {number}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 302"), head
            taken.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(shopper(number) for number in range(CONNECTIONS)))
    return taken, time.perf_counter() - start
