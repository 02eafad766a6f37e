"""A sandbox store in this process, with a clock that tests move; requests go through the whole HTTP application."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx

from offerwell.sandbox.server import SandboxServer
from offerwell.sandbox.store import Settings, Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = 1_790_000_000.0  # 2026-09-21T14:13:20Z


class Clock:
    """A clock that only tests move."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class InProcess:
    """One store and a client of it."""

    def __init__(self, clock: Clock, state: Path | None = None, **settings: Any) -> None:
        self.clock = clock
        self.store = Store(settings=replace(Settings(), **settings), clock=clock)
        self.server = SandboxServer(self.store, state)
        self.runner = asyncio.Runner()
        transport = httpx.ASGITransport(app=self.server.app())
        self.http = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8077")
        self.at_work = self.server.at_work()
        self.token = ""

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request."""
        return self.runner.run(self.http.request(method, path, **more))

    def ask(self, query: str, version: str = "2026-10", **variables: Any) -> dict[str, Any]:
        """Ask by GraphQL."""
        body = {"query": query, "variables": variables}
        headers = {"X-Shopify-Access-Token": self.token}
        answer: dict[str, Any] = self.request(
            "POST", f"/admin/api/{version}/graphql.json", json=body, headers=headers
        ).json()
        return answer

    def rest(self, seconds: float) -> None:
        """Let the background work for some real time."""
        self.runner.run(asyncio.sleep(seconds))


@contextlib.contextmanager
def sandbox(now: float = START, state: Path | None = None, **settings: Any) -> Iterator[InProcess]:
    """A store that works in the background until the end of the block."""
    started = InProcess(Clock(now), state, **settings)
    started.token = started.store.issue_token()
    started.runner.run(started.at_work.__aenter__())
    try:
        yield started
    finally:
        started.runner.run(started.at_work.__aexit__(None, None, None))
        started.runner.run(started.http.aclose())
        started.runner.close()
