"""`offerwell run` as people start it: ready with its sample workspace, heals by itself, stops whole, and remembers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answer(url):
    with urllib.request.urlopen(url, timeout=5) as response:
        return json.load(response)


def until(is_true, seconds=60.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := is_true():
                return found
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("not within the time")


def children(pid):
    """(pid, command line) of the children, by /proc."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == pid:
                found.append((int(entry.name), (entry / "cmdline").read_text().replace("\0", " ")))
        except (OSError, IndexError):
            continue
    return found


def part(pid, name):
    return next(child for child, line in children(pid) if f"offerwell.management {name}" in line)


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


class Running:
    """One `offerwell run`, with its output in a file."""

    def __init__(self, real, folder, *more):
        self.port, self.sandbox, self.links = free_port(), free_port(), free_port()
        self.told = folder / f"told-{self.port}"
        ports = ["--port", str(self.port), "--sandbox-port", str(self.sandbox), "--pacing", "off"]
        ports += ["--links-port", str(self.links), *more]
        with self.told.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "offerwell.management", "run", *ports],
                env=real.environment, cwd=ROOT, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip

    def ready(self, within=90):
        until(lambda: "Offerwell is ready" in self.told.read_text() or self.process.poll() is not None, within)
        assert self.process.poll() is None, self.told.read_text()
        return self

    def everybody(self):
        """The supervisor's descendants."""
        direct = [pid for pid, _ in children(self.process.pid)]
        return direct + [pid for parent in direct for pid, _ in children(parent)]

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)


@pytest.fixture
def started(real, tmp_path):
    runs = []

    def start():
        runs.append(Running(real, tmp_path))
        return runs[-1]

    yield start
    for run in runs:
        run.end()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_ready_with_the_demo_heals_stops_whole_and_remembers(started, real):
    run = started().ready()
    web, sandbox = f"http://127.0.0.1:{run.port}", f"http://127.0.0.1:{run.sandbox}"
    sign_in = json.loads((real.folder / "demo-sign-in.json").read_text())
    assert sign_in == {"email": "ana@glowlab.example", "password": "glow-lab-demo"}
    assert f"Sign in as {sign_in['email']} with the password {sign_in['password']}" in run.told.read_text()
    listed = json.loads(real("offers", "list", "--json").stdout)
    assert {(o["name"], o["type"], o["members"]) for o in listed} == {
        ("Summer Glow 20%", "both", 248), ("Founders Club", "promo_code", 10_010), ("Holiday Sitewide", "sales_link", 340),
    }  # fmt: skip

    done = real("offers", "deactivate", "founders club", "--all", "--yes", "--wait", "--json", timeout=120)
    change = json.loads(done.stdout)
    assert (done.returncode, change["state"], change["changed"]) == (0, "done", 10_010), done.stderr
    founders = [row for row in answer(f"{sandbox}/_sandbox/discounts") if row["title"] == "Founders Club"]
    assert {(row["status"], len(founders)) for row in founders} == {("EXPIRED", 10_010)}

    supervisor = run.process.pid
    for name in ("worker", "serve", "links", "sandbox"):
        killed = part(supervisor, name)
        os.kill(killed, signal.SIGKILL)
        assert until(
            lambda name=name, killed=killed: [p for p in [part_or_none(supervisor, name)] if p not in {None, killed}],
            10,
        )
    until(lambda: answer(f"{web}/readyz")["state"] == "ok", 30)
    assert until(lambda: answer(f"{sandbox}/_sandbox/info"))["counts"]["codes"] == 10_010 + 248 + 8
    assert json.loads(real("verify", "--json").stdout)["problems"] == []

    family = run.everybody()
    began = time.monotonic()
    run.end()
    assert time.monotonic() - began < 25
    assert (run.process.returncode, [pid for pid in family if not is_gone(pid)]) == (0, [])

    again = started().ready()
    assert "empty" not in again.told.read_text()
    info = answer(f"http://127.0.0.1:{again.sandbox}/_sandbox/info")
    assert info["counts"]["codes"] == 10_010 + 248 + 8
    back = real("offers", "activate", "Summer Glow 20%", "--all", "--codes", "--yes", "--wait", "--json", timeout=120)
    assert (back.returncode, json.loads(back.stdout)["stores"][0]["confirmed"]) == (0, 25), back.stderr


def part_or_none(pid, name):
    try:
        return part(pid, name)
    except StopIteration:
        return None


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_nobody_outlives_a_killed_supervisor(started):
    run = started().ready()
    family = run.everybody()
    assert len(family) >= 5
    run.process.kill()
    until(lambda: all(is_gone(pid) for pid in family), 30)


def test_a_taken_port_is_a_sentence_and_nothing_starts(real):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = real("run", "--port", str(port), "--sandbox-port", str(free_port()))
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        f"Port {port} on 127.0.0.1 cannot be used: Address already in use.",
        "Next: Stop the program that uses it, or choose another port with --port.",
    ]
    assert not real.folder.exists()


def test_without_tables_the_next_step_is_told(real):
    result = real("offers", "list", "--json")
    assert (result.returncode, json.loads(result.stdout)) == (
        1, {"error": "The database is not set up for this version.", "next": "Run `offerwell migrate`."},
    )  # fmt: skip
    assert "Traceback" not in result.stderr


def test_help_is_there_at_once_and_wrong_usage_exits_2(real):
    shown = real("--help")
    assert (shown.returncode, shown.stdout.startswith("Usage: offerwell [OPTIONS] COMMAND")) == (0, True)
    wrong = real("offers", "explode")
    assert (wrong.returncode, "No such command 'explode'" in wrong.stderr) == (2, True)
    assert not real.folder.exists()
