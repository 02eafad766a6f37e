"""A sandbox store in its own process, and a connector to it over real HTTP."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from offerwell.integrations.graphql.tokens import MemoryTokens, TokenCache
from offerwell.integrations.shopify import API_VERSION, ShopifyConnector, connect
from offerwell.integrations.shopify.pacing import CostBucket, MemoryBucket

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
START_SECONDS = 40


@dataclass(frozen=True)
class RunningSandbox:
    """A store that answers, with its control endpoints."""

    origin: str
    control: httpx.Client

    def told(self, path: str) -> Any:
        return self.control.get(f"/_sandbox/{path}").raise_for_status().json()

    def arm(self, **fault: object) -> None:
        self.control.post("/_sandbox/faults", json=fault).raise_for_status()

    def calm(self) -> None:
        self.control.delete("/_sandbox/faults").raise_for_status()
        self.control.delete("/_sandbox/requests").raise_for_status()

    def calls(self, operation: str = "") -> list[dict[str, Any]]:
        calls = self.told("requests")
        return [call for call in calls if call["operation"] == (operation or call["operation"])]

    def connector(
        self,
        *,
        bucket: CostBucket | None = None,
        tokens: TokenCache | None = None,
        token: str = "",
        version: str = API_VERSION,
        http: httpx.Client | None = None,
    ) -> ShopifyConnector:
        shop = self.told("info")
        return connect(
            self.origin,
            "" if token else shop["client_id"],
            "" if token else shop["client_secret"],
            token=token,
            api_version=version,
            bucket=bucket or MemoryBucket(),
            tokens=tokens or MemoryTokens(),
            allow_loopback=True,
            http=http,
        )


@contextmanager
def running(state: Path, pacing: str) -> Iterator[RunningSandbox]:
    """Start a sandbox on a free port of this machine; stop that process, and only that, at the end."""
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "offerwell.sandbox",
        "--port",
        str(port),
        "--pacing",
        pacing,
        "--state",
        str(state),
    ]
    log = state.parent / f"sandbox-{port}.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output) as process,
    ):
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as control:
                _wait(control, process, log)
                yield RunningSandbox(f"http://127.0.0.1:{port}", control)
        finally:
            process.terminate()
            process.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(control: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            control.get("/_sandbox/info").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the sandbox store did not start (make setup builds its schema):\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def unpaced_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with running(tmp_path_factory.mktemp("sandbox") / "state.json", "off") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(unpaced_sandbox: RunningSandbox) -> Iterator[RunningSandbox]:
    """The unpaced store without faults and with an empty log; its codes stay, so tests use their own."""
    unpaced_sandbox.calm()
    yield unpaced_sandbox
    unpaced_sandbox.calm()


@pytest.fixture
def paced_sandbox(tmp_path: Path) -> Iterator[RunningSandbox]:
    with running(tmp_path / "state.json", "standard") as sandbox:
        yield sandbox
