"""A real sandbox store over HTTP, started once, emptied before each test."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time

import httpx
import pytest


class Sandbox:
    """The control side of a running sandbox store."""

    def __init__(self, address):
        self.address = address
        self.http = httpx.Client(base_url=address, timeout=30)

    def info(self):
        return self.http.get("/_sandbox/info").json()

    def empty(self):
        self.http.post("/_sandbox/faults", json={"clear": True}).raise_for_status()
        self.http.post("/_sandbox/seed", json={"reset": True}).raise_for_status()
        self.http.delete("/_sandbox/requests").raise_for_status()

    def seed(self, rows):
        answer = self.http.post("/_sandbox/seed", json=rows)
        answer.raise_for_status()
        return answer.json()

    def discounts(self):
        found = self.http.get("/_sandbox/discounts").json()
        rows = found["discounts"] if isinstance(found, dict) else found
        return {row["code"]: row for row in rows}

    def statuses(self):
        return {code: row["status"] for code, row in self.discounts().items()}

    def requests(self):
        found = self.http.get("/_sandbox/requests").json()
        return found["requests"] if isinstance(found, dict) else found

    def mutations(self):
        return [row["operation"] for row in self.requests() if row["mutation"]]

    def forget_requests(self):
        self.http.delete("/_sandbox/requests").raise_for_status()

    def fault(self, **fault):
        self.http.post("/_sandbox/faults", json=fault).raise_for_status()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory):
    port = _free_port()
    state = tmp_path_factory.mktemp("sandbox") / "state"
    process = subprocess.Popen(
        [sys.executable, "-m", "offerwell.sandbox", "--port", str(port), "--pacing", "off", "--state", str(state)],
        env={**os.environ}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    sandbox = Sandbox(f"http://127.0.0.1:{port}")
    for _ in range(200):
        try:
            sandbox.info()
            break
        except httpx.HTTPError:
            assert process.poll() is None, "the sandbox store did not start; run make setup"
            time.sleep(0.1)
    yield sandbox
    process.terminate()
    process.wait(10)


@pytest.fixture
def sandbox(running_sandbox):
    running_sandbox.empty()
    return running_sandbox
