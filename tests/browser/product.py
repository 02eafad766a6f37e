"""The real product in its own processes: web, worker and sandbox store as `offerwell run` starts them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
START_SECONDS = 120.0
# The demo's own change of 24 members (one of them with two codes) has reached the store when so many are EXPIRED.
DEMO_DEACTIVATED = 25
ANALYST = "analyst@glowlab.example"
NEWCOMER = "owner@fresh.example"
_SETTLED_SECONDS = 90.0

# Who else signs in: somebody who may only look, and the owner of a workspace where nothing is yet.
_OTHER_PEOPLE = f"""
from django.utils import timezone
from offerwell.models import TeamMember, User, Workspace
password = User.objects.get(email="ana@glowlab.example").password
for email, place, role in (
    ("{ANALYST}", Workspace.objects.get(slug="glow-lab"), "analyst"),
    ("{NEWCOMER}", Workspace.objects.create(name="Fresh", slug="fresh", created_at=timezone.now()), "owner"),
):
    person = User.objects.create_user(email, name=email.split("@")[0].title())
    User.objects.filter(pk=person.pk).update(password=password)
    TeamMember.objects.create(workspace=place, user=person, role=role)
"""


@dataclass(frozen=True, slots=True)
class SignIn:
    """What to type on the sign-in page."""

    email: str
    password: str


class Product:
    """A running product, its address, its sandbox store and who signs in."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port, self.sandbox_port = _free_ports()
        self.url = f"http://127.0.0.1:{self.port}"
        self.store = SandboxStore(f"http://127.0.0.1:{self.sandbox_port}")
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("OFFERWELL_")},
            "OFFERWELL_DATA": str(data),
        }
        self.log = data / "run.log"

    def start(self) -> None:
        """Start it and wait until it is ready and its demo's codes are at rest."""
        command = [
            _offerwell(),
            "run",
            "--port",
            str(self.port),
            "--sandbox-port",
            str(self.sandbox_port),
            "--pacing",
            "off",
        ]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        self._until(self._is_ready, START_SECONDS)
        self._until(lambda: self.store.count("EXPIRED") == DEMO_DEACTIVATED, _SETTLED_SECONDS)
        self.sign_in = SignIn(**json.loads((self.data / "demo-sign-in.json").read_text()))
        self.run_python(_OTHER_PEOPLE)

    def run_python(self, code: str) -> str:
        """Run code with the product's models, in a process of its own."""
        setup = (
            "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'offerwell.settings'\nimport django; django.setup()\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", setup + code],
            cwd=ROOT,
            env=self.environment,
            check=True,
            capture_output=True,
            timeout=120,
        )
        return done.stdout.decode()

    def stop(self) -> None:
        """End the process and all it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(timeout=30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def _is_ready(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/readyz", timeout=10).status_code == httpx.codes.OK
        return False

    def _until(self, is_so: object, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not is_so():  # type: ignore[operator]
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                message = f"The product did not start.\n{self.log.read_text(errors='replace')[-3000:]}"
                raise AssertionError(message)
            time.sleep(0.3)


class SandboxStore:
    """What the sandbox store says over HTTP, and the faults a test asks it to have."""

    def __init__(self, url: str) -> None:
        self.url = url

    def statuses(self) -> dict[str, str]:
        """Every code with its status. The store itself is asked: not our database."""
        answer = httpx.get(f"{self.url}/_sandbox/discounts", timeout=60)
        return {row["code"]: row["status"] for row in answer.raise_for_status().json()}

    def windows(self) -> dict[str, tuple[str, str | None]]:
        """Every code with its status and end."""
        answer = httpx.get(f"{self.url}/_sandbox/discounts", timeout=60)
        return {row["code"]: (row["status"], row["endsAt"]) for row in answer.raise_for_status().json()}

    def count(self, status: str) -> int:
        """How many codes have this status."""
        return list(self.statuses().values()).count(status)

    def info(self) -> dict[str, str]:
        """Shop and keys of its app."""
        found: dict[str, str] = httpx.get(f"{self.url}/_sandbox/info", timeout=60).raise_for_status().json()
        return found

    def arm(self, **fault: object) -> None:
        """Have a fault, or an edit by somebody in the shop's own admin."""
        httpx.post(f"{self.url}/_sandbox/faults", json=fault, timeout=60).raise_for_status()

    def heal(self) -> None:
        """Have no fault any more."""
        httpx.delete(f"{self.url}/_sandbox/faults", timeout=60).raise_for_status()

    def writes(self) -> int:
        """How many mutations have been asked of it."""
        calls = httpx.get(f"{self.url}/_sandbox/requests", timeout=60).raise_for_status().json()
        return sum(1 for call in calls if call["mutation"])

    @contextlib.contextmanager
    def slow(self, seconds: float) -> Iterator[None]:
        """Jobs of the store take so long inside the block."""
        self.arm(kind="slow_job", seconds=seconds)
        try:
            yield
        finally:
            self.heal()


def _offerwell() -> str:
    return str(Path(sys.executable).with_name("offerwell"))


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]
