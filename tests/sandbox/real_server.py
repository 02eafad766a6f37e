"""A sandbox store in its own process, reached over real HTTP; it can be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 15.0


class RealServer:
    """One process and a client of it."""

    def __init__(self, *options: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.options = options
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)
        self.token = ""
        self.start()

    def start(self) -> None:
        """Start the process and wait until it answers."""
        command = [sys.executable, "-m", "offerwell.sandbox", "--port", str(self.port), *self.options]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        self.process = subprocess.Popen(command, env=environment)  # our own module
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(httpx.TransportError):
                self.info = self.http.get("/_sandbox/info").json()
                return
            time.sleep(0.05)
        message = "The sandbox store did not start."
        raise TimeoutError(message)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the process and answer its exit code."""
        self.process.send_signal(how)
        return self.process.wait(timeout=10)

    def log_in(self) -> None:
        """Get an access token by the client-credentials grant."""
        grant = {name: self.info[name] for name in ("client_id", "client_secret")}
        answer = self.http.post("/admin/oauth/access_token", json={**grant, "grant_type": "client_credentials"})
        self.token = answer.json()["access_token"]

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Ask by GraphQL."""
        headers = {"X-Shopify-Access-Token": self.token}
        body = {"query": query, "variables": variables}
        answer: dict[str, Any] = self.http.post("/admin/api/2026-10/graphql.json", json=body, headers=headers).json()
        return answer

    def discounts(self) -> list[dict[str, Any]]:
        """Everything the store shows of its discounts."""
        rows: list[dict[str, Any]] = self.http.get("/_sandbox/discounts").json()
        return rows


@contextlib.contextmanager
def real_server(*options: str) -> Iterator[RealServer]:
    """A process that is ended with the block."""
    server = RealServer(*options)
    try:
        server.log_in()
        yield server
    finally:
        server.http.close()
        if server.process.poll() is None:
            server.stop(signal.SIGKILL)
